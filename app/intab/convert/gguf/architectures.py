"""llama.cpp's architectures that a family of ours computes, and the config.json of each.

    read_config_of(keys, tensors) -> {"model_type": "gemma3_text", "hidden_size": 640, ...}

What a file does not say is what llama.cpp takes for it, which is what the models had.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from intab.convert.config import LAYERS, check_size
from intab.convert.gguf.keys import Keys
from intab.convert.gguf.positions import Tensors, read_positions
from intab.errors import ConvertError

Config = dict[str, Any]
# Keys of an architecture that change nothing of what is computed, or say what others say.
WITHOUT_EFFECT = (
    *("vocab_size", "tensor_data_layout", "expert_used_count", "rope.dimension_sections"),
    *("attention.causal", "expert_count", "attention.value_length", "expert_feed_forward_length"),
    *("expert_shared_feed_forward_length", "rope.dimension_count_swa", "vocab.*"),
)


@dataclass(frozen=True)
class File:
    """A file's metadata, the names of its tensors, and what reads a small one of them."""

    keys: Keys
    names: Collection[str]
    tensors: Tensors
    vocabulary: int


def read_config_of(file: File, ignored: Collection[str] = ()) -> Config:
    """The config.json; ConvertError for an architecture or a key that is not known."""
    keys = file.keys
    if keys.architecture not in ARCHITECTURES:
        raise ConvertError(
            f"{keys.path} is of the architecture {keys.architecture!r}, which cannot be converted; "
            f"these can: {', '.join(ARCHITECTURES)}."
        )
    if keys.count("expert_count"):
        raise ConvertError(f"{keys.path} is a mixture of experts, which no graph of ours computes.")
    if keys.count("pooling_type") or not keys.flag("attention.causal", otherwise=True):
        raise ConvertError(f"{keys.path} makes embeddings and writes no text: choose a decoder.")
    config = ARCHITECTURES[keys.architecture](file)
    _check_keys(keys, ignored)
    return {
        **config,
        "vocab_size": file.vocabulary,
        "tie_word_embeddings": "output.weight" not in file.names,
    }


def _check_keys(keys: Keys, ignored: Collection[str]) -> None:
    """ConvertError for keys of the architecture that nobody read and that may mean something."""
    prefix = f"{keys.architecture}."
    left = [name for name in keys.metadata if name.startswith(prefix) and name not in keys.read]
    harmless = (*WITHOUT_EFFECT, *ignored)
    own = [name.removeprefix(prefix) for name in left]
    unknown = [name for name in own if not any(fnmatchcase(name, one) for one in harmless)]
    if unknown:
        raise ConvertError(
            f"{keys.path} has keys that are not known for {keys.architecture}: "
            f"{', '.join(unknown[:5])}. If they do not change what the model computes, name them "
            "with --ignore-keys, separated by commas."
        )


def _plain(file: File, kind: str, activation: str = "silu") -> Config:
    """What all families but GPT-2 and GPT-NeoX have."""
    keys = file.keys
    hidden, heads = keys.size("embedding_length"), keys.size("attention.head_count")
    head_dim = keys.size("attention.key_length", max(hidden // heads, 1))
    if keys.size("attention.value_length", head_dim) != head_dim:
        raise ConvertError(f"{keys.path} has values of another size than keys.")
    return {
        "model_type": kind,
        "max_position_embeddings": keys.size("context_length"),
        "hidden_size": hidden,
        "intermediate_size": keys.size("feed_forward_length"),
        "num_hidden_layers": check_size("block_count", keys.get("block_count"), LAYERS),
        "num_attention_heads": heads,
        "num_key_value_heads": keys.size("attention.head_count_kv", heads),
        "head_dim": head_dim,
        "rms_norm_eps": keys.number("attention.layer_norm_rms_epsilon"),
        "hidden_act": activation,
        "rope_parameters": read_positions(keys, file.tensors),
    }


def _whole_heads(file: File, config: Config) -> Config:
    """ConvertError unless heads are turned as a whole."""
    turned = file.keys.size("rope.dimension_count", config["head_dim"])
    if turned != config["head_dim"]:
        raise ConvertError(f"{file.keys.path} turns heads in part, which llama.cpp refuses too.")
    return config


def _llama(file: File) -> Config:
    """Llama, and Mistral: of a window, which the first Mistral had, no file says anything."""
    biased = {
        "attention_bias": any(name.endswith("attn_q.bias") for name in file.names),
        "mlp_bias": any(name.endswith("ffn_up.bias") for name in file.names),
    }
    if file.keys.number("attention.temperature_scale", 0.0):
        raise ConvertError(f"{file.keys.path} scales queries by position (Ministral 3).")
    return _whole_heads(file, {**_plain(file, "llama"), **biased})


def _qwen2(file: File) -> Config:
    config = _whole_heads(file, _plain(file, "qwen2"))
    return {**config, "use_sliding_window": False}


def _qwen3(file: File) -> Config:
    biased = any(name.endswith("attn_q.bias") for name in file.names)
    config = _whole_heads(file, _plain(file, "qwen3"))
    return {**config, "use_sliding_window": False, "attention_bias": biased}


def _smollm3(file: File) -> Config:
    config = _whole_heads(file, _plain(file, "smollm3"))
    count = config["num_hidden_layers"]
    turned = [int((number + 1) % 4 != 0) for number in range(count)]
    return {**config, "no_rope_layers": turned, "use_sliding_window": False}


def _phi3(file: File) -> Config:
    config, keys = _plain(file, "phi3"), file.keys
    share = keys.size("rope.dimension_count", config["head_dim"]) / config["head_dim"]
    config["rope_parameters"]["partial_rotary_factor"] = share
    original = keys.size("rope.scaling.original_context_length", config["max_position_embeddings"])
    window = keys.count("attention.sliding_window")
    return {
        **config,
        "original_max_position_embeddings": original,
        "sliding_window": window or None,
    }


def _gemma(file: File) -> Config:
    return _whole_heads(file, _plain(file, "gemma", "gelu_pytorch_tanh"))


def _gemma2(file: File) -> Config:
    config, keys = _plain(file, "gemma2"), file.keys
    window = keys.size("attention.sliding_window", 4096)
    return {
        **_hidden_activation(config),
        **_layer_types(keys, config["num_hidden_layers"], 2),
        "sliding_window": window,
        "attn_logit_softcapping": keys.number("attn_logit_softcapping", 50.0),
        "final_logit_softcapping": keys.number("final_logit_softcapping", 30.0),
        "query_pre_attn_scalar": _query(config, of_27b=46),
    }


def _gemma3(file: File) -> Config:
    config, keys = _plain(file, "gemma3_text"), file.keys
    window, count = keys.count("attention.sliding_window"), config["num_hidden_layers"]
    local = {"rope_type": "default", "rope_theta": keys.number("rope.freq_base_swa", 10000.0)}
    kinds = {"layer_types": ["full_attention"] * count}
    return {
        **_hidden_activation(config),
        **(_layer_types(keys, count, 6) if window else kinds),
        "sliding_window": window or 4096,
        "final_logit_softcapping": keys.number("final_logit_softcapping", 0.0) or None,
        "attn_logit_softcapping": None,
        "query_pre_attn_scalar": _query(config, of_27b=62),
        "rope_parameters": {
            "full_attention": config["rope_parameters"],
            "sliding_attention": local,
        },
    }


def _hidden_activation(config: Config) -> Config:
    rest = {name: value for name, value in config.items() if name != "hidden_act"}
    return {**rest, "hidden_activation": "gelu_pytorch_tanh"}


def _query(config: Config, of_27b: int) -> int:
    """What scores are divided by the root of: in the models of 27b, known by their layers, the
    hidden size of a head."""
    if config["num_hidden_layers"] != of_27b:
        return int(config["head_dim"])
    return int(config["hidden_size"] // config["num_attention_heads"])


def _layer_types(keys: Keys, count: int, every: int) -> Config:
    """One layer in `every` sees everything; a file may say another pattern, or list the layers."""
    name = "attention.sliding_window_pattern"
    listed = keys.get(name)
    if isinstance(listed, list):
        listed = keys.items(name, (bool, int))
        if listed is None or len(listed) < count:
            raise keys.wrong(name, f"a list of {count}")
        slides = [bool(one) for one in listed[:count]]
    else:
        every = keys.size(name, every)
        slides = [(number + 1) % every != 0 for number in range(count)]
    return {"layer_types": ["sliding_attention" if on else "full_attention" for on in slides]}


def _one_to_one(keys: Keys, heads: int, hidden: int) -> None:
    """ConvertError unless each head has keys of its own, and the heads share the hidden size."""
    dim = max(hidden // heads, 1)
    sizes = {"attention.key_length": dim, "attention.value_length": dim}
    for name, wanted in {"attention.head_count_kv": heads, **sizes}.items():
        if keys.size(name, wanted) != wanted:
            raise keys.wrong(name, str(wanted))


def _gpt2(file: File) -> Config:
    keys = file.keys
    _one_to_one(keys, keys.size("attention.head_count"), keys.size("embedding_length"))
    return {
        "model_type": "gpt2",
        "n_positions": keys.size("context_length"),
        "n_embd": keys.size("embedding_length"),
        "n_layer": check_size("block_count", keys.get("block_count"), LAYERS),
        "n_head": keys.size("attention.head_count"),
        "n_inner": keys.size("feed_forward_length"),
        "layer_norm_epsilon": keys.number("attention.layer_norm_epsilon"),
        "activation_function": "gelu_new",
    }


def _gpt_neox(file: File) -> Config:
    keys = file.keys
    hidden, heads = keys.size("embedding_length"), keys.size("attention.head_count")
    head_dim = max(hidden // heads, 1)
    _one_to_one(keys, heads, hidden)
    positions = read_positions(keys, file.tensors)
    positions["partial_rotary_factor"] = keys.size("rope.dimension_count", head_dim) / head_dim
    return {
        "model_type": "gpt_neox",
        "max_position_embeddings": keys.size("context_length"),
        "hidden_size": hidden,
        "intermediate_size": keys.size("feed_forward_length"),
        "num_hidden_layers": check_size("block_count", keys.get("block_count"), LAYERS),
        "num_attention_heads": heads,
        "layer_norm_eps": keys.number("attention.layer_norm_epsilon"),
        "hidden_act": "gelu",
        "use_parallel_residual": keys.flag("use_parallel_residual", otherwise=True),
        "attention_bias": any(name.endswith("attn_qkv.bias") for name in file.names),
        "rope_parameters": positions,
    }


ARCHITECTURES: Mapping[str, Callable[[File], Config]] = {
    "llama": _llama,
    "mistral3": _llama,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "smollm3": _smollm3,
    "phi3": _phi3,
    "gemma": _gemma,
    "gemma2": _gemma2,
    "gemma3": _gemma3,
    "gpt2": _gpt2,
    "gptneox": _gpt_neox,
}
