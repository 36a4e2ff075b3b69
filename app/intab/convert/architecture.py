"""What a decoder is made of, whatever its family: sizes, kinds of layers, weights.

A family (families.py) fills these in; decoder.py writes the graph from them and knows no family.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Rotary:
    """Rotary positions: radians a position for each pair of the first `2 * len` head elements.

    Beyond `switch_at` positions `long` replaces `frequencies` (Phi-3's longrope); cosines and
    sines are multiplied by `factor`.
    """

    frequencies: Array  # [pairs]
    factor: float = 1.0
    long: Array | None = None  # [pairs]
    switch_at: int = 0


@dataclass(frozen=True)
class Layer:
    """A layer sees the last `window` positions (0: all), rotated by the table named `rotary`
    ("": not rotated at all); its attention scores are divided by `divisor` besides."""

    window: int = 0
    rotary: str = "global"
    divisor: float = 1.0


@dataclass(frozen=True)
class Architecture:
    """The shape of a decoder; the defaults are Llama's."""

    family: str
    vocabulary: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    layers: tuple[Layer, ...]
    rotaries: dict[str, Rotary] = field(default_factory=dict)
    norm: str = "rms"  # or "layer"
    epsilon: float = 1e-6
    activation: str = "silu"  # or "gelu", "gelu_tanh", "relu"
    parallel: bool = False  # attention and MLP read the same input and are added together
    scale: float = 0.0  # of the attention scores; 0: 1/sqrt(head_dim)
    attention_softcap: float = 0.0
    logit_softcap: float = 0.0
    embedding_scale: float = 1.0
    tied: bool = False

    @property
    def groups(self) -> int:
        """Query heads that share one key/value head."""
        return self.heads // self.kv_heads

    def score_scale(self, number: int) -> float:
        """What a layer's attention scores are multiplied by."""
        return (self.scale or self.head_dim**-0.5) / self.layers[number].divisor


@dataclass(frozen=True)
class Norm:
    weight: Array  # [size]
    bias: Array | None = None


@dataclass(frozen=True)
class Linear:
    """y = x @ weight + bias."""

    weight: Array  # [inputs, outputs]
    bias: Array | None = None  # [outputs]


@dataclass(frozen=True)
class LayerWeights:
    """One layer; `qkv` and `gate_up` are side by side, so that one product makes them all."""

    attention_norm: Norm
    qkv: Linear
    out: Linear
    mlp_norm: Norm
    up: Linear  # gate and up side by side where `gated`
    down: Linear
    gated: bool = True
    q_norm: Array | None = None  # [head_dim]
    k_norm: Array | None = None
    after_attention: Norm | None = None
    after_mlp: Norm | None = None


@dataclass(frozen=True)
class Weights:
    """All weights; a layer's are read when asked for, so that one layer is in memory at a time."""

    embedding: Array  # [vocabulary, hidden]
    positions: Array | None  # [context, hidden]
    layer: Callable[[int], LayerWeights]
    final_norm: Norm
    lm_head: Linear | None  # None: the embedding
    embedding_divisor: Array | None = None  # [hidden], of what is looked up in the embedding
