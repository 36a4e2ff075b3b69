"""Pipelines in a real browser give what transformers' give."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor, visits
from tests.native.test_pipelines import CASES, GOLDEN, same

PROGRAM = """
import intab, json

cases = json.loads({cases!r})
found = []
for case in cases:
    pipe = await intab.pipeline(case["task"], case["folder"])
    found.append([await pipe(call["inputs"], **call["options"]) for call in case["calls"]])
    await pipe.close()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def visitor(
    browser: Browser, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visitor]:
    folder = copy_site(site, tmp_path_factory.mktemp("pipelines"))
    for model in (GOLDEN / "pipelines").iterdir():
        shutil.copytree(model, folder / "models" / model.name)
    with serve_command(folder) as address:
        yield from visits(browser, address)


def test_as_transformers(visitor: Visitor) -> None:
    cases = [case for case in CASES if not case["config"]]
    found = printed_json(visitor, PROGRAM.format(cases=json.dumps(cases)))
    for case, answers in zip(cases, found, strict=True):
        same(answers, [call["result"] for call in case["calls"]])
