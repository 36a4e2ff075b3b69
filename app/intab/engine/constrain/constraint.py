"""What an option asks an answer to be, checked as far as that goes without the library."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from intab.engine.types import Logits
from intab.errors import RunError

if TYPE_CHECKING:
    from intab.engine.constrain.library import Start
    from intab.engine.text.tokenizer import Tokenizer

OPTIONS = ("json_schema", "regex", "choices", "grammar", "json_object")
LIBRARY = "llguidance"
Make = Callable[[Any], Any]
# Fetches a package that not everybody needs, if the platform has to.
Bring = Callable[[str], Awaitable[None]]


class Follower(Protocol):
    """Where one sequence is in what holds it: a `Matcher`, or what has one at times."""

    @property
    def ended(self) -> bool:
        """Whether nothing may follow any more."""

    def copy(self) -> Follower: ...
    def mask(self, ids: list[int], logits: Logits) -> Logits: ...
    def allowed(self, size: int) -> NDArray[np.bool_]: ...
    def accept(self, token: int) -> None: ...
    def forced(self) -> list[int]: ...
    def agreeing(self, tokens: Sequence[int]) -> int: ...


class Beginning(Protocol):
    """Where every sequence begins."""

    def matcher(self) -> Follower: ...


Begin = Callable[[], Awaitable[Beginning]]


@dataclass(frozen=True)
class Constraint:
    """What an answer is to be.

    Attributes:
        option: the option that asks for it.
        kind: what `text` is: "json" (a schema), "regex", "lark" or "gbnf".
        text: in the library's syntax.
        make: what `parsed` makes of the answer's JSON; None leaves it.
    """

    option: str
    kind: str
    text: str
    make: Make | None = None

    def parse(self, answer: str) -> Any:
        """The value of an answer that is whole: that of its JSON, or the text itself."""
        if self.kind != "json":
            return answer
        value = load_answer(answer)
        return self.make(value) if self.make else value


def load_answer(text: str) -> Any:
    """The value of an answer's JSON; RunError if it is none, such as one that was cut."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise RunError(
            f'The answer is not JSON ({exc}): if finish_reason is "length", it was cut, and more '
            "max_new_tokens help; else ask for JSON by json_schema or json_object."
        ) from exc


def beginning(
    constraint: Constraint | None,
    tokenizer: Tokenizer,
    size: int,
    ends: tuple[int, ...],
    bring: Bring,
) -> Begin | None:
    """What compiles a constraint when it is called, for `size` logits of a model with that
    tokenizer and those end tokens; None if there is no constraint.

    It raises OptionError for what the library refuses.
    """
    return None if constraint is None else partial(_begin, constraint, tokenizer, size, ends, bring)


async def _begin(
    constraint: Constraint, tokenizer: Tokenizer, size: int, ends: tuple[int, ...], bring: Bring
) -> Start:
    await bring(LIBRARY)
    from intab.engine.constrain.library import compiled  # few ask for it

    return compiled(constraint, tokenizer, size, ends)
