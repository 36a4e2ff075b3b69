"""Other rates, as torchaudio makes them (tests/golden/make_sounds.py recorded it)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intab.engine.media.resampling import check_rate, resample
from intab.errors import PromptError
from tests.conftest import ROOT
from tests.engine.support.sounds import made_up

CASES = json.loads((ROOT / "tests/golden/sounds.json").read_text("utf-8"))["resampled"]


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{c['rate']}-{c['wanted']}-{c['dtype']}-{c['length']}" for c in CASES]
)
def test_as_torchaudio(case: dict[str, Any]) -> None:
    sound = made_up(case["length"], case["rate"]).astype(case["dtype"])
    found = resample(sound, case["rate"], case["wanted"])
    assert found.dtype == case["dtype"]
    assert len(found) == case["count"]
    np.testing.assert_allclose(found[:90], case["values"], rtol=0, atol=2e-7)
    np.testing.assert_allclose(found[-9:], case["last"], rtol=0, atol=2e-7)
    assert np.abs(found).sum(dtype=np.float64) == pytest.approx(case["sum"], rel=1e-6)


def test_nothing_to_do() -> None:
    sound = made_up(10)
    assert resample(sound, 16000, 16000) is sound
    assert resample(np.zeros(0, np.float32), 8000, 16000).shape == (0,)


@pytest.mark.parametrize("rate", [0, -1, True, 8000.5, "8000", 20_000_000, None])
def test_rates_that_cannot_be(rate: Any) -> None:
    with pytest.raises(PromptError, match="must be a whole number from 1"):
        check_rate(rate)
    with pytest.raises(PromptError, match="must be a whole number from 1"):
        resample(made_up(10), rate, 16000)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([8000, 11025, 24000, 32000, 44100, 48000, 96000]), st.integers(1, 7))
def test_a_tone_stays_the_same_tone(rate: int, tenth: int) -> None:
    """Below both rates' limits; at the ends the filter sees silence."""
    pitch = 300 * tenth
    wanted = np.sin(2 * np.pi * pitch * np.arange(1600) / 16000)
    found = resample(np.sin(2 * np.pi * pitch * np.arange(rate // 10) / rate), rate, 16000)
    assert abs(len(found) - 1600) <= 1
    middle = slice(200, 1400)
    np.testing.assert_allclose(found[middle], wanted[middle], atol=2e-2)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 400), st.integers(1, 97), st.integers(1, 97))
def test_it_is_linear(length: int, old: int, new: int) -> None:
    one, other = made_up(length, seed=2).astype(float), made_up(length, seed=3).astype(float)
    both = resample(one + 2 * other, old, new)
    apart = resample(one, old, new) + 2 * resample(other, old, new)
    np.testing.assert_allclose(both, apart, atol=1e-9)
