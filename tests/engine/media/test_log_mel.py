"""Whisper's features, as transformers makes them in numpy (tests/golden/make_sounds.py)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intab.engine.media.log_mel import LogMel
from intab.engine.media.mel import hertz_to_mel, mel_filters, mel_to_hertz
from tests.conftest import ROOT
from tests.engine.support.sounds import made_up

RECORDED = json.loads((ROOT / "tests/golden/sounds.json").read_text("utf-8"))
CASES = RECORDED["features"]


@pytest.mark.parametrize("case", CASES, ids=[f"{c['bands']}-{c['samples']}" for c in CASES])
def test_as_transformers(case: dict[str, Any]) -> None:
    maker = LogMel(feature_size=case["bands"], chunk_length=2)
    found = maker.features(made_up(case["samples"]), whole=case["whole"])
    assert found.shape == (case["bands"], case["frames"])
    assert found.dtype == np.float32
    wanted = np.array(case["columns"]).T
    np.testing.assert_allclose(found[:, RECORDED["columns"]], wanted, rtol=0, atol=1e-6)
    assert found.sum(dtype=np.float64) == pytest.approx(case["sum"], abs=1e-3)


def test_the_mel_scale() -> None:
    assert hertz_to_mel(0) == 0
    assert hertz_to_mel(500) == 7.5
    assert hertz_to_mel(1000) == 15
    assert hertz_to_mel(6400) == pytest.approx(42)
    np.testing.assert_allclose(mel_to_hertz(np.array([0, 7.5, 15, 42])), [0, 500, 1000, 6400])
    filters = mel_filters(201, 80, 16000, 8000)
    assert filters.shape == (201, 80)
    assert (filters.max(axis=0) > 0).all()


def test_silence_and_thirty_seconds() -> None:
    found = LogMel().features(np.zeros(0, np.float64))
    assert found.shape == (80, 3000)
    assert (found == -1.5).all()


def test_a_long_sound_is_cut_into_pieces_that_wasm_can_view(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """numpy refuses views of 2^31 bytes there; pieces end where one whole piece would go on."""
    maker, sound = LogMel(), made_up(70 * 16000 + 37)
    seen: list[int] = []
    view = np.lib.stride_tricks.sliding_window_view

    def watched(x: Any, width: int) -> Any:
        seen.append(view(x, width).nbytes)
        return view(x, width)

    monkeypatch.setattr(np.lib.stride_tricks, "sliding_window_view", watched)
    found = maker.features(sound, whole=True)
    assert len(seen) == 2
    assert max(seen) < 2**31
    monkeypatch.setattr("intab.engine.media.spectrogram._TOGETHER", 10**6)
    np.testing.assert_array_equal(found, maker.features(sound, whole=True))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 20000), st.floats(1e-3, 1.0))
def test_louder_is_only_louder(length: int, gain: float) -> None:
    """A sound of another loudness has its features moved, where nothing is cut off."""
    maker, sound = LogMel(chunk_length=1), made_up(length) + np.float32(0.1)
    one, other = maker.features(sound), maker.features(sound * np.float32(gain))
    assert np.isfinite(one).all()
    assert one.max() - one.min() <= 2 + 1e-6
    if length > 400:
        assert one.max() - other.max() == pytest.approx(-np.log10(gain) / 2, abs=1e-3)
