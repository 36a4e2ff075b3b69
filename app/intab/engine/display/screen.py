"""Where a program's pictures and questions go: a page, or the terminal."""

from __future__ import annotations

import asyncio
import builtins
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from intab.engine.display.devices import Source
    from intab.engine.display.shown import Shown


def _print(shown: Shown) -> None:
    print(shown.text)


def _read_line(prompt: str) -> str:
    return builtins.input(prompt)


def _no_page(about: Mapping[str, Any]) -> Source:
    from intab.engine.display.taking import no_page  # which asks for the screen itself

    return no_page(about)


async def _read_line_later(prompt: str) -> str:
    return await asyncio.to_thread(builtins.input, prompt)


@dataclass(frozen=True)
class Screen:
    """What shows and asks.

    Attributes:
        show: shows one value.
        ask: asks for a line and waits for it in the midst of a call.
        ask_later: the same with `await`.
        draw: draws controls, as `Controls` describes them.
        take: has the reader give pictures, as taking.py describes them.
    """

    show: Callable[[Shown], None] = _print
    ask: Callable[[str], str] = _read_line
    ask_later: Callable[[str], Awaitable[str]] = _read_line_later
    draw: Callable[[list[Mapping[str, Any]]], None] = lambda _: None
    take: Callable[[Mapping[str, Any]], Source] = _no_page


_screens = [Screen()]


def current() -> Screen:
    """The screen of the program that runs."""
    return _screens[-1]


@contextmanager
def use(screen: Screen) -> Iterator[None]:
    """Show and ask there until the end of the block."""
    _screens.append(screen)
    try:
        yield
    finally:
        _screens.remove(screen)


def show(*values: Any, rate: int | None = None) -> None:
    """Show values: below each other in the page, as text in a terminal.

        intab.show([{"word": "fox", "times": 3}, {"word": "den", "times": 1}])

    A dict or a list of dicts is a table; a PIL image, a matplotlib figure, an array [height, width]
    of uint8 or [height, width, 3 or 4] of uint8 or floats from 0 to 1 is a picture, and so are the
    bytes of a PNG, JPEG, GIF or WebP; the bytes of a WAV are sound, and so is what a text-to-audio
    pipeline answers. An answer with log-probabilities (options `logprobs`, `top_logprobs`) has its
    tokens tinted by them. Whatever has `_repr_html_`, `_repr_svg_` or `_repr_png_` is shown so:
    HTML in a frame without scripts. All else is text.

    Args:
        values: what to show.
        rate: samples a second, 1 or more: then each value is sound, an array [n], [n, channels] or
            [channels, n] of floats from -1 to 1 or int16.

    Raises:
        OptionError: with `rate`, a value is no such array.
    """
    from intab.engine.display.shown import represent  # most programs only print

    for value in values:
        shown = represent(value, rate)
        sys.stdout.flush()  # what was printed before stands above
        current().show(shown)
