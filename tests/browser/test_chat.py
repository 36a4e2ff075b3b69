"""A conversation with the default model: turn for turn what a full recompute gives, greedily.

In CPython and in the page, since each has sessions of its own.
"""

from __future__ import annotations

import json

from playwright.sync_api import Page

from intab.engine.program import run_program
from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor

PROGRAM = """
import intab, json
model = await intab.load("default")
chat = model.chat(system="You tell stories.", do_sample=False, max_new_tokens=30)
await chat.prefill()
kept, turns = chat.snapshot(), []

async def turn(chat, words):
    answer = await chat.send(words)
    anew = await model.generate(chat.messages[:-1], do_sample=False, max_new_tokens=30)
    turns.append([answer.ids == anew.ids, answer.metrics.cached_tokens > 0])

for words in ("Write a story about a cat.", "Continue this story.", "And then?"):
    await turn(chat, words)
del chat.messages[3:]
await turn(chat, "Who was there?")
await turn(chat.fork(), "Why?")
chat.restore(kept)
await turn(chat, "Write a story about a fox.")
print(json.dumps(turns))
"""
EXPECTED = [[True, True]] * 6


async def test_in_cpython() -> None:
    printed: list[str] = []
    failure = await run_program(PROGRAM, printed.append, printed.append)
    assert failure is None
    assert json.loads("".join(printed)) == EXPECTED


def test_in_the_page(page: Page, served: str) -> None:
    assert printed_json(Visitor(page).open(served), PROGRAM) == EXPECTED
