"""A conversation with the default model: turn for turn what a full recompute gives, greedily.

In CPython and in the page, since each has sessions of its own.
"""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

from intab.engine.worker.program import run_program
from tests.browser.programs import printed_json
from tests.browser.visitor import STARTED, Visitor

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
    assert await printed_in_cpython(PROGRAM) == EXPECTED
    load, warm_up, memory = await printed_in_cpython(FIGURES)
    assert 0 < warm_up < load
    assert memory > 50 * MEBIBYTE


async def printed_in_cpython(program: str) -> Any:
    printed: list[str] = []
    assert await run_program(program, printed.append, printed.append) is None
    return json.loads("".join(printed))


FIGURES = """
import intab, json
model = await intab.load("default")
metrics = (await model.generate("Once", max_new_tokens=2)).metrics
print(json.dumps([metrics.load_time, metrics.warm_up_time, metrics.peak_memory]))
"""
MEBIBYTE = 2**20


MISUSED = """
import asyncio, intab, json
from intab.errors import RunError

model = await intab.load("default")
chat, told = model.chat(do_sample=False, max_new_tokens=8), []
first, second = await asyncio.gather(
    chat.send("Tell me of a fox."), chat.send("Sing."), return_exceptions=True
)
anew = await model.generate(chat.messages[:-1], do_sample=False, max_new_tokens=8)
told += [first.ids == anew.ids, str(second)]
try:
    async for _ in chat.stream("And then?"):
        chat.close()
except RunError as exc:
    told.append(str(exc))
told.append((await chat.send("Once more.")).finish_reason)
print(json.dumps(told))
"""
SAID = [
    True,
    "This chat is still answering: wait for its answer, or fork() the chat.",
    "The chat was closed while it was answering: send again.",
    "length",
]


async def test_misused_in_cpython() -> None:
    assert await printed_in_cpython(MISUSED) == SAID


def test_in_the_page(later: Page, served: str) -> None:
    visitor = Visitor(later).open(served)
    assert printed_json(visitor, PROGRAM) == EXPECTED
    load, warm_up, memory = printed_json(visitor, FIGURES)
    assert 0 < warm_up < load < STARTED / 1000
    # Python takes some 30 MiB, the model's weights as floats 25.
    assert 50 * MEBIBYTE < memory < 500 * MEBIBYTE
    assert printed_json(visitor, MISUSED) == SAID
