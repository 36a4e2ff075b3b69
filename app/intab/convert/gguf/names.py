"""The tensors of a GGUF file under transformers' names, and what undoes llama.cpp's changes.

    sources = sources_of("llama", config, names)
    sources["model.norm.weight"]        # Source("output_norm.weight")

llama.cpp stores the rows of Llama's queries and keys by neighbours, Gemma's norms with their 1,
GPT-2's linears as all others, GPT-NeoX's queries, keys and values one after the other. A tensor
that has no place in transformers' names keeps its own, so that the family's reader refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from intab.convert.architecture import Array
from intab.convert.gguf.positions import FACTORS

Change = Callable[[Array], Array]
PERMUTED = ("llama", "smollm3")  # model types whose queries and keys llama.cpp turns by neighbours
_OUTER = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
_LLAMA = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_PHI3 = {**_LLAMA, "attn_qkv": "self_attn.qkv_proj", "ffn_up": "mlp.gate_up_proj"}
_GEMMA2 = {
    **_LLAMA,
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
_GPT2_OUTER = {
    "token_embd": "transformer.wte",
    "position_embd": "transformer.wpe",
    "output_norm": "transformer.ln_f",
    "output": "lm_head",
}
_GPT2 = {
    "attn_norm": "ln_1",
    "attn_qkv": "attn.c_attn",
    "attn_output": "attn.c_proj",
    "ffn_norm": "ln_2",
    "ffn_up": "mlp.c_fc",
    "ffn_down": "mlp.c_proj",
}
_NEOX_OUTER = {
    "token_embd": "gpt_neox.embed_in",
    "output_norm": "gpt_neox.final_layer_norm",
    "output": "embed_out",
}
_NEOX = {
    "attn_norm": "input_layernorm",
    "attn_qkv": "attention.query_key_value",
    "attn_output": "attention.dense",
    "ffn_norm": "post_attention_layernorm",
    "ffn_up": "mlp.dense_h_to_4h",
    "ffn_down": "mlp.dense_4h_to_h",
}
# model type -> the tensors beside the layers, what a layer's begin with, the tensors of a layer
_NAMES: Mapping[str, tuple[Mapping[str, str], str, Mapping[str, str]]] = {
    "gpt2": (_GPT2_OUTER, "transformer.h", _GPT2),
    "gpt_neox": (_NEOX_OUTER, "gpt_neox.layers", _NEOX),
    "phi3": (_OUTER, "model.layers", _PHI3),
    "gemma2": (_OUTER, "model.layers", _GEMMA2),
    "gemma3_text": (_OUTER, "model.layers", _GEMMA2),
}
_USUAL = (_OUTER, "model.layers", _LLAMA)
_BLOCK = re.compile(r"blk\.(0|[1-9]\d{0,4})\.(\w+)\.(weight|bias)")
_FUSED = re.compile(r"blk\.(0|[1-9]\d{0,4})\.attn_qkv\.(weight|bias)")


@dataclass(frozen=True)
class Source:
    """Where a tensor of transformers' comes from: a tensor of the file, some of its rows (None:
    all), turned over or not, and changed. `zeros` is the shape of one that is not stored."""

    name: str
    rows: tuple[int, int] | None = None
    turned: bool = False
    change: Change | None = None
    zeros: tuple[int, ...] = ()

    def shape(self, stored: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that comes of a stored one."""
        if self.zeros:
            return self.zeros
        if self.rows is not None and stored:
            stored = (max(min(self.rows[1], stored[0]) - self.rows[0], 0), *stored[1:])
        return stored[::-1] if self.turned else stored

    def take(self, stored: Array) -> Array:
        """The tensor that comes of a stored one."""
        found = stored if self.rows is None else stored[slice(*self.rows)]
        found = found if self.change is None else self.change(found)
        return found.T if self.turned else found


def sources_of(config: Mapping[str, Any], names: Collection[str]) -> dict[str, Source]:
    """transformers' name -> where it comes from, for a model of that config.json."""
    kind = config["model_type"]
    outer, stem, layer = _NAMES.get(kind, _USUAL)
    found: dict[str, Source] = {}
    for name in names:
        block = _BLOCK.fullmatch(name)
        head, _, end = name.rpartition(".")
        if name in FACTORS or name.endswith(".attn_rot_embd.weight"):
            continue  # positions, which config.json has; old files repeat them in each layer
        if kind not in _NAMES and _FUSED.fullmatch(name):
            found |= _split(config, stem, name)
        elif block and block[2] in layer:
            part = layer[block[2]]
            found[f"{stem}.{block[1]}.{part}.{block[3]}"] = _source(config, block[2], name)
        elif not block and head in outer:
            found[f"{outer[head]}.{end}"] = _source(config, head, name)
        else:
            found[name] = Source(name)
    return _with_biases(config, stem, found) if kind == "llama" else found


def _source(config: Mapping[str, Any], part: str, name: str) -> Source:
    """One tensor, with what undoes llama.cpp's change of it."""
    kind = config["model_type"]
    if kind in PERMUTED and part in ("attn_q", "attn_k"):
        return Source(name, change=_by_halves(_heads(config, part)))
    if kind.startswith("gemma") and part.endswith("norm"):
        return Source(name, change=_without_one)
    if kind == "gpt_neox" and part == "attn_qkv":
        return Source(name, change=_head_by_head(config["num_attention_heads"]))
    linear = part in _GPT2 and not part.endswith("norm") and name.endswith(".weight")
    return Source(name, turned=kind == "gpt2" and linear)


def _split(config: Mapping[str, Any], stem: str, name: str) -> dict[str, Source]:
    """Queries, keys and values that lie in one tensor of a file."""
    match = _FUSED.fullmatch(name)
    assert match is not None
    dim, found, start = config["head_dim"], {}, 0
    for part in ("q", "k", "v"):
        heads = _heads(config, f"attn_{part}")
        rows = (start, start := start + heads * dim)
        permuted = config["model_type"] in PERMUTED and part != "v"
        change = _by_halves(heads) if permuted else None
        found[f"{stem}.{match[1]}.self_attn.{part}_proj.{match[2]}"] = Source(
            name, rows, change=change
        )
    return found


def _heads(config: Mapping[str, Any], part: str) -> int:
    return int(config["num_attention_heads" if part == "attn_q" else "num_key_value_heads"])


def _with_biases(
    config: Mapping[str, Any], stem: str, found: dict[str, Source]
) -> dict[str, Source]:
    """Biases that transformers' Llama has as soon as it has one of them, where a file has none."""
    wide = config["num_attention_heads"] * config["head_dim"]
    narrow = config["num_key_value_heads"] * config["head_dim"]
    inner, hidden = config["intermediate_size"], config["hidden_size"]
    sizes = {"q": wide, "k": narrow, "v": narrow, "o": hidden}
    wanted = {f"self_attn.{k}_proj": v for k, v in sizes.items() if config["attention_bias"]}
    mlp = {"gate": inner, "up": inner, "down": hidden}
    wanted |= {f"mlp.{k}_proj": v for k, v in mlp.items() if config["mlp_bias"]}
    zeros = {
        f"{stem}.{number}.{part}.bias": Source("", zeros=(size,))
        for number in range(config["num_hidden_layers"])
        for part, size in wanted.items()
    }
    return {**zeros, **found}


def _by_halves(heads: int) -> Change:
    """Rows of pairs of neighbours -> the first of all pairs, then the second, in each head."""

    def change(rows: Array) -> Array:
        split = rows.reshape(heads, -1, 2, *rows.shape[1:])
        return split.swapaxes(1, 2).reshape(rows.shape)

    return change


def _head_by_head(heads: int) -> Change:
    """All queries, all keys, all values -> the three of one head after the other."""

    def change(rows: Array) -> Array:
        split = rows.reshape(3, heads, -1, *rows.shape[1:])
        return split.swapaxes(0, 1).reshape(rows.shape)

    return change


def _without_one(weight: Array) -> Array:
    return weight - np.float32(1)
