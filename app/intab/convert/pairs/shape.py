"""What an encoder with its decoder is made of, whatever the family: sizes, kinds of layers,
weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from intab.convert.architecture import Array, Linear, Norm


@dataclass(frozen=True)
class Side:
    """The encoder or the decoder: `inner` is the size of the MLP, once where it is gated."""

    layers: int
    heads: int
    head_dim: int
    inner: int

    @property
    def width(self) -> int:
        """Of all heads together."""
        return self.heads * self.head_dim


@dataclass(frozen=True)
class Shape:
    """The shape of both; the defaults are BART's.

    rms: norms are T5's. first: norms stand before what they normalize. score_scale: what products
    of queries and keys are multiplied by, None: a head's size to the power of -0.5. buckets,
    farthest: T5's distances, and from where on all are the same. offset: the row of the table of
    positions that the first token has. counted: rows count the tokens that are no padding, from
    this id on. mels: bands of a spectrogram that takes the place of ids, 0 if there are ids.
    """

    kind: str
    vocabulary: int
    hidden: int
    encoder: Side
    decoder: Side
    activation: str
    epsilon: float = 1e-5
    rms: bool = False
    first: bool = False
    gated: bool = False
    score_scale: float | None = None
    embedding_scale: float = 1.0
    logit_scale: float = 1.0
    buckets: int = 0
    farthest: int = 0
    offset: int = 0
    counted: int | None = None
    mels: int = 0


@dataclass(frozen=True)
class Cross:
    """The attention to what the encoder gave; keys and values are side by side."""

    norm: Norm
    q: Linear
    kv: Linear
    out: Linear


@dataclass(frozen=True)
class LayerWeights:
    """One layer; queries, keys and values are side by side, and so are gate and up."""

    attention_norm: Norm
    qkv: Linear
    out: Linear
    mlp_norm: Norm
    up: Linear
    down: Linear
    cross: Cross | None = None


@dataclass(frozen=True)
class SideWeights:
    """One side; a layer's are read when asked for."""

    layer: Callable[[int], LayerWeights]
    positions: Array | None = None  # [positions, hidden]
    distances: Array | None = None  # [buckets, heads]
    norm: Norm | None = None  # of the embeddings
    final_norm: Norm | None = None


@dataclass(frozen=True)
class Convolution:
    weight: Array  # [outputs, inputs, 3]
    bias: Array  # [outputs]


@dataclass(frozen=True)
class Weights:
    """All weights."""

    words: Array  # [vocabulary, hidden]
    encoder: SideWeights
    decoder: SideWeights
    lm_head: Linear | None = None  # None: the embedding
    logits_bias: Array | None = None  # [vocabulary]
    convolutions: tuple[Convolution, ...] = ()
