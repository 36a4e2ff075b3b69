"""The metadata that llama.cpp's converter writes for each architecture, from a config.json."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from gguf import GGUFWriter, RopeScalingType
from numpy.typing import NDArray

from intab.convert.config import table

Config = dict[str, Any]
Write = Callable[[GGUFWriter, Config], None]


def plain(writer: GGUFWriter, config: Config) -> None:
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])


def usual(writer: GGUFWriter, config: Config) -> None:
    plain(writer, config)
    defaults = table()[config["model_type"]]["fields"]
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config.get("rms_norm_eps", defaults["rms_norm_eps"][0]))
    if "head_dim" in config:
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])
    ropes = settings(config)
    default = table()[config["model_type"]]["theta"]
    writer.add_rope_freq_base(ropes.get("rope_theta", default))
    if ropes.get("rope_type") in ("linear", "yarn"):
        kind = RopeScalingType.YARN if ropes["rope_type"] == "yarn" else RopeScalingType.LINEAR
        writer.add_rope_scaling_type(kind)
        writer.add_rope_scaling_factor(ropes["factor"])
    if ropes.get("rope_type") == "yarn":
        writer.add_rope_scaling_orig_ctx_len(ropes["original_max_position_embeddings"])


def llama(writer: GGUFWriter, config: Config) -> None:
    usual(writer, config)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_rope_dimension_count(head_dim(config))


def phi3(writer: GGUFWriter, config: Config) -> None:
    usual(writer, config)
    original, context = (
        config["original_max_position_embeddings"],
        config["max_position_embeddings"],
    )
    writer.add_rope_scaling_orig_ctx_len(original)
    share = settings(config)["partial_rotary_factor"]
    writer.add_rope_dimension_count(int(share * head_dim(config)))
    writer.add_sliding_window(config.get("sliding_window") or 0)
    writer.add_rope_scaling_attn_factors(
        math.sqrt(1 + math.log(context / original) / math.log(original))
    )


def gemma2(writer: GGUFWriter, config: Config) -> None:
    usual(writer, config)
    writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
    writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    writer.add_sliding_window(config["sliding_window"])


def gemma3(writer: GGUFWriter, config: Config) -> None:
    usual(writer, config)
    writer.add_sliding_window(config["sliding_window"])


def gpt2(writer: GGUFWriter, config: Config) -> None:
    writer.add_block_count(config["n_layer"])
    writer.add_context_length(config["n_positions"])
    writer.add_embedding_length(config["n_embd"])
    writer.add_feed_forward_length(4 * config["n_embd"])
    writer.add_head_count(config["n_head"])
    writer.add_layer_norm_eps(1e-5)


def gpt_neox(writer: GGUFWriter, config: Config) -> None:
    plain(writer, config)
    writer.add_rope_dimension_count(int(0.25 * head_dim(config)))
    writer.add_parallel_residual(config["use_parallel_residual"])
    writer.add_layer_norm_eps(1e-5)


def settings(config: Config) -> Config:
    found: Config = config.get("rope_parameters") or {}
    whole: Config = found.get("full_attention", found)
    return whole


def head_dim(config: Config) -> int:
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def factors_of(config: Config) -> dict[str, NDArray[np.float32]]:
    """The tensors of factors that a scaling is kept as."""
    found = settings(config)
    if found.get("rope_type") == "longrope":
        return {
            f"rope_factors_{which}.weight": np.array(found[f"{which}_factor"], np.float32)
            for which in ("long", "short")
        }
    return {"rope_freqs.weight": of_llama3(config)} if found.get("rope_type") == "llama3" else {}


def of_llama3(config: Config) -> NDArray[np.float32]:
    """Waves shorter than one bound stay, longer ones than the other are stretched."""
    found, dim = settings(config), head_dim(config)
    waves = 2 * np.pi * found["rope_theta"] ** (np.arange(0, dim, 2) / dim)
    turns = found["original_max_position_embeddings"] / waves
    low, high, factor = (found[k] for k in ("low_freq_factor", "high_freq_factor", "factor"))
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    return np.asarray(1 / ((1 - smooth) / factor + smooth), np.float32)


KEYS: dict[str, Write] = {
    "llama": llama,
    "qwen2": usual,
    "qwen3": usual,
    "smollm3": llama,
    "phi3": phi3,
    "gemma": usual,
    "gemma2": gemma2,
    "gemma3": gemma3,
    "gpt2": gpt2,
    "gptneox": gpt_neox,
}
