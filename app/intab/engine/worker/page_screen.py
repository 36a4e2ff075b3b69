"""A program's screen in the page: what it shows and asks goes there as messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from intab.engine.display.screen import Screen
from intab.engine.worker.messages import Ask, Display, Draw, Event, Take, encode
from intab.errors import ProgramError

if TYPE_CHECKING:
    from intab.engine.display.devices import Source
    from intab.engine.display.shown import Shown


def no_pictures(_: str) -> Source:
    """Where the page cannot be asked for pictures or sound."""
    raise ProgramError("This page has no way to give pictures or sound: read them from a file.")


def no_answer() -> str | None:
    """Where Python cannot stand still until the page has answered."""
    raise ProgramError(
        "input() cannot wait here, since this page is not cross-origin isolated: "
        "write `await intab.input()` instead."
    )


@dataclass(frozen=True)
class Wire:
    """The ways to the page.

    Attributes:
        post: sends a text.
        post_data: sends a text and the bytes that go with it.
        wait_for_answer: stands still until the page has answered, and gives the line; None if the
            program is stopped meanwhile.
        open_source: sends a text, upon which the page gives pictures or sound.
    """

    post: Callable[[str], None]
    post_data: Callable[[str, bytes], None]
    wait_for_answer: Callable[[], str | None] = no_answer
    open_source: Callable[[str], Source] = no_pictures


class PageScreen:
    """The screen of one run after the other."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._run = 0
        self._answers: list[asyncio.Future[str]] = []

    def of(self, run: int) -> Screen:
        """The screen of the program with that number; questions of the one before are void."""
        self._run = run
        self._answers.clear()
        return Screen(self._show, self._ask, self._ask_later, self._draw, self._take)

    def answer(self, run: int, text: str) -> None:
        """The page's answer to the oldest question that was asked with `await`."""
        waiting = [answer for answer in self._answers if not answer.done()]
        if run == self._run and waiting:
            waiting[0].set_result(text)

    def _post(self, event: Event) -> None:
        self._wire.post(encode(event))

    def _show(self, shown: Shown) -> None:
        event = Display(self._run, shown.form, shown.text, shown.content)
        if shown.data:
            self._wire.post_data(encode(event), shown.data)
        else:
            self._post(event)

    def _ask(self, prompt: str) -> str:
        if self._wire.wait_for_answer is no_answer:
            no_answer()
        self._post(Ask(self._run, prompt, blocking=True))
        answer = self._wire.wait_for_answer()
        if answer is None:
            raise KeyboardInterrupt
        return answer

    def _ask_later(self, prompt: str) -> Awaitable[str]:
        answer = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        self._post(Ask(self._run, prompt))
        return answer

    def _draw(self, controls: list[Mapping[str, Any]]) -> None:
        self._post(Draw(self._run, controls))

    def _take(self, about: Mapping[str, Any]) -> Source:
        return self._wire.open_source(encode(Take(self._run, **about)))
