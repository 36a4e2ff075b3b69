"""Sound becomes text in a real browser, as transformers has it."""

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
from tests.conftest import ROOT
from tests.native.test_pipelines import same
from tests.native.test_speech import CASES as LETTERS
from tests.native.test_speech import GOLDEN
from tests.native.test_whisper import CASES as WHISPER

PROGRAM = """
import intab, json

found = []
for folder, calls in json.loads({cases!r}):
    pipe = await intab.pipeline("automatic-speech-recognition", folder)
    for call in calls:
        found.append(await pipe(given(call["inputs"]), **call["options"]))
    await pipe.close()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def visitor(
    browser: Browser, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visitor]:
    folder = copy_site(site, tmp_path_factory.mktemp("speech"))
    for model in [*(GOLDEN / "speech").iterdir(), *(GOLDEN / "whisper").iterdir()]:
        shutil.copytree(model, folder / "models" / model.name)
    with serve_command(folder) as address:
        yield from visits(browser, address)


def test_as_transformers(visitor: Visitor) -> None:
    recorded = {case["folder"]: case["calls"] for case in (*LETTERS, *WHISPER)}
    cases = [
        ("wav2vec2", [recorded["wav2vec2"][i] for i in (2, 4, 9)]),
        ("many", [recorded["many"][i] for i in (0, 1, 5, 10)]),
        ("english", [recorded["english"][i] for i in (6, 18)]),
    ]
    sounds = (ROOT / "tests/engine/support/sounds.py").read_text("utf-8")
    program = sounds + PROGRAM.format(cases=json.dumps(cases))
    wanted = [call["result"] for _, calls in cases for call in calls]
    for one, other in zip(printed_json(visitor, program), wanted, strict=True):
        same(one, other)
