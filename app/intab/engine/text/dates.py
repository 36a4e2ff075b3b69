"""datetime.strftime as CPython on Linux has it, in every ring: a browser's C library knows less.

    >>> strftime(datetime(2026, 3, 5, 14), "%-d %B %Y, %l %P")
    '5 March 2026,  2 pm'

The rules are those of glibc's strftime_l.c in the C locale, with its flags, widths and modifiers:
https://sourceware.org/git/?p=glibc.git;a=blob;f=time/strftime_l.c
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

# CPython itself answers %f, %z, %:z and %Z, if they have no flags; such a date has no zone.
_OWN = re.compile(r"%(:z|.)", re.DOTALL)
_DIRECTIVE = re.compile(r"%([_\-0^#]*)([0-9]*)([EO]?)(.?)", re.DOTALL)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
# CPython gives '' for a result 256 times as long as its format, and tries buffers of these sizes.
_BUFFER, _TIMES = 1024, 256


def strftime(date: datetime, pattern: str) -> str:
    """The text of a date of now; '' for one that CPython takes for endless."""
    fields = {"f": f"{date.microsecond:06}", "z": "", ":z": "", "Z": ""}
    pattern = _OWN.sub(lambda found: fields.get(found[1], found[0]), pattern)
    room = _BUFFER
    while room < _TIMES * len(pattern):
        room *= 2
    try:
        text = _format(date, pattern, room)
    except _TooLongError:
        return ""
    return text if len(text) < room else ""


class _TooLongError(Exception):
    """The text needs more room than there is."""


def _format(date: datetime, pattern: str, room: int) -> str:
    return _DIRECTIVE.sub(lambda found: _directive(date, found, room), pattern)


def _directive(date: datetime, found: re.Match[str], room: int) -> str:
    flags, width, modifier, char = found.groups()
    field = _Field(flags, int(width[:9] or -1), modifier)
    if field.width >= room:
        raise _TooLongError
    for chars, allowed, make in _KINDS:
        if char and char in chars and modifier in allowed:
            return make(date, char, field)
    upper = "#" in flags and char in ("b", "h")  # what it asked of the name that is refused
    return field.padded(found[0].upper() if upper else field.cased(found[0]))


@dataclass(frozen=True)
class _Field:
    """What stands between the % and its letter."""

    flags: str
    width: int
    modifier: str

    @property
    def pad(self) -> str:
        """The last of the flags that say how numbers are padded."""
        return next((flag for flag in reversed(self.flags) if flag in "_-0"), "")

    def cased(self, text: str) -> str:
        return text.upper() if "^" in self.flags else text

    def padded(self, text: str) -> str:
        return text.rjust(self.width, "0" if self.pad == "0" else " ")


def _number(value: int, digits: int, field: _Field, pad: str) -> str:
    text = str(value)
    if pad == "-":
        return field.padded(text)
    return text.rjust(max(digits, field.width), " " if pad == "_" else "0")


def _zeros(date: datetime, char: str, field: _Field) -> str:
    value, digits = _NUMBERS[char]
    return _number(value(date), digits, field, field.pad)


def _seconds(date: datetime, char: str, field: _Field) -> str:  # noqa: ARG001
    return field.padded(str(int(date.replace(microsecond=0).timestamp())))


def _spaces(date: datetime, char: str, field: _Field) -> str:
    value, digits = _NUMBERS[char]
    return _number(value(date), digits, field, field.pad if field.pad in ("0", "-") else "_")


def _name(date: datetime, char: str, field: _Field) -> str:
    day, month = _DAYS[date.weekday()], _MONTHS[date.month - 1]
    text = {"a": day[:3], "A": day, "B": month}.get(char, month[:3])
    return field.padded(text.upper() if field.flags.strip("_-0") else text)


def _half(date: datetime, char: str, field: _Field) -> str:
    text = "PM" if date.hour >= 12 else "AM"
    return field.padded(text.lower() if char == "P" or "#" in field.flags else text)


def _parts(date: datetime, char: str, field: _Field) -> str:
    return field.padded(field.cased(_format(date, _SHORTHANDS[char], _BUFFER)))


def _zone(date: datetime, char: str, field: _Field) -> str:  # noqa: ARG001
    return field.padded("") if char == "Z" else ""


def _sign(date: datetime, char: str, field: _Field) -> str:  # noqa: ARG001
    return field.padded({"n": "\n", "t": "\t"}.get(char, char))


def _week(date: datetime, first: int) -> int:
    """The week of the year, the first one begins with the first Sunday (0) or Monday (1)."""
    yearday = date.timetuple().tm_yday - 1
    weekday = date.isoweekday() % 7
    return (yearday - (weekday - first) % 7 + 7) // 7


_NUMBERS: dict[str, tuple[Callable[[datetime], int], int]] = {
    "C": (lambda date: date.year // 100, 2),
    "d": (lambda date: date.day, 2),
    "e": (lambda date: date.day, 2),
    "g": (lambda date: date.isocalendar().year % 100, 2),
    "G": (lambda date: date.isocalendar().year, 1),
    "H": (lambda date: date.hour, 2),
    "I": (lambda date: (date.hour + 11) % 12 + 1, 2),
    "j": (lambda date: date.timetuple().tm_yday, 3),
    "k": (lambda date: date.hour, 2),
    "l": (lambda date: (date.hour + 11) % 12 + 1, 2),
    "m": (lambda date: date.month, 2),
    "M": (lambda date: date.minute, 2),
    "S": (lambda date: date.second, 2),
    "u": (lambda date: date.isoweekday(), 1),
    "U": (lambda date: _week(date, 0), 2),
    "V": (lambda date: date.isocalendar().week, 2),
    "w": (lambda date: date.isoweekday() % 7, 1),
    "W": (lambda date: _week(date, 1), 2),
    "y": (lambda date: date.year % 100, 2),
    "Y": (lambda date: date.year, 1),
}
_SHORTHANDS = {
    "c": "%a %b %e %H:%M:%S %Y",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "r": "%I:%M:%S %p",
    "R": "%H:%M",
    "T": "%H:%M:%S",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
}
# Letters, the modifiers that they take, and their values.
_KINDS: tuple[tuple[str, tuple[str, ...], Callable[[datetime, str, _Field], str]], ...] = (
    ("%nt", ("", "E", "O"), _sign),
    ("aA", ("",), _name),
    ("bBh", ("", "O"), _name),
    ("zZ", ("", "E", "O"), _zone),
    ("pP", ("", "E", "O"), _half),
    ("DF", ("",), _parts),
    ("cxX", ("", "E"), _parts),
    ("RTr", ("", "E", "O"), _parts),
    ("ekl", ("", "O"), _spaces),
    ("dgGHIjmMSUVwW", ("", "O"), _zeros),
    ("Y", ("", "E"), _zeros),
    ("s", ("", "E", "O"), _seconds),
    ("Cuy", ("", "E", "O"), _zeros),
)
