"""CLAP's features, as transformers makes them (tests/golden/make_clap.py)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from intab.engine.media.clap_mel import ClapMel
from tests.conftest import ROOT
from tests.engine.support.sounds import made_up

RECORDED = json.loads((ROOT / "tests/golden/clap.json").read_text("utf-8"))
CASES = RECORDED["features"]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_as_transformers(case: dict[str, Any]) -> None:
    maker, sound = ClapMel(**case["settings"]), made_up(case["length"])
    np.random.seed(1)
    found = maker.features(sound)
    assert list(found.shape) == case["shape"]
    assert found.dtype == np.float32
    assert case["longer"] == (maker.fuses or maker.is_longer(sound))
    some = found.reshape(-1)[:: RECORDED["every"]]
    np.testing.assert_allclose(some, case["some"], rtol=0, atol=3e-4)


def test_chance_is_numpy_s() -> None:
    maker, sound = ClapMel(**CASES[9]["settings"]), made_up(90000)
    one, other = maker.features(sound), maker.features(sound)
    assert np.abs(one - other).max() > 1
