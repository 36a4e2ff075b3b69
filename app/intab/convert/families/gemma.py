"""Gemma 1, 2 and 3 (text): norms scaled by 1 + weight, scaled embeddings, bounded scores.

Gemma 2 and 3 normalize each branch before it is added, and let layers with a sliding window take
turns with layers that see everything; in Gemma 3 each kind has positions of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from intab.convert.architecture import Architecture, Array, Layer, LayerWeights, Rotary, Weights
from intab.convert.checkpoint import Checkpoint
from intab.convert.families.llama import Reader, activation, sliding_windows
from intab.convert.rotary import read_rotary, rotary_settings

Config = Mapping[str, Any]


def architecture(config: Config) -> Architecture:
    """The shape that a Gemma config describes."""
    head_dim = config.get("head_dim", 256)
    third = config["model_type"] == "gemma3_text"
    windows = sliding_windows(with_layer_types(config), config["num_hidden_layers"])
    act = config.get("hidden_activation") or "gelu_pytorch_tanh"
    query = config.get("query_pre_attn_scalar") or head_dim
    return Architecture(
        family=config["model_type"],
        vocabulary=config["vocab_size"],
        hidden=config["hidden_size"],
        heads=config["num_attention_heads"],
        kv_heads=config["num_key_value_heads"],
        head_dim=head_dim,
        layers=tuple(Layer(w, "local" if w and third else "global") for w in windows),
        rotaries=_rotaries(config, head_dim, third=third),
        epsilon=config.get("rms_norm_eps", 1e-6),
        activation=activation(act),
        scale=query**-0.5,
        attention_softcap=config.get("attn_logit_softcapping") or 0.0,
        logit_softcap=config.get("final_logit_softcapping") or 0.0,
        embedding_scale=config["hidden_size"] ** 0.5,
        tied=bool(config.get("tie_word_embeddings", True)),
    )


def with_layer_types(config: Config) -> dict[str, Any]:
    """The config with `layer_types`, which older ones leave to the family."""
    every = {"gemma2": 2, "gemma3_text": config.get("sliding_window_pattern", 6)}
    period = every.get(config["model_type"])
    if period is None:
        return {**config, "sliding_window": None}
    count = config["num_hidden_layers"]
    kinds = ["sliding_attention" if (i + 1) % period else "full_attention" for i in range(count)]
    return {"layer_types": kinds, "sliding_window": 4096, **config}


def _rotaries(config: Config, head_dim: int, *, third: bool) -> dict[str, Rotary]:
    settings = rotary_settings(config)
    if not third:
        return {"global": read_rotary(config, head_dim, settings)}
    if "rope_parameters" not in config:
        settings["rope_theta"] = config.get("rope_theta", 1_000_000.0)
        local = {**rotary_settings({}), "rope_theta": config.get("rope_local_base_freq", 10_000.0)}
    else:
        local = rotary_settings(config, "sliding_attention")
    return {
        "global": read_rotary(config, head_dim, settings),
        "local": read_rotary(config, head_dim, local),
    }


def weights(checkpoint: Checkpoint, arch: Architecture) -> Weights:
    """The checkpoint's weights."""
    return GemmaReader(checkpoint, arch).weights()


class GemmaReader(Reader):
    """Llama's names, with two norms more a layer from Gemma 2 on."""

    def layer(self, number: int) -> LayerWeights:
        if self.arch.family == "gemma":
            return super().layer(number)
        name = f"model.layers.{number}"
        return replace(
            super().layer(number),
            after_attention=self.norm(f"{name}.post_attention_layernorm.weight"),
            mlp_norm=self.norm(f"{name}.pre_feedforward_layernorm.weight"),
            after_mlp=self.norm(f"{name}.post_feedforward_layernorm.weight"),
        )

    def scale(self, weight: Array) -> Array:
        return weight + 1
