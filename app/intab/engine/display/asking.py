"""Questions to the reader: a line of text, and controls whose values may change meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from intab.engine.display import screen
from intab.engine.generation.options import GenerationOptions
from intab.engine.types import LiveNumber
from intab.errors import OptionError

Value = float | str | bool
_DEFAULTS = {field.name: field.default for field in fields(GenerationOptions)}
_changed: dict[str, Value] = {}  # what the visitor set, by name: the next program begins with it


async def input(prompt: object = "") -> str:  # noqa: A001 - Python's own name for it
    """Ask for a line of text: in a box below the output, or in the terminal.

    Args:
        prompt: the question.

    Returns:
        The line, without its end.
    """
    sys.stdout.flush()
    return await screen.current().ask_later(str(prompt))


class Controls(Mapping[str, Any]):
    """Values that can be changed while the program runs: attributes, or a mapping of options.

    controls = intab.controls(temperature=(0, 2), top_p=(0, 1))
    async for chunk in model.stream("Once", **controls):
        print(chunk, end="")
    """

    def __init__(self, specs: Mapping[str, Mapping[str, Any]]) -> None:
        self._specs = specs

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("_specs", ()):
            return self[name]
        raise AttributeError(f"there is no control {name!r}")

    def __getitem__(self, name: str) -> Any:
        spec = self._specs[name]
        value = _value(name, spec)
        if not isinstance(value, float):
            return value
        return LiveNumber(value, lambda: float(_value(name, spec)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def __repr__(self) -> str:
        return f"<intab.Controls {self}>"

    def __str__(self) -> str:
        return ", ".join(f"{name}={_value(name, spec)!r}" for name, spec in self._specs.items())


def controls(**given: Any) -> Controls:
    """Draw controls beside the output: sliders, choices, boxes.

        controls = intab.controls(temperature=(0, 2), animal=["fox", "owl"], loud=False, name="Mia")

    A change reaches a generation that got `**controls` at its next token, as far as it is a number
    for sampling (temperature, top_p, min_p ...), and `controls.NAME` at once. If no program runs,
    the program is run again with it; a line of text counts as changed when nobody has typed for a
    moment. In a terminal each control has its first value.

    Args:
        given: by name, (low, high) or (low, high, start) for a slider, whole numbers if all are; a
            list of texts for a choice; True or False for a tick; a text for a line of text. A
            slider without start begins with the option's default, or in the middle.

    Returns:
        The controls, with their values as attributes and as a mapping.

    Raises:
        OptionError: a control is none of these.
    """
    specs = {name: _spec(name, value) for name, value in given.items()}
    drawn = Controls(specs)
    screen.current().draw(
        [{"name": name, **spec, "value": _value(name, spec)} for name, spec in specs.items()]
    )
    return drawn


def change(name: str, value: Value) -> None:
    """The visitor set a control."""
    _changed[name] = value


def _value(name: str, spec: Mapping[str, Any]) -> Value:
    """What the visitor set, as far as this control may be that."""
    value: Value = _changed.get(name, spec["value"])
    if spec["kind"] == "range":
        if isinstance(value, bool) or not isinstance(value, int | float):
            return spec["value"]  # type: ignore[no-any-return]
        inside = min(max(value, spec["low"]), spec["high"])
        return round(inside) if spec["whole"] else float(inside)
    if spec["kind"] == "choice" and value not in spec["choices"]:
        return spec["value"]  # type: ignore[no-any-return]
    return value if type(value) is type(spec["value"]) else spec["value"]


def _spec(name: str, given: Any) -> dict[str, Any]:
    if isinstance(given, bool):
        return {"kind": "tick", "value": given}
    if isinstance(given, str):
        return {"kind": "text", "value": given}
    if isinstance(given, list) and given and all(isinstance(one, str) for one in given):
        return {"kind": "choice", "choices": given, "value": given[0]}
    if isinstance(given, tuple) and len(given) in (2, 3) and _ascending(given):
        return _range(name, given)
    raise OptionError(
        f"The control {name} must be (low, high) or (low, high, start) with low < high, a list of "
        "texts, True or False, or a text."
    )


def _ascending(given: Sequence[Any]) -> bool:
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in given):
        return False
    low, high, start = given[0], given[1], given[-1] if len(given) == 3 else given[0]
    return bool(-1e15 < low < high < 1e15 and low <= start <= high)


def _range(name: str, given: Sequence[float]) -> dict[str, Any]:
    low, high = given[:2]
    usual = _DEFAULTS.get(name)
    # An option that is a fraction is one, though its ends are written as whole numbers.
    whole = all(isinstance(one, int) for one in given) and not isinstance(usual, float)
    start = given[-1] if len(given) == 3 else (low + high) / 2
    if len(given) == 2 and isinstance(usual, int | float) and low <= usual <= high:
        start = usual
    value = round(start) if whole else float(start)
    step = 1 if whole else (high - low) / 100
    return {"kind": "range", "low": low, "high": high, "step": step, "whole": whole, "value": value}
