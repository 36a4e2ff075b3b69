"""Batches, beams and sampling in a real page are transformers' own, as recorded.

tests/native/test_reference.py has the same in CPython.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import intab
from tests.browser.conftest import Stock
from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.conftest import ROOT
from tests.support.llama import GROUPED, TINY, write_llama

ATTENTIONS = ("decomposed", "grouped", "positioned")
SEVERAL = """
import intab, json
options = dict(do_sample=False, max_new_tokens=8, eos_token_id=[])
prompts = ["Once upon a time there was", "abc", "Hello"]
found = []
for name in {names!r}:
    model = await intab.load("llama-" + name)
    alone = [(await model.generate(p, prefill_chunk_size=5, **options)).ids for p in prompts]
    together = [one.ids for one in await model.generate(prompts, **options)]
    best = await model.generate(prompts[0], num_beams=3, **options)
    found.append([alone, together, best.ids])
    await model.close()
print(json.dumps(found))
"""
COMPARING = """
import json
import intab
from pyodide.http import pyfetch
from intab.browser.ffi import js_worker

recorded = await (await pyfetch(js_worker().root + "models/generation.json")).json()
model = await intab.load({name!r})
print(json.dumps(await differences(model, recorded["models"][{name!r}])))
await model.close()
"""


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str, stock: Stock) -> Iterator[Visitor]:
    """The site with the recorded answers and the small random model."""
    golden = (ROOT / "tests/golden/generation.json").read_text("utf-8")
    stock("generation.json").write_text(golden)
    write_llama(stock("tiny"), TINY)
    for attention in ATTENTIONS:
        write_llama(stock(f"llama-{attention}"), GROUPED, attention)
    yield from visits(returning, served)


@pytest.mark.parametrize("name", ["default", "tiny"])
def test_all_is_as_recorded(opened: Visitor, name: str) -> None:
    program = (ROOT / "tests/engine/support/reference.py").read_text("utf-8")
    assert printed_json(opened, program + COMPARING.format(name=name)) == []


DRAWN: list[dict[str, Any]] = [
    {"seed": 1},
    {"seed": 2, "temperature": 1.5, "top_k": 0, "top_p": 0.95},
    {"seed": 3, "typical_p": 0.9, "repetition_penalty": 1.2},
    {"seed": 4, "num_return_sequences": 3, "top_k": 20},
    {"seed": 5, "num_beams": 3, "num_return_sequences": 3, "do_sample": True},
]
DRAWING = """
import intab, json
model = await intab.load("default")
found = []
for options in {drawn!r}:
    several = {{"num_return_sequences": 1, "max_new_tokens": 40, **options}}
    found.append([one.ids for one in await model.generate("Once upon a time", **several)])
print(json.dumps(found))
"""


def test_the_same_seed_draws_the_same_as_in_cpython(opened: Visitor) -> None:
    async def here() -> list[list[list[int]]]:
        model = await intab.load(str(ROOT / "models/default"))
        found = []
        for options in DRAWN:
            several: dict[str, Any] = {"num_return_sequences": 1, "max_new_tokens": 40, **options}
            answers = await model.generate("Once upon a time", **several)
            found.append([list(one.ids) for one in answers])
        return found

    # Playwright has an event loop of its own in this thread.
    with ThreadPoolExecutor(1) as thread:
        wanted = thread.submit(lambda: asyncio.run(here())).result()
    assert printed_json(opened, DRAWING.format(drawn=DRAWN)) == wanted


def test_group_query_attention_is_as_plain_operators(opened: Visitor) -> None:
    """In pieces, side by side and in beams, though it takes no padding on the left."""
    plain, *grouped = printed_json(opened, SEVERAL.format(names=ATTENTIONS))
    assert plain[0] == plain[1]
    assert grouped == [plain, plain]
