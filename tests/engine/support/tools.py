"""Functions that become tools: with every kind of annotation and docstring that has a schema.

tests/golden/make_chat.py asks transformers for theirs; those of REFUSED it refuses.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Literal, Optional, Union


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.Enum):
    LOW = 1
    NONE = None
    NAME = "name"


def multiply(x: float, y: float) -> float:
    """
    A function that multiplies two numbers

    Args:
        x: The first number to multiply
        y: The second number to multiply
    """
    return x * y


def weather(
    place: str,
    unit: Literal["celsius", "fahrenheit"] = "celsius",
    days: int | None = None,
    detailed: bool = False,
) -> dict[str, Any]:
    """Tell the weather.

    It is asked for at once: and not
    from any cache.

    Args:
        place: The town and the country,
            like "Paris, France"
        unit: The unit to use
        days: How many days
        detailed: Whether to say more

    Returns:
        The weather: a dict with
        temperature and rain.

    Raises:
        ValueError: where there is no such place
    """
    return {}


def drink(beverage: str, sizes: list[int], names: "dict[str, float]") -> None:  # noqa: UP037
    """Drinks.

    Args:
        beverage: What to drink (choices: ["tea", " coffee "])
        sizes: Sizes in order (Choices: [1, 2, 3])

        names: Names and weights: each a number
    """


def colours(
    colour: Colour, level: Level, pair: tuple[int, str], either: int | str, more: list[str] | int
) -> list[Colour]:
    """Mixes colours.

    Args:
      colour: a colour
      level: a level
      pair: two things
      either: one of two
      more: one or many
    """
    return []


def old(
    a: Optional[int],  # noqa: UP045
    b: Union[int, float, None],  # noqa: UP007
    c: list,  # type: ignore[type-arg]
    d: dict,  # type: ignore[type-arg]
    e: tuple,  # type: ignore[type-arg]
    f: Any,
) -> str:
    """Old annotations.
    Args:
        a: a
        b: b
        c: c
        d: d
        e: e
        f: f
    Returns: nothing of use
    """
    return ""


def typed(place: str, days: int = 3) -> str:
    """Tell the weather.

    Args:
        place (str): The town (and the country), such
            as: Paris
        days (`int`, *optional*, defaults to 3): How many
            (at most): 7

    Returns:
        str: the weather
    """
    return place * days


def nothing() -> object:
    """Does nothing at all."""


class ModelCache:
    """Its method is a tool as well."""

    def find(self, title: str, *, exact: bool = True) -> str:
        """Find a book.

        Args:
            title: its title
            exact: whether it must be the very title
        """
        return title


def without_docstring(a: int) -> None:
    pass


def without_description(a: int, b: int) -> None:
    """Half described.

    Args:
        a: a number
    """


def without_annotation(a) -> None:  # type: ignore[no-untyped-def]
    """Not annotated.

    Args:
        a: a number
    """


def custom(a: ModelCache) -> None:
    """Of a class.

    Args:
        a: a shelf
    """


def one_tuple(a: tuple[int]) -> None:
    """Of one.

    Args:
        a: a tuple
    """


def any_tuple(a: tuple[int, ...]) -> None:
    """Of any number.

    Args:
        a: a tuple
    """


def bad_choices(a: str) -> None:
    """Chooses.

    Args:
        a: a thing (choices: tea, coffee)
    """


def unknown(a: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
    """Of a name that is not there.

    Args:
        a: a thing
    """


TOOLS: dict[str, Callable[..., Any]] = {
    "multiply": multiply,
    "weather": weather,
    "drink": drink,
    "colours": colours,
    "old": old,
    "typed": typed,
    "nothing": nothing,
    "method": ModelCache().find,
}
REFUSED: dict[str, Callable[..., Any]] = {
    "no docstring": without_docstring,
    "does not describe 'b'": without_description,
    "no annotation for 'a'": without_annotation,
    "ModelCache": custom,
    r"tuple\[int\]": one_tuple,
    r"tuple\[int, \.\.\.\]": any_tuple,
    "choices that are not a list": bad_choices,
    "name 'Nowhere' is not defined": unknown,
    "no signature found": dict,
}
