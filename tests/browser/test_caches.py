"""Longrope, short convolutions and state spaces answer in a page as transformers do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor, visits
from tests.native.test_caches import OPTIONS, RECORDED, write_case

# One prompt after the other, one in pieces, and all at once.
PROGRAM = """
    import intab, json
    model = await intab.load({case!r}, device="wasm")
    prompts, options = json.loads({prompts!r}), json.loads({options!r})
    alone = [await model.generate(prompt, **options) for prompt in prompts]
    pieces = await model.generate(prompts[-1], prefill_chunk_size=4, **options)
    together = await model.generate(prompts, **options)
    print(json.dumps([[one.ids for one in found] for found in (alone, [pieces], together)]))
"""


@pytest.fixture(scope="module")
def visitor(
    browser: Browser, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visitor]:
    folder = copy_site(site, tmp_path_factory.mktemp("caches"))
    for case in RECORDED:
        write_case(folder / "models" / case, case)
    with serve_command(folder) as address:
        yield from visits(browser, address)


@pytest.mark.parametrize("case", RECORDED)
def test_answers_are_those_of_transformers(visitor: Visitor, case: str) -> None:
    prompts = json.dumps([one["prompt"] for one in RECORDED[case]])
    program = PROGRAM.format(case=case, prompts=prompts, options=json.dumps(OPTIONS))
    alone, [pieces], together = printed_json(visitor, program)
    wanted = [one["ids"] for one in RECORDED[case]]
    assert alone == wanted
    assert pieces == wanted[-1]
    assert together == wanted
