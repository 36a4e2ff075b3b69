"""Decoders over onnxruntime in CPython: the protocols `Decoder` and `Session`.

The KV cache stays in OrtValues that are handed from one run to the next and never copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import partial
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from intab.engine.runtime.decoder import CLOSED, STATES, open_planned
from intab.engine.runtime.decoder_plan import EMBEDS, DecoderPlan
from intab.engine.runtime.graphs import DecoderGraphs
from intab.engine.runtime.network import TensorInfo
from intab.engine.runtime.seeing import Seen
from intab.engine.types import Logits
from intab.errors import RunError
from intab.native.bodies import NativeBody
from intab.native.kv_cache import KvCache, ort_value
from intab.native.onnx import OnnxNetwork, open_network

Feeds = Mapping[str, ort.OrtValue]


async def open_decoder(graphs: DecoderGraphs[NativeBody]) -> OnnxDecoder:
    """Make a decoder of its graphs; DeviceError where onnxruntime refuses one."""
    return OnnxDecoder(*await open_planned(open_network, graphs))


class OnnxDecoder:
    """A network that continues ids, or two, of which the other embeds them first."""

    def __init__(
        self, network: OnnxNetwork, plan: DecoderPlan, embedder: OnnxNetwork | None = None
    ) -> None:
        self._network = network
        self._embedder = Embedder(embedder, plan) if embedder else None
        self.plan = plan
        self._outputs = [plan.logits, *(slot.present for slot in plan.caches)]

    lost = False  # processors stay

    @property
    def device(self) -> str:
        """Where it runs."""
        return self._network.device

    def seeing(self, seen: Seen) -> OnnxDecoder:
        """The same networks, with sessions that see that."""
        other = copy(self)
        other._embedder = self._embedder and self._embedder.seeing(seen)
        return other

    def session(self, padding: Sequence[int] = (0,)) -> OnnxSession:
        """Empty sequences, one for each number of tokens of left padding."""
        empty = [np.zeros(0, np.int64) for _ in padding]
        return OnnxSession(self, padding, np.array(empty), KvCache.empty(self.plan, len(padding)))

    async def close(self) -> None:
        """Close the networks."""
        await self._network.close()
        if self._embedder:
            await self._embedder.close()

    async def run(self, feeds: Feeds, ids: NDArray[np.int64], past: int) -> list[ort.OrtValue]:
        """Run the graph once; those of `ids` [batch, length] after the first `past` are what the
        other graph embeds, if there is one."""
        return await self._network.compute(partial(self._compute, feeds=feeds, ids=ids, past=past))

    def _compute(
        self, session: ort.InferenceSession, feeds: Feeds, ids: NDArray[np.int64], past: int
    ) -> list[ort.OrtValue]:
        if self._embedder:
            feeds = {**feeds, **self._embedder(ids, past)}
        found: list[ort.OrtValue] = session.run_with_ort_values(self._outputs, feeds)
        return found


class Embedder:
    """The graph that embeds ids for a decoder that takes embeddings."""

    def __init__(self, network: OnnxNetwork, plan: DecoderPlan) -> None:
        self._network = network
        self._plan = plan.embeddings
        self._seen: Seen | None = None

    def seeing(self, seen: Seen) -> Embedder:
        """The same network, of ids in whose place something is seen."""
        other = copy(self)
        other._seen = seen
        return other

    def __call__(self, ids: NDArray[np.int64], past: int) -> dict[str, ort.OrtValue]:
        """The decoder's inputs that come of `ids` [batch, length] after the first `past`."""
        if self._plan is None:
            return {}
        info = self._plan.input_ids
        feeds = {info.name: ort_value(ids[:, past:].astype(info.dtype))}
        outputs = [output for output, _ in self._plan.outputs]
        found = self._network.session.run_with_ort_values(outputs, feeds)
        embedded = {name: one for (_, name), one in zip(self._plan.outputs, found, strict=True)}
        if self._seen and EMBEDS in embedded and self._seen.is_in(ids[:, past:]):
            shown = self._seen.put(embedded[EMBEDS].numpy(), ids, past)
            embedded[EMBEDS] = ort_value(shown)
        return embedded

    async def close(self) -> None:
        """Close its network."""
        await self._network.close()


class OnnxSession:
    """Sequences with their cache, fed as the decoder's plan says."""

    def __init__(
        self,
        decoder: OnnxDecoder,
        padding: Sequence[int],
        ids: NDArray[np.int64],
        cache: KvCache,
    ) -> None:
        self._decoder = decoder
        self._padding = np.array(padding)[:, None]  # [batch, 1]
        self._ids = ids  # [batch, length]
        self._cache = cache
        self._closed = False

    @property
    def length(self) -> int:
        """Tokens in the cache, of each sequence."""
        return int(self._ids.shape[1])

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; the float32 logits [batch, rows, vocab] of the last `rows`."""
        plan = self._decoder.plan
        plan.check_rows(rows)
        if self._closed:
            raise RunError(CLOSED)
        longer = np.concatenate([self._ids, np.array(ids, np.int64)], axis=1)
        past = self.length if plan.caches else 0
        feeds = self._feeds(longer, past, rows)
        logits, *present = await self._decoder.run(feeds, longer, past)
        self._cache.keep(present, self.length)
        self._ids = longer
        return _last_rows(logits.numpy(), rows)

    async def rewind(self, length: int) -> None:
        """Keep the first `length` tokens; none or all of them if the cache has states."""
        if length >= self.length:
            return
        plan = self._decoder.plan
        if length and not plan.can_rewind:
            raise RunError(STATES)
        if not length:
            self._cache = KvCache.empty(plan, len(self._ids))
            self._ids = self._ids[:, :0]
        else:
            self._cut(range(len(self._ids)), length)

    async def select(self, sequences: Sequence[int]) -> None:
        """Keep, repeat and reorder sequences."""
        self._cut(sequences, self.length)

    def fork(self) -> OnnxSession:
        """An independent session with the same cache."""
        padding = self._padding[:, 0].tolist()
        return OnnxSession(self._decoder, padding, self._ids, self._cache.fork())

    def close(self) -> None:
        """Drop the cache."""
        self._closed = True
        self._cache.clear()

    def _cut(self, sequences: Sequence[int], length: int) -> None:
        chosen = list(sequences)
        self._cache.cut(chosen, length)
        self._padding, self._ids = self._padding[chosen], self._ids[chosen, :length]

    def _feeds(self, ids: NDArray[np.int64], past: int, rows: int) -> dict[str, ort.OrtValue]:
        """Inputs for what `ids` have beyond the `past` that the cache has."""
        plan, total = self._decoder.plan, ids.shape[1]
        place = np.arange(total)[None]
        keep = plan.logits_to_keep
        visible = place >= self._padding
        empty = np.zeros((len(ids), max(self._cache.room - past, 0)), np.bool_)
        positions = np.maximum(place - self._padding, 0)[:, past:]
        values: dict[TensorInfo | None, object] = {
            plan.input_ids: ids[:, past:],
            plan.attention_mask: np.hstack([visible[:, :past], empty, visible[:, past:]]),
            plan.cache_position: place[0, past:],
            plan.position_ids: [positions] * plan.position_rows or positions,
            plan.use_cache_branch: [past > 0],
            keep: [rows] if keep is not None and keep.shape else rows,
        }
        feeds = {
            info.name: ort_value(np.array(value, info.dtype))
            for info, value in values.items()
            if info is not None
        }
        return {**feeds, **self._cache.tensors}


def _last_rows(logits: NDArray[Any], rows: int) -> Logits:
    if logits.ndim != 3:
        raise RunError(f"the logits have {logits.ndim} dimensions, not [batch, rows, vocabulary]")
    if logits.shape[1] < rows:
        raise RunError(f"onnxruntime failed: {logits.shape[1]} rows of logits came, not {rows}")
    return np.asarray(logits[:, -rows:], np.float32)
