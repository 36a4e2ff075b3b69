"""Speed in a real browser, measured in turns to be fair: `make wheels-proof`."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.wheels import interpreter, speed, subjects, texts
from tests.wheels.interpreter import Interpreter


@pytest.mark.browser
def test_encode_is_at_least_a_third_as_fast_as_native(
    tab: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    work = speed.long_ones(texts.paragraphs())
    found = speed.throughput(tab, subjects.default(), work, rounds=5)
    assert found["ratio"] >= 1 / 3


@pytest.mark.browser
def test_importing_takes_no_longer_than_a_blink(chromium: Browser, wheels_origin: str) -> None:
    """150 ms on a machine that does nothing else; twice that where others work beside it."""
    times = speed.import_times(lambda: interpreter.start(chromium, wheels_origin), 5)
    assert min(each["import"] for each in times) <= 300
