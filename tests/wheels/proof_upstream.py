"""Upstream's own Python tests, all of them, inside Pyodide in a real Chromium.

What cannot run in a page is in upstream/excluded.toml, one by one with its reason.
"""

from __future__ import annotations

import json
import tomllib

import pytest
from playwright.sync_api import Browser

from tests.wheels import interpreter
from tests.wheels.conftest import wheel
from tests.wheels.upstream import bundle

EXCLUDED: dict[str, str] = tomllib.loads(
    (interpreter.ROOT / "tests" / "wheels" / "upstream" / "excluded.toml").read_text()
)
RUN = """
import json, shutil, sys
shutil.unpack_archive("/upstream.zip", "/upstream")
sys.path.insert(0, "/upstream")
import runner
runner.run(json.loads(excluded))
"""


@pytest.mark.browser
def test_upstreams_tests_pass_in_the_browser(chromium: Browser, wheels_origin: str) -> None:
    archive = bundle.make()
    with interpreter.start(chromium, wheels_origin) as tab:
        tab.load(wheel("numpy"), wheel("tokenizers"))
        tab.fetch(f"/scratch/{archive.name}", "/upstream.zip")
        result = tab.run(RUN, excluded=json.dumps(list(EXCLUDED)))
    failed = {name: end for name, end in result["outcomes"].items() if end.startswith("failed")}
    print(f"upstream: {len(result['found'])} found, {len(EXCLUDED)} excluded, {len(failed)} failed")
    assert not failed, "\n\n".join(f"{name}: {end}" for name, end in failed.items())
    assert set(EXCLUDED) <= set(result["found"])
    skipped = [name for name, end in result["outcomes"].items() if end.startswith("skipped")]
    assert skipped == []
    assert len(result["outcomes"]) == len(result["found"]) - len(EXCLUDED)
