"""Gemma 1, 2 and 3 (text): norms scaled by 1 + weight, scaled embeddings, bounded scores.

Gemma 2 and 3 normalize each branch before it is added, and let layers with a sliding window take
turns with layers that see everything; in Gemma 3 each kind has positions of its own.
"""

from __future__ import annotations

from dataclasses import replace

from intab.convert.architecture import Architecture, Array, Layer, LayerWeights, Rotary
from intab.convert.config import Config
from intab.convert.families.layers import count_layers, windows
from intab.convert.families.llama import LlamaReader, activation
from intab.convert.families.reader import Shapes, check_heads
from intab.convert.rotary import read_rotary, rope_settings, rope_settings_by_kind

FIRST, THIRD = "gemma", "gemma3_text"


def architecture(config: Config) -> Architecture:
    """The shape that a Gemma config describes."""
    heads, hidden = config.size("num_attention_heads"), config.size("hidden_size")
    kv_heads, head_dim = config.size("num_key_value_heads"), config.size("head_dim")
    check_heads(config, heads, kv_heads, hidden)
    rotaries = _rotaries(config, head_dim)
    return Architecture(
        family=config.kind,
        vocabulary=config.size("vocab_size"),
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        layers=_layers(config, rotaries),
        rotaries=rotaries,
        epsilon=config.epsilon("rms_norm_eps"),
        activation=_activation(config),
        scale=_query(config, head_dim) ** -0.5,
        attention_softcap=_attention_softcap(config),
        logit_softcap=_logit_softcap(config),
        embedding_scale=hidden**0.5,
        tied=config.flag("tie_word_embeddings"),
    )


def _activation(config: Config) -> str:
    if config.kind != FIRST:
        return activation(config.word("hidden_activation"))
    name = config.word("hidden_act")
    # The first configs said gelu and meant its tanh form, as GemmaConfig knows.
    return activation("gelu_pytorch_tanh" if name == "gelu" else name)


def _query(config: Config, head_dim: int) -> float:
    return head_dim if config.kind == FIRST else config.number("query_pre_attn_scalar")


def _attention_softcap(config: Config) -> float:
    """Gemma 3's config has the key, and its model does not look at it."""
    return (config.number_or_none("attn_logit_softcapping") or 0.0) if _second(config) else 0.0


def _logit_softcap(config: Config) -> float:
    """Not in Gemma 3 with pictures, whose model does not look at it."""
    if config.kind == FIRST or config.outer:
        return 0.0
    return config.number_or_none("final_logit_softcapping") or 0.0


def _second(config: Config) -> bool:
    return config.kind == "gemma2"


def _rotaries(config: Config, head_dim: int) -> dict[str, Rotary]:
    if config.kind != THIRD:
        return {"global": read_rotary(config, head_dim, rope_settings(config))}
    settings = rope_settings_by_kind(config)
    return {
        "global": read_rotary(config, head_dim, settings["full_attention"]),
        "local": read_rotary(config, head_dim, settings["sliding_attention"]),
    }


def _layers(config: Config, rotaries: dict[str, Rotary]) -> tuple[Layer, ...]:
    found = windows(config, count_layers(config))
    return tuple(Layer(w, "local" if w and "local" in rotaries else "global") for w in found)


class GemmaReader(LlamaReader):
    """Llama's names, with two norms more a layer from Gemma 2 on."""

    def layer_shapes(self) -> Shapes:
        shapes = super().layer_shapes()
        if self.config.kind != FIRST:
            for name in ("pre_feedforward_layernorm", "post_feedforward_layernorm"):
                shapes |= self.norm_shapes(name, self.arch.hidden)
        return shapes

    def layer(self, number: int) -> LayerWeights:
        if self.config.kind == FIRST:
            return super().layer(number)
        name = self.layer_name(number)
        return replace(
            super().layer(number),
            after_attention=self.norm(f"{name}.post_attention_layernorm"),
            mlp_norm=self.norm(f"{name}.pre_feedforward_layernorm"),
            after_mlp=self.norm(f"{name}.post_feedforward_layernorm"),
        )

    def scale(self, weight: Array) -> Array:
        return weight + 1
