"""Llama and its descendants: Mistral, Qwen 2 and 3, SmolLM 2 and 3.

They differ in small things, which the config or the checkpoint tells: biases, norms of queries and
keys, layers without positions, sliding windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from intab.convert.architecture import (
    Architecture,
    Array,
    Layer,
    LayerWeights,
    Linear,
    Norm,
    Weights,
)
from intab.convert.checkpoint import Checkpoint
from intab.convert.families.heads import read_head
from intab.convert.rotary import read_rotary, rotary_settings
from intab.errors import ConvertError

Config = Mapping[str, Any]
ACTIVATIONS = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
}


def architecture(config: Config) -> Architecture:
    """The shape that a config of one of these families describes."""
    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim") or config["hidden_size"] // heads
    return Architecture(
        family=config["model_type"],
        vocabulary=config["vocab_size"],
        hidden=config["hidden_size"],
        heads=heads,
        kv_heads=config.get("num_key_value_heads") or heads,
        head_dim=head_dim,
        layers=_layers(config),
        rotaries={"global": read_rotary(config, head_dim, rotary_settings(config))},
        epsilon=config.get("rms_norm_eps", 1e-5 if config["model_type"] == "phi3" else 1e-6),
        activation=activation(config.get("hidden_act", "silu")),
        tied=bool(config.get("tie_word_embeddings", config["model_type"] == "smollm3")),
    )


def activation(name: str) -> str:
    """The activation's name in architecture.py; ConvertError where it is not known."""
    if name not in ACTIVATIONS:
        raise ConvertError(
            f"The activation {name!r} is not known; known are: {', '.join(ACTIVATIONS)}."
        )
    return ACTIVATIONS[name]


def _layers(config: Config) -> tuple[Layer, ...]:
    count = config["num_hidden_layers"]
    windows, rotated = sliding_windows(config, count), _rotated(config, count)
    return tuple(
        Layer(window, "global" if turned else "")
        for window, turned in zip(windows, rotated, strict=True)
    )


def sliding_windows(config: Config, count: int) -> list[int]:
    """Each layer's window, 0 where it sees everything."""
    window = config.get("sliding_window") or 0
    asked = config["model_type"] in ("qwen2", "qwen3", "smollm3")  # windows only where asked for
    if not window or not config.get("use_sliding_window", not asked):
        return [0] * count
    kinds = config.get("layer_types")
    if kinds:
        return [window if kind == "sliding_attention" else 0 for kind in kinds]
    full = config.get("max_window_layers", 0) if asked else 0
    return [window if number >= full else 0 for number in range(count)]


def _rotated(config: Config, count: int) -> list[bool]:
    """SmolLM3 leaves every fourth layer without positions."""
    if config["model_type"] != "smollm3":
        return [True] * count
    listed = config.get("no_rope_layers")
    every = config.get("no_rope_layer_interval", 4)
    return [bool(n) for n in listed or [(number + 1) % every for number in range(count)]]


def weights(checkpoint: Checkpoint, arch: Architecture) -> Weights:
    """The checkpoint's weights."""
    return Reader(checkpoint, arch).weights()


class Reader:
    """Reads Llama's names; subclasses say what differs."""

    def __init__(self, checkpoint: Checkpoint, arch: Architecture) -> None:
        self.checkpoint, self.arch = checkpoint, arch

    def weights(self) -> Weights:
        """Embedding, layers and head."""
        arch, shape = self.arch, (self.arch.vocabulary, self.arch.hidden)
        embedding = self.checkpoint.tensor("model.embed_tokens.weight", shape)
        return Weights(
            embedding,
            None,
            self.layer,
            self.norm("model.norm.weight"),
            read_head(self.checkpoint, "lm_head.weight", embedding, tied=arch.tied),
        )

    def layer(self, number: int) -> LayerWeights:
        """One layer's weights."""
        name = f"model.layers.{number}"
        return LayerWeights(
            attention_norm=self.norm(f"{name}.input_layernorm.weight"),
            qkv=self.qkv(f"{name}.self_attn"),
            out=self.linear(f"{name}.self_attn.o_proj", self.arch.hidden),
            mlp_norm=self.norm(f"{name}.post_attention_layernorm.weight"),
            up=self.gate_up(f"{name}.mlp"),
            down=self.linear(f"{name}.mlp.down_proj", self.arch.hidden),
            q_norm=self.head_norm(f"{name}.self_attn.q_norm.weight"),
            k_norm=self.head_norm(f"{name}.self_attn.k_norm.weight"),
        )

    def qkv(self, name: str) -> Linear:
        """Queries, keys and values side by side."""
        q, kv = (n * self.arch.head_dim for n in (self.arch.heads, self.arch.kv_heads))
        parts = [self.linear(f"{name}.{p}_proj", n) for p, n in (("q", q), ("k", kv), ("v", kv))]
        return side_by_side(parts)

    def gate_up(self, name: str) -> Linear:
        """Gate and up side by side."""
        size = self.checkpoint.config["intermediate_size"]
        return side_by_side([self.linear(f"{name}.{p}_proj", size) for p in ("gate", "up")])

    def linear(self, name: str, outputs: int) -> Linear:
        """torch's Linear, which stores [outputs, inputs]."""
        weight = self.checkpoint.tensor(f"{name}.weight")
        if weight.ndim != 2 or weight.shape[0] != outputs:
            raise ConvertError(
                f"{name}.weight has the shape {weight.shape}, but config.json asks for {outputs} "
                "rows: they belong to different models."
            )
        bias = f"{name}.bias"
        found = self.checkpoint.tensor(bias, (outputs,)) if self.checkpoint.has(bias) else None
        return Linear(weight.T, found)

    def norm(self, name: str) -> Norm:
        """A norm of the hidden size."""
        return Norm(self.scale(self.checkpoint.tensor(name, (self.arch.hidden,))))

    def head_norm(self, name: str) -> Array | None:
        """The norm of a head's queries or keys, where the family has one."""
        if not self.checkpoint.has(name):
            return None
        return self.scale(self.checkpoint.tensor(name, (self.arch.head_dim,)))

    def scale(self, weight: Array) -> Array:
        """What a norm's stored weight multiplies by."""
        return weight


def side_by_side(parts: list[Linear]) -> Linear:
    """One linear whose outputs are those of the parts, one after the other."""
    weight = np.concatenate([part.weight for part in parts], axis=1)
    biases = [part.bias for part in parts if part.bias is not None]
    return Linear(weight, np.concatenate(biases) if biases else None)
