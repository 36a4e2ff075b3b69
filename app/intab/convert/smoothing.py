"""Moves the spread of the activations into the weights, before both are rounded to int8.

    smooth(architecture, weights, samples)      # the same model, which loses less by rounding

A row is rounded by its largest element, so a column that is always large costs the others their
precision. Each column is divided by a scale, where it is made (a norm, the values of attention, the
half of the MLP that is multiplied), and the weights that read it are multiplied by it: SmoothQuant,
https://arxiv.org/abs/2211.10438. How strong that is to be is tried for each product, on samples of
what it reads (watching.py). Nothing is computed in the graph for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from intab.convert.architecture import Architecture, Array, LayerWeights, Linear, Norm, Weights
from intab.convert.linear import STEPS, rounded

STRENGTHS = (0.3, 0.5, 0.7, 0.85)  # 1: the columns all become alike
LEAST = 1e-5  # of the largest: a column that is nearly nothing needs no scale of its own
OUTPUTS = 384  # of a product that are tried, about
EVERY = 4  # of how many rows of a sample one is tried


def smooth(arch: Architecture, weights: Weights, samples: Mapping[str, Array]) -> Weights:
    """The weights, smoothed as they are read; `samples` [rows, inputs] are what each product reads,
    by its name."""
    scales: dict[str, Array] = {}

    def scale(name: str, linear: Linear, copies: int = 1) -> Array:
        """The scale of each input that rounds best, the same for `copies` query heads."""
        if name not in scales:
            shape = (copies, arch.head_dim) if copies > 1 else None
            scales[name] = best_scale(samples[name][::EVERY], linear.weight, shape=shape)
        return scales[name]

    def layer(number: int) -> LayerWeights:
        """One layer, all of whose products are smoothed."""
        name, found = f"layers.{number}", weights.layer(number)
        by = scale(f"{name}.qkv", found.qkv)
        found = replace(
            found, attention_norm=_less(found.attention_norm, by), qkv=_more(found.qkv, by)
        )
        by = scale(f"{name}.up", found.up)
        found = replace(found, mlp_norm=_less(found.mlp_norm, by), up=_more(found.up, by))
        by = scale(f"{name}.out", found.out, arch.groups)
        values = by.reshape(arch.kv_heads, arch.groups, arch.head_dim)[:, 0].reshape(-1)
        found = replace(found, qkv=_fewer(found.qkv, values), out=_more(found.out, by))
        if not found.gated and arch.activation != "relu":
            return found  # the activation stands between
        by = scale(f"{name}.down", found.down)
        return replace(found, up=_fewer(found.up, by), down=_more(found.down, by))

    smoothed, norm = replace(weights, layer=layer), weights.final_norm
    if weights.lm_head is None:
        by = best_scale(samples["lm_head"][::EVERY], weights.embedding.T, _rows_lost)
        embedding, norm = weights.embedding * by, _less(norm, by)
        return replace(smoothed, final_norm=norm, embedding=embedding, embedding_divisor=by)
    by = scale("lm_head", weights.lm_head)
    return replace(smoothed, final_norm=_less(norm, by), lm_head=_more(weights.lm_head, by))


def best_scale(
    sample: Array,
    weight: Array,
    more: Callable[[Array, Array], float] = lambda weight, scale: 0.0,
    shape: tuple[int, int] | None = None,
) -> Array:
    """The scale [inputs] by which rows / scale and weight * scale, rounded, give their product
    best; 1 where none is better.

    more: what else of some of the weight's columns is lost by a scale, as a share.
    shape: so many heads in a row, of so many inputs, share one.
    """
    none, tried = np.ones(len(weight), np.float32), weight[:, :: max(weight.shape[1] // OUTPUTS, 1)]
    wanted = sample @ tried
    scales = (_shared(by, shape) if shape else by for by in _scales(sample, weight))
    losses = ((lost(sample, tried, by, wanted) + more(tried, by), by) for by in (none, *scales))
    return min(losses, key=lambda pair: pair[0])[1]


def _scales(sample: Array, weight: Array) -> Iterator[Array]:
    """Between columns that are alike, and weights that are."""
    size, widest = _above_nothing(np.abs(sample).max(0)), _above_nothing(np.abs(weight).max(1))
    for strength in STRENGTHS:
        for scale in (size**strength, size**strength / widest ** (1 - strength)):
            yield (scale / np.exp(np.log(scale).mean())).astype(np.float32)


def _above_nothing(sizes: Array) -> Array:
    return np.maximum(sizes, max(float(sizes.max()) * LEAST, 1e-30))


def _shared(scale: Array, shape: tuple[int, int]) -> Array:
    """The largest of some heads, for all of them."""
    heads = scale.reshape(-1, *shape)
    return np.broadcast_to(heads.max(1, keepdims=True), heads.shape).reshape(-1)


def lost(sample: Array, weight: Array, scale: Array, wanted: Array) -> float:
    """The share of the product that is lost where both are rounded."""
    rows = sample / scale
    step = np.maximum(np.abs(rows).max(-1, keepdims=True), 1e-30) / STEPS
    found = (np.rint(rows / step) * step) @ _restored(weight * scale[:, None])
    return float(np.square(found - wanted).sum() / max(np.square(wanted).sum(), 1e-30))


def _rows_lost(weight: Array, scale: Array) -> float:
    """The share of the columns themselves that is lost: an embedding's rows, of which each is
    read by itself."""
    found = _restored(weight * scale[:, None]) / scale[:, None]
    return float(np.square(found - weight).sum() / max(np.square(weight).sum(), 1e-30))


def _restored(weight: Array) -> Array:
    integers, scale = rounded(weight)
    return integers * scale


def _less(norm: Norm, by: Array) -> Norm:
    return Norm(norm.weight / by, None if norm.bias is None else norm.bias / by)


def _more(linear: Linear, by: Array) -> Linear:
    return Linear(linear.weight * by[:, None], linear.bias)


def _fewer(linear: Linear, by: Array) -> Linear:
    """The last outputs divided."""
    whole = np.ones(linear.weight.shape[1], np.float32)
    whole[-len(by) :] = by
    return Linear(linear.weight / whole, None if linear.bias is None else linear.bias / whole)
