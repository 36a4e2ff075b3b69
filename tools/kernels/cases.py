"""Nodes whose attributes change what they compute: does a device heed each of them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MICROSOFT = "com.microsoft"
Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """A node with one attribute that is not at its default; `inputs` in their order, None for one
    that is left out; `outputs` how many there are, the first of which is looked at."""

    operator: str
    attribute: str
    value: Any
    default: Any
    inputs: tuple[Array | None, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    outputs: int = 1
    opset: int = 24

    @property
    def label(self) -> str:
        return f"{self.operator} {self.attribute}={self.value}"


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _grouped()
    yield from _attention()
    yield from _rotary()
    yield from _activations()
    yield from _rest()


def _random(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).standard_normal(shape, np.float32)


def _tables(rows: int, pairs: int) -> tuple[Array, Array]:
    angles = np.outer(np.arange(rows), 10.0 ** -np.arange(pairs)).astype(np.float32)
    return np.cos(angles), np.sin(angles)


def _grouped() -> Iterator[Case]:
    """GroupQueryAttention: 6 new tokens, 4 query heads over 2, of 16."""
    empty = np.zeros((1, 2, 0, 16), np.float32)
    lengths = (np.array([5], np.int32), np.array(6, np.int32))
    q, k, v = 2 * _random(1, 6, 64), 2 * _random(1, 6, 32), _random(1, 6, 32)
    settings = {"num_heads": 4, "kv_num_heads": 2}
    tables = _tables(8, 8)
    given = (q, k, v, empty, empty, *lengths)
    turned = {**settings, "do_rotary": 1}
    name = f"{MICROSOFT}:GroupQueryAttention"
    for attribute, value, default in (
        ("softcap", 0.5, 0.0),
        ("scale", 0.9, 0.0),
        ("local_window_size", 2, -1),
        ("smooth_softmax", 1, 0),
    ):
        yield Case(name, attribute, value, default, given, settings, 3)
    yield Case(name, "do_rotary", 1, 0, (*given, *tables), settings, 3)
    yield Case(name, "rotary_interleaved", 1, 0, (*given, *tables), turned, 3)


def _attention() -> Iterator[Case]:
    q, k, v = 2 * _random(1, 6, 64), 2 * _random(1, 6, 64), _random(1, 6, 64)
    name = f"{MICROSOFT}:MultiHeadAttention"
    yield Case(name, "scale", 0.9, 0.0, (q, k, v), {"num_heads": 4})
    yield Case(name, "unidirectional", 1, 0, (q, k, v), {"num_heads": 4})
    weights, bias = _random(64, 192) / 8, _random(192)
    for attribute, value, default in (("scale", 0.9, 0.0), ("unidirectional", 1, 0)):
        given = (q, weights, bias)
        yield Case(f"{MICROSOFT}:Attention", attribute, value, default, given, {"num_heads": 4})
    heads = {"q_num_heads": 4, "kv_num_heads": 4}
    for attribute, value, default in (
        ("softcap", 0.5, 0.0),
        ("scale", 0.9, 0.0),
        ("is_causal", 1, 0),
    ):
        for opset in (23, 24):
            yield Case("Attention", attribute, value, default, (q, k, v), heads, opset=opset)


def _rotary() -> Iterator[Case]:
    x, rows = _random(1, 4, 6, 16), np.arange(6)[None]
    cosines, sines = _tables(8, 8)
    name = f"{MICROSOFT}:RotaryEmbedding"
    yield Case(name, "interleaved", 1, 0, (x, rows, cosines, sines))
    yield Case("RotaryEmbedding", "interleaved", 1, 0, (x, cosines, sines, rows), opset=23)


def _activations() -> Iterator[Case]:
    x = (3 * _random(4, 8),)
    for name, attribute, value, default in (
        (f"{MICROSOFT}:QuickGelu", "alpha", 1.0, 1.702),
        ("LeakyRelu", "alpha", 0.3, 0.01),
        ("Elu", "alpha", 0.3, 1.0),
        ("Celu", "alpha", 0.3, 1.0),
        ("Selu", "gamma", 2.0, 1.0507010221481323),
        ("HardSigmoid", "alpha", 0.4, 0.2),
        ("ThresholdedRelu", "alpha", 0.3, 1.0),
        ("Swish", "alpha", 0.5, 1.0),
        ("Softmax", "axis", 0, -1),
        ("LogSoftmax", "axis", 0, -1),
    ):
        yield Case(name, attribute, value, default, x)
    small = (x[0] * 1e-3, _random(8) + 1)
    for name in ("LayerNormalization", "SimplifiedLayerNormalization", "RMSNormalization"):
        yield Case(name, "epsilon", 1e-3, 1e-5, small)
    rows = (x[0] * 1e-3, x[0] * 2e-3, _random(8) + 1)
    for name in ("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"):
        yield Case(f"{MICROSOFT}:{name}", "epsilon", 1e-3, 1e-5, rows)


def _rest() -> Iterator[Case]:
    x, axis = _random(4, 8), np.array(1)
    yield Case("CumSum", "exclusive", 1, 0, (x, axis))
    yield Case("CumSum", "reverse", 1, 0, (x, axis))
    yield Case("TopK", "largest", 0, 1, (x, np.array([2])), outputs=2)
    yield Case("Trilu", "upper", 0, 1, (x,))
    yield Case("Trilu", "upper", 0, 1, (x, np.array(-1)))
    yield Case("Gemm", "alpha", 2.0, 1.0, (x, _random(8, 3)))
    yield Case("Gemm", "beta", 2.0, 1.0, (x, _random(8, 3), _random(3)))
    yield Case("Gemm", "transB", 1, 0, (x, _random(8, 8)))
    yield Case("Gather", "axis", 1, 0, (x, np.array([1, 2])))
    for mode in ("reflect", "edge", "wrap"):
        yield Case("Pad", "mode", mode, "constant", (x, np.array([1, 0, 0, 2])))
    for attribute in ("transA", "transB"):
        squares = (_random(4, 4), _random(4, 4) + 1)
        yield Case(f"{MICROSOFT}:FusedMatMul", attribute, 1, 0, squares)
    yield Case(f"{MICROSOFT}:FusedMatMul", "alpha", 2.0, 1.0, (x, _random(8, 3)))
