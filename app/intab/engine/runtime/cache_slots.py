"""A graph's cache: which inputs hold what earlier tokens left, and which outputs take their place.

Most exports have `past_key_values.N.key` and `.value` [batch, heads, tokens, head_dim]. Others join
key and value in one tensor (`.key_value` [batch, tokens, 2 * head_dim] of GPT-BigCode, `past_N`
[2, batch, heads, tokens, head_dim] of onnxruntime's own tools). Hybrid models have states of fixed
size beside them: of convolutions (`past_conv.N`), of state spaces (`past_ssm.N`), of linear
attention (`past_recurrent.N`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from intab.engine.model_config import ModelConfig
from intab.engine.runtime.network import TensorInfo
from intab.errors import UnsupportedModelError

FLOATS = ("float32", "float16")


@dataclass(frozen=True)
class CacheSlot:
    """One past input and the present output that takes its place in the next run.

    shape: of one sequence without a token, e.g. (1, heads, 0, head_dim).
    batch, rows: the axes of sequences and of tokens; without rows it is a state, zeros at first.
    """

    past: str
    present: str
    dtype: str
    shape: tuple[int, ...]
    batch: int = 0
    rows: int | None = 2

    def empty_shape(self, batch: int, rows: int = 0) -> tuple[int, ...]:
        """The shape for so many sequences, with so many rows."""
        axes = {self.batch: batch, self.rows: rows}
        return tuple(axes.get(axis, size) for axis, size in enumerate(self.shape))


@dataclass(frozen=True)
class _Kind:
    """A layout: its axes, its number of dimensions, and those in words."""

    batch: int
    rows: int | None
    rank: int
    words: str


_SPLIT = _Kind(0, 2, 4, "[batch, heads, length, head_dim]")
_JOINED = _Kind(0, 1, 3, "[batch, length, 2 * head_dim]")
_STACKED = _Kind(1, 3, 5, "[2, batch, heads, length, head_dim]")
_STATE = _Kind(0, None, 0, "")
_NAMES = (
    (re.compile(r"past(_key_values)?[._]\d+[._]key_value"), _JOINED),
    (re.compile(r"past(_key_values)?[._]\d+([._](self|decoder))?[._](key|value)"), _SPLIT),
    (re.compile(r"past_(key|value)(_self)?_\d+"), _SPLIT),
    (re.compile(r"past(_key_values)?[._]\d+"), _STACKED),
    (re.compile(r"past_(conv|ssm|recurrent)(_states?)?[._]\d+([._](key|value|query))?"), _STATE),
    (
        re.compile(r"past(_key_values)?[._]\d+[._](conv|ssm|recurrent|shift)(_state)?"),
        _STATE,
    ),
    (re.compile(r"cache_params[._]past[._](conv|ssm)[._]\d+"), _STATE),
)
# genai_config.json's keys, less "past_" and "_names".
_NAMED = {
    "key": _SPLIT,
    "value": _SPLIT,
    "": _STACKED,
    "conv": _STATE,
    "recurrent": _STATE,
}


def plan_slots(
    left: dict[str, TensorInfo],
    outputs: Mapping[str, TensorInfo],
    config: Mapping[str, Any],
    named: Mapping[str, str],
) -> Iterator[CacheSlot]:
    """The slots of the inputs that are caches; these are taken out of what is `left`."""
    for name in list(left):
        if found := _by_name(name, named) or _by_pattern(name, outputs):
            kind, present = found
            yield _plan(left.pop(name), present, kind, outputs, config)


def _by_name(name: str, named: Mapping[str, str]) -> tuple[_Kind, str] | None:
    """What the given names say of an input: its kind, and the output that belongs to it."""
    for part, kind in _NAMED.items():
        past, present = (
            "_".join(filter(None, (when, part, "names"))) for when in ("past", "present")
        )
        if past not in named or present not in named:
            continue
        before, _, after = named[past].partition("%d")
        if number := re.fullmatch(rf"{re.escape(before)}(\d+){re.escape(after)}", name):
            return kind, named[present].replace("%d", number[1])
    return None


def _by_pattern(name: str, outputs: Mapping[str, TensorInfo]) -> tuple[_Kind, str] | None:
    """The same by the names that exporters use."""
    kind = next((kind for pattern, kind in _NAMES if pattern.fullmatch(name)), None)
    if kind is None:
        return None
    presents = [
        name.replace("past_key_values", "present"),
        name.replace("past_key_values", "present_key_values"),
        name.replace("past", "present"),
    ]
    return kind, next((present for present in presents if present in outputs), presents[0])


def _plan(
    past: TensorInfo,
    present: str,
    kind: _Kind,
    outputs: Mapping[str, TensorInfo],
    config: Mapping[str, Any],
) -> CacheSlot:
    if present not in outputs:
        raise UnsupportedModelError(f"The graph takes {past.name} but gives no {present} back.")
    rank = len(past.shape)
    if past.dtype not in FLOATS or rank != (kind.rank or rank):
        words = f" {kind.words}" if kind.words else ""
        raise UnsupportedModelError(
            f"The graph's input {past.name} is {past.dtype} with {rank} dimensions; "
            f"only float32 or float16{words} can be kept."
        )
    batch, rows = _axes(past, kind)
    sizes = list(past.shape)
    sizes[batch] = 1
    if rows is not None:
        sizes[rows] = 0
    elif None in sizes:
        raise UnsupportedModelError(
            f"The graph does not tell the size of the state {past.name}: "
            "export it with fixed sizes."
        )
    shape = tuple(_size(size, axis, kind, config) for axis, size in enumerate(sizes))
    return CacheSlot(past.name, present, past.dtype, shape, batch, rows)


def _axes(past: TensorInfo, kind: _Kind) -> tuple[int, int | None]:
    """The axes of sequences and tokens: the two whose sizes are open, if there are just two."""
    if kind.rows is None:
        return kind.batch, None
    open_axes = [axis for axis, size in enumerate(past.shape) if size is None]
    if len(open_axes) == 2 and open_axes[0] == kind.batch:
        return open_axes[0], open_axes[1]
    return kind.batch, kind.rows


def _size(size: int | None, axis: int, kind: _Kind, config: Mapping[str, Any]) -> int:
    """A size that the graph tells, else as config.json has it."""
    if size is not None:
        return size
    if axis == kind.rank - 1:
        return head_dim(config) * (2 if kind is _JOINED else 1)
    return 2 if axis == 0 else kv_heads(config)


def kv_heads(config: Mapping[str, Any]) -> int:
    """How many heads a cache has, as config.json tells."""
    return _told(ModelConfig.of(config).kv_heads, "num_key_value_heads, num_attention_heads")


def head_dim(config: Mapping[str, Any]) -> int:
    """The size of a head, as config.json tells."""
    return _told(ModelConfig.of(config).head_dim, "head_dim, hidden_size, num_attention_heads")


def _told(size: int | None, names: str) -> int:
    if size is None:
        raise UnsupportedModelError(
            f"config.json has none of {names}, and the graph does not tell the cache's shape."
        )
    return size
