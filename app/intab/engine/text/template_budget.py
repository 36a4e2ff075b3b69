"""What one rendering of a chat template may use: steps, characters, depth, seconds.

Jinja's sandbox keeps a template from the program around it, but not from running for ever or from
eating all memory, and a worker has no signals that would end it. So every loop turn, call, filter,
operator and output is a step that spends from a `Budget`; whatever one step could blow up is
measured before it is done. template_sandbox.py does the spending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, NoReturn, cast

from jinja2.utils import Namespace

from intab.errors import ChatTemplateError

# Most templates take a few thousand steps; some look at every character of every message.
MAX_STEPS = 3_000_000
MAX_SIZE = 4_000_000  # characters of one value; each item of a list is ITEM more
MAX_TOTAL = 50_000_000  # characters of all values that were made
MAX_DEPTH = 64  # calls within calls, values within values
MAX_SECONDS = 10.0
ITEM = 32
WORK = 1000  # characters that are looked at or copied in about the time of a step

_EMPTY: dict[object, object] = {}
_VIEWS = (type(_EMPTY.keys()), type(_EMPTY.values()), type(_EMPTY.items()))
_CONTAINERS: Any = (list, tuple, set, frozenset, *_VIEWS)

_ATOMS = (str, int, float, bool, type(None))


class Budget:
    """Spent by one rendering; ChatTemplateError names the limit that was passed."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._steps = self._total = self._depth = 0
        self._clock = clock
        self._end = clock() + MAX_SECONDS

    def step(self, made: int = 0) -> None:
        """Count one step, which made a value of that many characters."""
        self._total += made
        if self._total > MAX_TOTAL:
            stop(f"it made more than {MAX_TOTAL:,} characters")
        self.spend(1)

    def spend(self, steps: int) -> None:
        """Count steps that make nothing, such as looking at the items of a list."""
        self._steps += steps
        if self._steps > MAX_STEPS:
            stop(f"it took more than {MAX_STEPS:,} steps")
        if self._clock() > self._end:
            stop(f"it took more than {MAX_SECONDS:.0f} seconds")

    @contextmanager
    def deeper(self) -> Any:
        """Within: one call deeper."""
        self._depth += 1
        try:
            if self._depth > MAX_DEPTH:
                stop(f"it called itself more than {MAX_DEPTH} levels deep")
            yield
        finally:
            self._depth -= 1


# The budget of the rendering under way, None between renderings.
current: ContextVar[Budget | None] = ContextVar("the budget of a rendering", default=None)


def stop(reason: str) -> NoReturn:
    """Raise what ends the rendering."""
    raise ChatTemplateError(
        f"The model's chat template was stopped: {reason}. It is broken or made to do harm: "
        "pass a chat_template of your own, or a prompt as a string."
    )


def bound(size: float, what: str = "a value") -> None:
    """Stop if something would be larger than a value may be."""
    if size > MAX_SIZE:
        stop(f"{what} would have more than {MAX_SIZE:,} characters")


def size(value: object) -> int:
    """About how many characters `value` itself has; of a container, its items alone."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if value is None or isinstance(value, float):
        return 0
    if isinstance(value, int):
        return value.bit_length() // 3 + 1
    if isinstance(value, Namespace):
        return ITEM * len(vars_of(value))
    return ITEM * len(cast("Sized", value)) if isinstance(value, (*_CONTAINERS, dict, range)) else 0


def measure(value: object) -> int:
    """About how many characters `value` has when printed, items within items and all.

    Printing or comparing may take so long, since a list may hold another one many times over. More
    than MAX_SIZE is never counted, but stopped; each item and each WORK characters are a step.
    """
    total, nodes = size(value), 0
    bound(total)
    left: list[tuple[object, int]] = [(value, 0)]
    while left:
        one, depth = left.pop()
        if depth > MAX_DEPTH:
            stop(f"a value has more than {MAX_DEPTH} values within each other")
        for item in _items(one):
            nodes += 1
            total += size(item)
            if type(item) not in _ATOMS:
                left.append((item, depth + 1))
        bound(total)
    spend(nodes + total // WORK)
    return total


def spend(steps: int) -> None:
    """Count steps of the rendering under way, if there is one."""
    budget = current.get()
    if steps and budget:
        budget.spend(steps)


def _items(value: object) -> Iterable[object]:
    if isinstance(value, (str, range)):  # nearly always
        return ()
    if isinstance(value, dict):
        return (part for item in value.items() for part in item)
    if isinstance(value, _CONTAINERS):
        return cast("Iterable[object]", value)
    # A template may put a namespace into itself.
    return vars_of(value).values() if isinstance(value, Namespace) else ()


def vars_of(namespace: Namespace) -> dict[str, Any]:
    """What a template keeps in a namespace."""
    attributes: dict[str, Any] = object.__getattribute__(namespace, "_Namespace__attrs")
    return attributes


def number(value: object) -> int:
    """How large the numbers or texts are that decide how much a filter or method makes."""
    if isinstance(value, int):
        return abs(value)
    if isinstance(value, float):
        return 1
    return measure(value)
