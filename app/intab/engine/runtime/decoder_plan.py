"""Read a decoder graph's inputs and outputs and plan how to feed it.

Graphs in the wild differ: GroupQueryAttention exports without position_ids and decomposed ones
with them, merged decoders with use_cache_branch, int32 or int64 ids, fp16 or fp32 caches, no cache
at all, states of convolutions beside keys and values, embeddings from a graph of their own. The
plan says what this one wants; the sessions of both rings follow it. What cannot be fed is refused
here, with the name of the input or output that is the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from intab.engine.model_config import ModelConfig
from intab.engine.runtime.cache_slots import FLOATS, CacheSlot, plan_slots
from intab.engine.runtime.network import Signature, TensorInfo
from intab.errors import RunError, UnsupportedModelError

INTEGERS = ("int64", "int32")
# transformers' name before 4.50 and after; both ask for the number of rows of logits wanted.
KEEP = ("num_logits_to_keep", "logits_to_keep")
EMBEDS = "inputs_embeds"


@dataclass(frozen=True)
class EmbeddingPlan:
    """The graph that runs first: its input of ids, and what of it the decoder takes:
    (output, input of the decoder) pairs."""

    input_ids: TensorInfo
    outputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DecoderPlan:
    """How to feed a graph; an input that is None is not one of its inputs.

    `can_batch`: several sequences fit side by side. `all_rows`: a step can give more than the last
    row of logits. A graph with `cache_position` only reads its cache, which has room for more
    tokens, and gives the new rows back (convert/attention.py); the others give all rows back.
    `switch_at`: the most tokens for which the cache of the first ones holds, 0: it always does.
    """

    input_ids: TensorInfo | None
    attention_mask: TensorInfo | None
    position_ids: TensorInfo | None
    cache_position: TensorInfo | None
    use_cache_branch: TensorInfo | None
    logits_to_keep: TensorInfo | None
    caches: tuple[CacheSlot, ...]
    can_batch: bool = True
    all_rows: bool = True
    switch_at: int = 0
    embeddings: EmbeddingPlan | None = None
    logits: str = "logits"

    @property
    def can_pad(self) -> bool:
        """Whether sequences of different lengths fit side by side, padded on the left.

        Graphs without position_ids count positions from the first column, padding or not; a switch
        comes for all of them when the longest is there.
        """
        placed = bool(self.attention_mask and self.position_ids)
        return self.can_batch and placed and not self.switch_at

    @property
    def roomy(self) -> bool:
        """Whether the cache has room for more tokens: see `cache_position`."""
        return self.cache_position is not None and self.can_rewind

    @property
    def can_rewind(self) -> bool:
        """Whether the last tokens can be taken back: states have no rows of tokens."""
        return all(slot.rows is not None for slot in self.caches)

    @property
    def position_rows(self) -> int:
        """How often positions stand in position_ids [rows, batch, n]; 0: as [batch, n].

        Qwen2-VL and its like have places in time, height and width, which are one for text.
        """
        shape = self.position_ids.shape if self.position_ids else ()
        return (shape[0] or 3) if len(shape) == 3 else 0

    def check_rows(self, rows: int) -> None:
        """RunError if a step cannot give that many rows of logits."""
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
    embeddings: Signature | None = None,
) -> DecoderPlan:
    """Plan a decoder graph; UnsupportedModelError names the input or output that is the reason.

    `names` says what the graph calls its inputs and outputs, if that is known: the keys are those
    of genai_config.json's decoder inputs and outputs ("input_ids", "past_key_names" ...), the
    values the graph's names, with %d for the number of a layer. `embeddings` has the inputs and
    outputs of the graph that embeds ids, if there is one.
    """
    named = names or {}
    left = {info.name: info for info in inputs}
    out = {info.name: info for info in outputs}
    logits = _logits(out, named.get("logits", "logits"))

    def take(name: str, dtypes: tuple[str, ...] = INTEGERS) -> TensorInfo | None:
        return _take(left, named.get(name, name), dtypes)

    ids = take("input_ids")
    embeds = left.get(named.get(EMBEDS, EMBEDS))
    embedding = _plan_embeddings(left, embeddings) if embeds else None
    if ids is None and embedding is None:
        raise _without_ids(left, embeds)
    first = (ids or embeds or logits).shape
    keep = next((found for name in KEEP if (found := take(name))), None)
    mask = take("attention_mask")
    plan = DecoderPlan(
        ids,
        mask,
        take("position_ids"),
        # Without a mask nothing would hide the room that is empty.
        take("cache_position") if mask else None,
        take("use_cache_branch", ("bool",)),
        keep,
        tuple(plan_slots(left, out, config, named)),
        can_batch=not first or first[0] is None,
        all_rows=logits.shape[1:2] != (1,) or keep is not None,
        switch_at=ModelConfig.of(config).switch_at,
        embeddings=embedding,
        logits=logits.name,
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


def _logits(out: Mapping[str, TensorInfo], name: str) -> TensorInfo:
    if name not in out:
        raise UnsupportedModelError(
            f"The graph has no output named {name} (its outputs: {', '.join(out) or 'none'}): "
            "export it as a text-generation model."
        )
    info = out[name]
    # An empty shape is one that the graph does not tell.
    if info.dtype not in FLOATS or len(info.shape) not in (0, 3):
        raise UnsupportedModelError(
            f"The graph's output {name} is {info.dtype} with {len(info.shape)} dimensions; "
            "only float32 or float16 [batch, rows, vocabulary] can be read: export it so."
        )
    return info


def _plan_embeddings(
    left: dict[str, TensorInfo], signature: Signature | None
) -> EmbeddingPlan | None:
    """What the embedding graph gives of the inputs that are left, which are taken out."""
    if signature is None:
        return None
    inputs, outputs = signature
    given = {info.name: info for info in inputs}
    ids = _take(given, "input_ids", INTEGERS)
    if ids is None or given:
        raise UnsupportedModelError(
            f"The graph of embeddings takes {', '.join(info.name for info in inputs) or 'nothing'};"
            " only one that takes input_ids alone can be run."
        )
    if len(outputs) == 1 and outputs[0].name not in left:
        pairs = [(outputs[0], left[EMBEDS])] if EMBEDS in left else []
    else:
        pairs = [(info, left[info.name]) for info in outputs if info.name in left]
    for info, wanted in pairs:
        if info.dtype != wanted.dtype:
            raise UnsupportedModelError(
                f"The decoder's input {wanted.name} is {wanted.dtype}, the graph of embeddings "
                f"gives {info.dtype}: choose another dtype."
            )
        del left[wanted.name]
    return EmbeddingPlan(ids, tuple((info.name, wanted.name) for info, wanted in pairs))


def _without_ids(left: Mapping[str, TensorInfo], embeds: object) -> UnsupportedModelError:
    if embeds:
        return UnsupportedModelError(
            "The graph takes embeddings (inputs_embeds) instead of ids, and no "
            "onnx/embed_tokens*.onnx that makes them lies beside it: add that file."
        )
    return UnsupportedModelError(
        f"The graph has no input_ids (its inputs: {', '.join(left) or 'none'}): "
        "export it as a text-generation model."
    )


def _refuse_rest(left: Mapping[str, TensorInfo]) -> None:
    if left:
        names = ", ".join(sorted(left))
        raise UnsupportedModelError(
            f"The graph asks for {names}, which a decoder of text is not given: "
            "export the text-generation part alone."
        )
