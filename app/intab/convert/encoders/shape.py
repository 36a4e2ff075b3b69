"""What an encoder is made of, whatever its family: sizes, kinds of layers, weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from intab.convert.architecture import Array, Linear, Norm


@dataclass(frozen=True)
class Layer:
    """A layer whose tokens see `window` tokens on either side (0: all), turned by angles of the
    base `theta` (0: not turned)."""

    window: int = 0
    theta: float = 0.0


@dataclass(frozen=True)
class Encoder:
    """The shape of an encoder; the defaults are BERT's.

    positions: rows of the table of positions, 0 if there is none. padding: the id that positions
    are counted from, None if they begin at 0. types: rows of the table of token types. first:
    norms stand before what they normalize, and one after all layers. buckets: of distances, each
    with a number that is added to the scores. inner: of the MLP, once where it is gated.
    """

    kind: str
    vocabulary: int
    hidden: int
    heads: int
    inner: int
    layers: tuple[Layer, ...]
    epsilon: float
    activation: str
    positions: int = 0
    padding: int | None = None
    types: int = 0
    buckets: int = 0
    first: bool = False
    gated: bool = False

    @property
    def head_dim(self) -> int:
        """The size of a head."""
        return self.hidden // self.heads


@dataclass(frozen=True)
class LayerWeights:
    """One layer; queries, keys and values are side by side. ModernBERT's first has no norm before
    its attention."""

    attention_norm: Norm | None
    qkv: Linear
    out: Linear
    mlp_norm: Norm
    up: Linear
    down: Linear


@dataclass(frozen=True)
class Weights:
    """All weights; a layer's are read when asked for. `positions` has the type of every token
    added, if the graph takes no types."""

    words: Array  # [vocabulary, hidden]
    positions: Array | None  # [positions, hidden]
    types: Array | None  # [types, hidden]
    norm: Norm  # of the embeddings
    distances: Array | None  # [buckets, heads]
    layer: Callable[[int], LayerWeights]
    final_norm: Norm | None
