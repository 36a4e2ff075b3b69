"""Rows of feeds run in batches: sorted by length, padded within a batch, answers in order.

A `Row` is what one run takes, without the axis of batches; an input may have several (windows of a
long text, a row for each label). Rows are put side by side only if that changes no answer: if
the graph takes any number of rows and a mask hides what is padded. Graphs whose rows depend on each
other all the same, as int8 products with one scale for a whole batch do, are found by computing two
rows of the first batch, the longest and another, together and alone; from then on every row is run
alone.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from intab.engine.io.protocols import OnProgress, Progress, silent
from intab.engine.runtime.network import Arrays, TensorInfo, elsewhere
from intab.errors import ContextLengthError, OptionError

T = TypeVar("T")
AHEAD = 16  # batches whose rows are sorted together
_NEAR = 1e-3  # of the largest number: more than float32's error, less than that of shared scales
_NEAR_HALF = 2e-2  # the same of float16


@dataclass(frozen=True)
class Row:
    """One row of a batch: an array for each input, its length in tokens, and what the answer needs
    to know of it."""

    feeds: Arrays
    length: int = 0
    about: Any = None


@dataclass
class Batching:
    """How rows of a network are put together.

    `pad_with`: by what an input is padded (0 if it is not named); None: rows are not padded.
    `token_rank`: outputs of so many dimensions have a text's tokens on axis 1. `agree`: whether a
    row gives the same alone and beside others; None while that is not known.
    """

    inputs: Sequence[TensorInfo]
    pad_with: Mapping[str, int] | None = None
    token_rank: int = 0
    half: bool = False
    agree: bool | None = None
    widths: Mapping[str, int] = field(init=False)
    fixed: int = field(init=False)

    def __post_init__(self) -> None:
        """Note the lengths that the graph fixes, and how many rows it always takes, 0 for any."""
        counts = {info.shape[0] for info in self.inputs if info.shape}
        self.fixed = (counts.pop() or 0) if len(counts) == 1 else 0
        fixed = {i.name: i.shape[1] for i in self.inputs if len(i.shape) == 2}
        self.widths = {name: size for name, size in fixed.items() if size is not None}

    def most(self, size: int) -> int:
        """How many rows a run may have, if `size` are asked for."""
        free = all(info.shape[:1] in ((), (None,)) for info in self.inputs)
        most = size if free else min(size, self.fixed)
        return most if most and self.agree is not False else 1

    def groups(self, rows: Sequence[Row], size: int) -> Iterator[list[int]]:
        """The batches, as places in `rows`: the longest first."""
        group: list[int] = []
        for place in sorted(range(len(rows)), key=lambda i: -rows[i].length):
            alike = self.pad_with is not None or not group or _same(rows[group[0]], rows[place])
            if len(group) == self.most(size) or not alike:
                yield group
                group = []
            group.append(place)
        if group:
            yield group

    def collate(self, rows: Sequence[Row]) -> Arrays:
        """The feeds of several rows, [rows, ...]; the last one again where the graph takes more."""
        rows = [*rows, *[rows[-1]] * (self.fixed - len(rows))]
        return {
            name: self._stack(name, [row.feeds[name] for row in rows]) for name in rows[0].feeds
        }

    def _stack(self, name: str, values: Sequence[NDArray[Any]]) -> NDArray[Any]:
        if len(values) == 1 and (lone := elsewhere(values[0])):
            return lone.batched()
        values = [np.asarray(value) for value in values]
        width = self.widths.get(name, max((len(v) for v in values if v.ndim), default=0))
        if all(value.ndim != 1 or len(value) == width for value in values):
            return np.stack(values)
        if any(len(value) > width for value in values):
            raise ContextLengthError(
                f"The text has {max(map(len, values)):,} tokens, the graph takes {width:,}: "
                "shorten it or pass truncation=True."
            )
        fill = (self.pad_with or {}).get(name, 0)
        stacked = np.full((len(values), width), fill, values[0].dtype)
        for row, value in zip(stacked, values, strict=True):
            row[: len(value)] = value
        return stacked

    def split(self, outputs: Mapping[str, NDArray[Any]], rows: Sequence[Row]) -> list[Arrays]:
        """The outputs of each row, without what was padded."""
        return [
            {
                name: value[i, : row.length] if value.ndim == self.token_rank else value[i]
                for name, value in outputs.items()
            }
            for i, row in enumerate(rows)
        ]

    def near(self, one: Arrays, other: Arrays) -> bool:
        """Whether the outputs of a row are the same to the last digits."""
        allowed = _NEAR_HALF if self.half else _NEAR
        return all(
            np.abs(value - other[name]).max(initial=0) <= allowed * np.abs(value).max(initial=1e-9)
            for name, value in one.items()
        )


def _same(one: Row, other: Row) -> bool:
    return all(value.shape == other.feeds[name].shape for name, value in one.feeds.items())


Run = Callable[[Arrays], Awaitable[Arrays]]


async def run_rows(
    run: Run, batching: Batching, rows: Sequence[Row], size: int, ran: Callable[[list[int]], None]
) -> list[Arrays]:
    """The outputs of each row, `size` rows in a run; `ran` hears of the rows that are done."""
    found: list[Arrays] = [{} for _ in rows]
    for group in batching.groups(rows, size):
        some = [rows[place] for place in group]
        pair = _telling(some) if batching.agree is None else []
        if pair:
            outputs = batching.split(await run(batching.collate(pair)), pair)
            batching.agree = await _agree(run, batching, pair, outputs)
            if not batching.agree:
                return await run_rows(run, batching, rows, 1, ran)
        if len(pair) < len(some):
            outputs = batching.split(await run(batching.collate(some)), some)
        for place, output in zip(group, outputs, strict=True):
            found[place] = output
        ran(group)
    return found


def _telling(rows: Sequence[Row]) -> list[Row]:
    """Two rows that differ, so that it shows what they do to each other; none if all are equal."""
    other = next((row for row in reversed(rows) if not _equal(row, rows[0])), None)
    return [] if other is None else [rows[0], other]


def _equal(one: Row, other: Row) -> bool:
    return all(np.array_equal(value, other.feeds[name]) for name, value in one.feeds.items())


async def _agree(
    run: Run, batching: Batching, rows: Sequence[Row], outputs: Sequence[Arrays]
) -> bool:
    """Whether rows give alone what they gave beside each other."""
    for row, output in zip(rows, outputs, strict=True):
        [alone] = batching.split(await run(batching.collate([row])), [row])
        if not batching.near(alone, output):
            return False
    return True


def is_stream(inputs: object) -> bool:
    """Whether inputs come one by one: a generator, another iterator, an asynchronous one."""
    return hasattr(inputs, "__next__") or hasattr(inputs, "__anext__")


async def each(inputs: Iterable[T] | AsyncIterable[T]) -> AsyncGenerator[T]:
    """What an iterable gives, whether it is asynchronous or not."""
    if isinstance(inputs, AsyncIterable):
        async for item in inputs:
            yield item
    else:
        for item in inputs:
            yield item


@dataclass
class Options:
    """The options of every call: rows in a run, and who hears of progress."""

    batch_size: int = 1
    on_progress: OnProgress = silent

    @classmethod
    def take(cls, options: dict[str, Any]) -> Options:
        """Take them out of a call's options; OptionError for a value that cannot be."""
        size = options.pop("batch_size", None)
        report = options.pop("on_progress", None)
        size = 1 if size is None else size
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise OptionError(f"batch_size must be a whole number from 1 on, not {size!r}.")
        if report is not None and not callable(report):
            raise OptionError("on_progress must be a function that takes a Progress.")
        return cls(size, report or silent)

    @property
    def ahead(self) -> int:
        """How many rows are prepared before the first of them run."""
        return self.batch_size * AHEAD if self.batch_size > 1 else 1


class Count:
    """Reports how many inputs are answered; `total` is 0 while nobody knows."""

    def __init__(self, report: OnProgress, total: int) -> None:
        self._report, self._total = report, total
        self._done = 0
        self._left: list[int] = []
        self._owners: list[int] = []

    def begin(self, lengths: Sequence[int]) -> None:
        """Inputs with so many rows each come next."""
        self._left = list(lengths)
        self._owners = [item for item, count in enumerate(lengths) for _ in range(count)]

    def ran(self, rows: Sequence[int]) -> None:
        """These of their rows are done."""
        for row in rows:
            owner = self._owners[row]
            self._left[owner] -= 1
            self._done += self._left[owner] == 0
        self._report(Progress("run", loaded=self._done, total=self._total))
