"""Batches, beams and long prompts that are cut short in a real page: all is free at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits

BEGIN = """
    import asyncio, intab, json
    from intab.browser.ffi import js_worker
    model = await intab.load("default")
    options = dict(do_sample=False, max_new_tokens=6)
    wanted = (await model.generate("Once upon a time", **options)).ids

    async def cancelled(call, turns):
        "Cancel a call after so many turns of the event loop."
        task = asyncio.ensure_future(call)
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
            return "done"
        except asyncio.CancelledError:
            return "cancelled"

    def failing(ids, logits):
        if len(ids) > 8:
            raise ZeroDivisionError
        return logits

    async def failed(call):
        try:
            await call
        except ZeroDivisionError:
            return "failed"
"""
END = """
    [again] = await model.generate(["Once upon a time"], **options)
    await asyncio.sleep(0)  # a session's close waits its turn
    print(json.dumps([how, again.ids == wanted, js_worker().liveTensors()]))
"""


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    yield from visits(returning, served)


@pytest.mark.parametrize(
    ("call", "how"),
    [
        ('cancelled(model.generate(["Once", "The king"], max_new_tokens=400), 20)', "cancelled"),
        ('cancelled(model.generate("Once", num_beams=3, max_new_tokens=400), 20)', "cancelled"),
        (
            'cancelled(model.generate("a b " * 200, max_new_tokens=9, prefill_chunk_size=4), 9)',
            "cancelled",
        ),
        ('failed(model.generate(["Once", "The king"], logits_processors=[failing]))', "failed"),
        ('failed(model.generate("Once", num_beams=3, logits_processors=[failing]))', "failed"),
        (
            'failed(model.generate("Once", num_return_sequences=2, seed=1, '
            "logits_processors=[failing]))",
            "failed",
        ),
    ],
)
def test_the_model_is_free_at_once(opened: Visitor, call: str, how: str) -> None:
    program = f"{BEGIN}\n    how = await {call}\n{END}"
    assert printed_json(opened, program) == [how, True, 0]


def test_a_prompt_in_pieces_is_the_prompt(opened: Visitor) -> None:
    program = """
        import intab, json
        model = await intab.load("default")
        prompt = "Once upon a time there was a dog who liked the rain. " * 8
        found = [
            (await model.generate(prompt, do_sample=False, max_new_tokens=8, **size)).ids
            for size in ({}, {"prefill_chunk_size": 16}, {"prefill_chunk_size": 1000})
        ]
        print(json.dumps([found[0] == found[1] == found[2], len(found[0])]))
    """
    assert printed_json(opened, program) == [True, 8]
