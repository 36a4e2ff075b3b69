"""A user's logits processors for one sequence: what one remembers is of that sequence alone.

A function (ids, logits) -> logits is called as it is. An object with `__call__` is copied if
several sequences are generated; a factory, which takes nothing, makes a processor for each.

    >>> own_processors([no_commas, Counter(5), lambda: Counter(5)], several=True)
    (<function no_commas>, <a copy of the first Counter>, <a new Counter>)
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, TypeVar, cast

from intab.engine.types import LogitsProcessor, LogitsProcessorFactory
from intab.errors import OptionError

T = TypeVar("T")
Passed = LogitsProcessor | LogitsProcessorFactory


def own_processors(
    passed: Sequence[Passed], *, several: bool = False, beams: bool = False
) -> tuple[LogitsProcessor, ...]:
    """The processors of one sequence.

    `several`: other sequences are generated with what was passed. `beams`: the sequence forks.
    """
    processors = [None if is_factory(each) else each for each in passed]
    if several:
        processors = copied(processors)
    pairs = zip(passed, processors, strict=True)
    return tuple(
        cast("LogitsProcessor", one) if one else _made(cast("LogitsProcessorFactory", each), beams)
        for each, one in pairs
    )


def is_factory(passed: Callable[..., Any]) -> bool:
    """Whether it makes processors instead of being one: a class, or a function of no parameters."""
    if isinstance(passed, type):
        return True
    try:
        return not inspect.signature(passed).parameters
    except (TypeError, ValueError):  # a function of C's that does not tell, such as max
        return False


def forked(
    processors: Sequence[list[LogitsProcessor]], sources: Sequence[int]
) -> list[list[LogitsProcessor]]:
    """Those of the sequences `sources`, which go on; copies if a source comes again."""
    return [
        copied(processors[source]) if source in sources[:at] else processors[source]
        for at, source in enumerate(sources)
    ]


def copied(processors: list[T]) -> list[T]:
    """Copies of objects; of functions and classes there are none, and the same ones come back."""
    try:
        return copy.deepcopy(processors)
    except (TypeError, copy.Error) as exc:
        raise OptionError(
            f"A logits processor cannot be copied for each answer ({exc}): give it a method "
            "__deepcopy__(memo), or pass a function without parameters that makes one."
        ) from exc


def _made(factory: LogitsProcessorFactory, beams: bool) -> LogitsProcessor:
    made = factory()
    name = getattr(factory, "__name__", repr(factory))
    if not callable(made):
        raise OptionError(
            f"{name} takes no parameters, and so makes logits processors, but it returned "
            f"{type(made).__name__}: return a processor, called with (ids, logits)."
        )
    if beams and isinstance(made, FunctionType) and made.__closure__:
        raise OptionError(
            f"A beam goes on with a copy of its logits processors, and the function that {name} "
            "made cannot be copied: return an object with __call__(self, ids, logits)."
        )
    return made
