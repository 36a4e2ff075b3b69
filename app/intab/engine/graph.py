"""Read a decoder graph's inputs and outputs and plan how to feed it.

Graphs in the wild differ: GroupQueryAttention exports without position_ids and decomposed ones
with them, merged decoders with use_cache_branch, int32 or int64 ids, fp16 or fp32 caches, no cache
at all. The plan says what this one wants; the sessions of both rings follow it. What cannot be fed
is refused here, with the name of the input or output that is the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from intab.errors import RunError, UnsupportedModelError

INTEGERS = ("int64", "int32")
FLOATS = ("float32", "float16")
_PAST = re.compile(r"past_key_values\.(\d+)\.(key|value)")
# transformers' name before 4.50 and after; both ask for the number of rows of logits wanted.
KEEP = ("num_logits_to_keep", "logits_to_keep")


@dataclass(frozen=True)
class TensorInfo:
    """One input or output: its dtype ("float32", "int64" ...) and shape; unknown sizes are None."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class CacheSlot:
    """One past input, the present output of its rows, and its shape [1, heads, 0, dim]."""

    past: str
    present: str
    dtype: str
    heads: int
    dim: int


@dataclass(frozen=True)
class GraphPlan:
    """How to feed a graph; an input that is None is not one of its inputs.

    `can_batch`: several sequences fit side by side. `all_rows`: a step can give more than the last
    row of logits. A graph with `cache_position` only reads its cache, which has room for more
    tokens, and gives the new rows back (convert/attention.py); the others give all rows back.
    """

    input_ids: TensorInfo
    attention_mask: TensorInfo | None
    position_ids: TensorInfo | None
    cache_position: TensorInfo | None
    use_cache_branch: TensorInfo | None
    logits_to_keep: TensorInfo | None
    caches: tuple[CacheSlot, ...]
    can_batch: bool = True
    all_rows: bool = True

    @property
    def can_pad(self) -> bool:
        """Whether sequences of different lengths fit side by side, padded on the left.

        Graphs without position_ids count positions from the first column, padding or not.
        """
        return self.can_batch and bool(self.attention_mask and self.position_ids)

    def check_rows(self, rows: int) -> None:
        """RunError where a step cannot give that many rows of logits."""
        if rows > 1 and not self.all_rows:
            raise RunError(
                f"The graph gives the last row of logits alone, not the last {rows}: "
                "take one step for each row."
            )


def plan_graph(
    inputs: Iterable[TensorInfo],
    outputs: Iterable[TensorInfo],
    config: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
) -> GraphPlan:
    """Plan a decoder graph; UnsupportedModelError names the input or output that is the reason.

    `names` says what the graph calls its inputs and outputs, if that is known: the keys are those
    of genai_config.json's decoder inputs and outputs ("input_ids", "past_key_names" ...), the
    values the graph's names, with %d for the number of a layer.
    """
    named = names or {}
    left = {info.name: info for info in inputs}
    out = {info.name: info for info in outputs}
    ids = _take(left, named.get("input_ids", "input_ids"), INTEGERS)
    if ids is None:
        raise UnsupportedModelError(
            f"The graph has no input_ids (its inputs: {', '.join(left) or 'none'}): "
            "export it as a text-generation model."
        )
    if "logits" not in out:
        raise UnsupportedModelError(
            f"The graph has no output named logits (its outputs: {', '.join(out) or 'none'}): "
            "export it as a text-generation model."
        )
    keep = next((found for name in KEEP if (found := _take(left, name, INTEGERS))), None)
    mask = _take(left, named.get("attention_mask", "attention_mask"), INTEGERS)
    plan = GraphPlan(
        ids,
        mask,
        _take(left, named.get("position_ids", "position_ids"), INTEGERS),
        # Without a mask nothing would hide the room that is empty.
        _take(left, "cache_position", INTEGERS) if mask else None,
        _take(left, "use_cache_branch", ("bool",)),
        keep,
        tuple(_plan_cache(left.pop(name), out, config) for name in _past_names(left)),
        can_batch=not ids.shape or ids.shape[0] is None,
        all_rows=out["logits"].shape[1:2] != (1,) or keep is not None,
    )
    _refuse_rest(left)
    return plan


def _take(left: dict[str, TensorInfo], name: str, dtypes: tuple[str, ...]) -> TensorInfo | None:
    info = left.pop(name, None)
    if info is not None and info.dtype not in dtypes:
        raise UnsupportedModelError(
            f"The graph's input {name} is {info.dtype}, not {' or '.join(dtypes)}."
        )
    return info


def _past_names(left: Mapping[str, TensorInfo]) -> list[str]:
    return [name for name in left if _PAST.fullmatch(name)]


def _plan_cache(
    past: TensorInfo, outputs: Mapping[str, TensorInfo], config: Mapping[str, Any]
) -> CacheSlot:
    present = past.name.replace("past_key_values", "present")
    if present not in outputs:
        raise UnsupportedModelError(f"The graph takes {past.name} but gives no {present} back.")
    if past.dtype not in FLOATS or len(past.shape) != 4:
        raise UnsupportedModelError(
            f"The graph's input {past.name} is {past.dtype} with {len(past.shape)} dimensions; "
            "only float32 or float16 [batch, heads, length, head_dim] can be kept."
        )
    heads, dim = past.shape[1] or kv_heads(config), past.shape[3] or head_dim(config)
    return CacheSlot(past.name, present, past.dtype, heads, dim)


def kv_heads(config: Mapping[str, Any]) -> int:
    """How many heads a cache has, as config.json tells."""
    return _positive(config, "num_key_value_heads", "num_attention_heads", "n_head", "num_heads")


def head_dim(config: Mapping[str, Any]) -> int:
    """The size of a head, as config.json tells."""
    if config.get("head_dim"):
        return _positive(config, "head_dim")
    heads = _positive(config, "num_attention_heads", "n_head", "num_heads")
    return _positive(config, "hidden_size", "n_embd", "d_model") // heads


def _positive(config: Mapping[str, Any], *names: str) -> int:
    for name in names:
        if isinstance(value := config.get(name), int) and value > 0:
            return value
    raise UnsupportedModelError(
        f"config.json has none of {', '.join(names)}, "
        "and the graph does not tell the cache's shape."
    )


def _refuse_rest(left: Mapping[str, TensorInfo]) -> None:
    if left:
        names = ", ".join(sorted(left))
        raise UnsupportedModelError(
            f"The graph asks for {names}, which a decoder of text is not given: "
            "export the text-generation part alone."
        )
