"""Encoder-decoders: a source is encoded once, and a decoder goes on from it.

    encoded = [await model.encode(feeds) for feeds in sources]
    decoder = model.reading(encoded)    # a Decoder whose sessions know the sources

Keys and values of the cross attention are computed in the first step, and stay where they are: no
step gives them back, and they are copied only if the sequences of a session are other sources than
before, as where one becomes several beams. Graphs come as one decoder with `use_cache_branch`, or
as two, of which the second goes on from a past; one without is fed all ids each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from intab.engine.runtime.decoder import CLOSED
from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.runtime.encoded import Encoded, stacked
from intab.engine.runtime.encoder_decoder_plan import HIDDEN, MASK, GraphPlan, plan_decoder
from intab.engine.runtime.keeping import KeepingNetwork, Kept, Tensors
from intab.engine.runtime.network import Arrays, Network
from intab.engine.types import Logits
from intab.errors import RunError, UnsupportedModelError

_OUTPUTS = ("last_hidden_state", "encoder_hidden_states", "hidden_states")


class EncoderDecoder:
    """An encoder and its decoder, open.

    further: the decoder that goes on from a past, if that is a graph of its own.
    """

    def __init__(
        self,
        encoder: Network,
        first: KeepingNetwork,
        further: KeepingNetwork | None,
        config: Mapping[str, object],
    ) -> None:
        self.encoder, self.first = encoder, first
        self.plan = plan_decoder(first, config)
        later = plan_decoder(further, config) if further else self.plan
        # Without a past each step is fed all ids.
        self.further = (further or first) if later.caches else None
        self.later = later
        self.later_inputs = further.inputs if further else ()
        self.encoded = _encoded(encoder)
        self._networks = [each for each in (encoder, first, further) if each]
        self._check_presents()

    def _check_presents(self) -> None:
        outputs = {info.name for info in self.first.outputs}
        missing = [c.present for c in self.later.caches if c.present not in outputs]
        if missing:
            raise UnsupportedModelError(
                f"The decoder gives no {missing[0]}, which the next step takes: export it with "
                "its past."
            )

    @property
    def device(self) -> str:
        """Where it runs."""
        return ", ".join(dict.fromkeys(network.device for network in self._networks))

    @property
    def lost(self) -> bool:
        """Whether a device that it ran on is gone."""
        return any(network.lost for network in self._networks)

    async def encode(self, feeds: Arrays) -> Encoded:
        """One source, of feeds [1, ...]: only those that the encoder takes are fed."""
        inputs = {info.name: info for info in self.encoder.inputs}
        given = {n: v.astype(inputs[n].dtype) for n, v in feeds.items() if n in inputs}
        found = await self.encoder.run(given, [self.encoded])
        hidden = found[self.encoded]
        ids = tuple(feeds["input_ids"][0].tolist()) if "input_ids" in feeds else ()
        mask = feeds.get("attention_mask") if ids else None
        mask = np.ones(hidden.shape[:2], np.int64) if mask is None else mask
        return Encoded(hidden, mask, ids)

    def reading(self, sources: Sequence[Encoded]) -> ReadingDecoder:
        """A decoder for these sources, a sequence each."""
        return ReadingDecoder(self, sources)

    async def close(self) -> None:
        """Close the networks."""
        for network in self._networks:
            await network.close()


def _encoded(encoder: Network) -> str:
    names = [info.name for info in encoder.outputs]
    found = next((name for name in _OUTPUTS if name in names), names[0] if names else "")
    if not found:
        raise UnsupportedModelError("The encoder gives nothing: export it again.")
    return found


class ReadingDecoder:
    """A Decoder of sources that were encoded; its sessions have a sequence for each of them."""

    def __init__(self, model: EncoderDecoder, sources: Sequence[Encoded]) -> None:
        self.model, self.sources = model, sources
        lengths = {source.hidden.shape[1] for source in sources}
        shape = model.plan.ids.shape
        free = not shape or shape[0] is None
        side_by_side = len(lengths) == 1 or model.plan.mask is not None
        self.plan = DecoderPlan(
            *(model.plan.ids, None, None, None, None, None, ()),
            can_batch=free and side_by_side,
            all_rows=False,
        )

    @property
    def device(self) -> str:
        """The model's."""
        return self.model.device

    @property
    def lost(self) -> bool:
        """The model's."""
        return self.model.lost

    def only(self, number: int) -> ReadingDecoder:
        """A decoder of one of the sources."""
        return ReadingDecoder(self.model, [self.sources[number]])

    def session(self, padding: Sequence[int] = (0,)) -> ReadingSession:
        """A sequence for each source; several of a single one. There is no padding."""
        if any(padding):
            raise RunError("The beginnings of an encoder-decoder's answers are not padded.")
        alone = len(self.sources) == 1
        return ReadingSession(self, [0 if alone else i for i in range(len(padding))])

    async def close(self) -> None:
        """Nothing: the model is closed by who opened it."""


class ReadingSession:
    """Sequences that go on from sources: a Session."""

    def __init__(self, decoder: ReadingDecoder, sources: Sequence[int]) -> None:
        self._decoder, self._model = decoder, decoder.model
        self._sources = list(sources)
        self._ids: list[list[int]] = [[] for _ in sources]
        self._given: Tensors | None = None  # what is fed of the sources in each step
        self._cross: Tensors | None = None
        self._own: Tensors | None = None  # None: nothing of the ids is in a cache
        self._closed = False
        self.last: Arrays = {}  # what else the last step gave
        self.also: Sequence[str] = ()  # outputs that are wanted besides the logits

    @property
    def length(self) -> int:
        """Tokens of each sequence."""
        return len(self._ids[0]) if self._ids else 0

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        """Append `ids` [batch][n]; the float32 logits [batch, 1, vocab] after the last."""
        self._decoder.plan.check_rows(rows)
        if self._closed:
            raise RunError(CLOSED)
        before = [list(row) for row in self._ids]
        try:
            if self._own is None:
                return await self._begin([[*o, *n] for o, n in zip(before, ids, strict=True)])
            for column in zip(*ids, strict=True):
                logits = await self._go_on(column)
        except BaseException:
            if self._ids != before:
                self._forget()
                self._ids = before
            raise
        return logits

    async def _begin(self, ids: list[list[int]]) -> Logits:
        """All ids in one step, which makes the caches."""
        model, plan = self._model, self._model.plan
        given = await self._of_sources()
        feeds = {plan.ids.name: np.array(ids, plan.ids.dtype), **_named(given, plan)}
        for cache in plan.caches:
            shape = (len(ids), *cache.shape[1:])
            feeds[cache.past] = np.zeros(shape, cache.dtype)
        if plan.branch:
            feeds[plan.branch.name] = np.array([False])
        own, cross = ([c for c in model.later.caches if c.cross == of] for of in (False, True))
        kept = await self._compute(model.first, feeds, [c.present for c in (*own, *cross)])
        self._ids = ids
        if model.further:
            self._own = Tensors(model.first, {c.past: kept[c.present] for c in own})
            self._cross = Tensors(model.first, {c.past: kept[c.present] for c in cross})
        return self._logits()

    async def _go_on(self, tokens: Sequence[int]) -> Logits:
        """One more id of each sequence."""
        model, plan = self._model, self._model.later
        if self._own is None or self._cross is None or model.further is None:
            return await self._begin([[*r, t] for r, t in zip(self._ids, tokens, strict=True)])
        given = await self._of_sources()
        feeds = {
            plan.ids.name: np.array(tokens, plan.ids.dtype)[:, None],
            **_named(given, plan),
            **self._own.values,
            **self._cross.values,
        }
        if plan.branch:
            feeds[plan.branch.name] = np.array([True])
        own = [cache for cache in plan.caches if not cache.cross]
        kept = await self._compute(model.further, feeds, [cache.present for cache in own])
        self._own.release()
        self._own = Tensors(model.first, {c.past: kept[c.present] for c in own})
        self._ids = [[*row, token] for row, token in zip(self._ids, tokens, strict=True)]
        return self._logits()

    async def _compute(
        self, network: KeepingNetwork, feeds: dict[str, object], keep: Sequence[str]
    ) -> dict[str, Kept]:
        self.last, kept = await network.compute(feeds, ["logits", *self.also], keep)
        return kept

    def _logits(self) -> Logits:
        logits = self.last["logits"]
        if logits.ndim != 3:
            raise RunError(f"the logits have {logits.ndim} dimensions, not [batch, rows, size]")
        return np.asarray(logits[:, -1:], np.float32)

    async def _of_sources(self) -> Tensors:
        """The encoder's output and the mask, put beside the decoder once."""
        if self._given is None:
            model, sources = self._model, self._decoder.sources
            both = stacked([sources[i] for i in self._sources])
            dtypes = {i.name: i.dtype for i in (*model.first.inputs, *model.later_inputs)}
            values = {HIDDEN: both.hidden, MASK: both.mask}
            wanted = {n: v.astype(dtypes[n]) for n, v in values.items() if n in dtypes}
            found = await model.first.put(list(wanted.values()))
            self._given = Tensors(model.first, dict(zip(wanted, found, strict=True)))
        return self._given

    async def rewind(self, length: int) -> None:
        """Keep the first `length` tokens; the next step computes them again."""
        if length < self.length:
            self._forget()
            self._ids = [row[:length] for row in self._ids]

    def _forget(self) -> None:
        for tensors in filter(None, (self._own, self._cross)):
            tensors.release()
        self._own = self._cross = None

    async def select(self, sequences: Sequence[int]) -> None:
        """Keep, repeat and reorder sequences; what is of the sources stays where it is if each has
        the source that it had."""
        sources = [self._sources[i] for i in sequences]
        same = sources == self._sources
        names = ("_own",) if same else ("_own", "_cross", "_given")
        before: dict[str, Tensors] = {n: getattr(self, n) for n in names if getattr(self, n)}
        taken = {name: await tensors.taken(sequences) for name, tensors in before.items()}
        for name, tensors in before.items():
            setattr(self, name, taken[name])
            tensors.release()
        self._sources = sources
        self._ids = [list(self._ids[i]) for i in sequences]

    def fork(self) -> ReadingSession:
        """An independent session with the same sequences."""
        other = ReadingSession(self._decoder, self._sources)
        other._ids, other.also = [list(row) for row in self._ids], self.also
        for name in ("_own", "_cross", "_given"):
            tensors: Tensors | None = getattr(self, name)
            setattr(other, name, tensors.share() if tensors else None)
        return other

    def close(self) -> None:
        """Give the caches' memory back."""
        self._closed = True
        for tensors in filter(None, (self._own, self._cross, self._given)):
            tensors.release(now=True)
        self._own = self._cross = self._given = None


def _named(given: Tensors, plan: GraphPlan) -> dict[str, object]:
    """Those of the sources' tensors that a graph takes."""
    wanted = [info.name for info in (plan.hidden, plan.mask) if info]
    return {name: given.values[name] for name in wanted}
