"""Decoders over onnxruntime-web: `Decoder` and `Session` with one crossing a token each way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException, to_js

from intab.browser.fetch import JsBody
from intab.browser.ffi import js_array
from intab.browser.onnx import OnnxNetwork, bytes_of, open_network
from intab.engine.runtime.decoder import CLOSED, STATES, open_planned
from intab.engine.runtime.decoder_plan import EMBEDS, DecoderPlan
from intab.engine.runtime.graphs import DecoderGraphs
from intab.engine.runtime.largest import rows_of
from intab.engine.runtime.seeing import Seen
from intab.engine.types import Logits
from intab.errors import RunError


async def open_decoder(graphs: DecoderGraphs[JsBody], device: str) -> OnnxDecoder:
    """Make a decoder of a graph, and of the one that embeds ids for it; what they give stays on the
    device, since the next step takes it."""
    opening = partial(open_network, device=device, stays=True)
    network, plan, embedder = await open_planned(opening, graphs)
    told = {**asdict(plan), "roomy": plan.roomy, "position_rows": plan.position_rows}
    js_embedder = embedder.js_network if embedder else None
    network.js_network.usePlan(json.dumps(told), js_embedder)
    return OnnxDecoder(network, plan, embedder)


class OnnxDecoder:
    """One or two graphs that onnxruntime-web has loaded, to continue ids."""

    def __init__(
        self, network: OnnxNetwork, plan: DecoderPlan, embedder: OnnxNetwork | None = None
    ) -> None:
        self.network = network
        self.plan = plan
        self._embedder = embedder
        self._seen: tuple[int, NDArray[np.floating]] | None = None

    @property
    def lost(self) -> bool:
        """Whether its GPU is gone."""
        return self.network.lost

    @property
    def device(self) -> str:
        """Where it runs, e.g. "wasm, 2 threads"."""
        return self.network.device

    def seeing(self, seen: Seen) -> OnnxDecoder:
        """The same networks, with sessions that see that."""
        other = copy(self)
        taken = next(info for info in self.network.inputs if info.name == EMBEDS)
        other._seen = seen.token, seen.rows.astype(taken.dtype)
        return other

    def session(self, padding: Sequence[int] = (0,)) -> OnnxSession:
        """Empty sequences, one for each number of tokens of left padding."""
        js_session = self.network.js_network.begin(js_array(padding))
        if self._seen:
            token, rows = self._seen
            js_session.show(token, to_js(bytes_of(rows)))
        return OnnxSession(self, js_session, len(padding))

    async def close(self) -> None:
        """Release the onnxruntime sessions."""
        await self.network.close()
        if self._embedder:
            await self._embedder.close()


class OnnxSession:
    """Sequences whose cache lives in JavaScript."""

    def __init__(self, decoder: OnnxDecoder, js_session: Any, batch: int, length: int = 0) -> None:
        self._decoder = decoder
        self._js_session = js_session
        self._batch = batch
        self.length = length
        self._top = 0

    def narrow(self, top: int) -> None:
        """Read back no more of a row than its `top` largest logits, 0: all; a step whose rows do
        not tell them apart, and wasm, give all."""
        self._top = top

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; the float32 logits [batch, rows, vocab] of the last `rows`."""
        self._decoder.plan.check_rows(rows)
        js_ids = js_array(token for row in ids for token in row)
        at = self.length
        js_rows = await self._call("step", js_ids, rows, at, self._top)
        found = np.asarray(js_rows.to_memoryview())
        self.length = at + len(ids[0])
        return _logits(found).reshape(self._batch, rows, -1)

    async def rewind(self, length: int) -> None:
        """Keep the first `length` tokens; none or all of them if the cache has states."""
        if 0 < length < self.length and not self._decoder.plan.can_rewind:
            raise RunError(STATES)
        self.length = min(length, self.length)
        await self._call("rewind", self.length)

    async def select(self, sequences: Sequence[int]) -> None:
        """Keep, repeat and reorder sequences."""
        await self._call("select", js_array(sequences), self.length)
        self._batch = len(sequences)

    def fork(self) -> OnnxSession:
        """An independent session with the same cache."""
        other = OnnxSession(self._decoder, self._js_session.fork(), self._batch, self.length)
        other.narrow(self._top)
        return other

    def close(self) -> None:
        """Give the cache back."""
        if self._js_session:
            self._js_session.close()
            self._js_session = None

    async def _call(self, name: str, *arguments: Any) -> Any:
        self._decoder.network.check_open()
        if self._js_session is None:
            raise RunError(CLOSED)
        try:
            return await getattr(self._js_session, name)(*arguments)
        except JsException as exc:
            raise self._decoder.network.failure(exc) from exc


def _logits(found: NDArray[Any]) -> Logits:
    """What session.mjs gives: float32, halves as uint16, since Python's buffers know no float16, or
    the largest alone."""
    if found.dtype == np.uint32:
        return rows_of(found)
    return found if found.dtype == np.float32 else found.view(np.float16).astype(np.float32)
