"""Every family's graph computes what torch computes, and its cache continues it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from intab.convert.checkpoint import Checkpoint
from intab.convert.decoder import decoder
from intab.convert.families import FAMILIES, read_model
from intab.convert.forms import FORMS
from intab.convert.running import Runner
from intab.convert.saving import save
from intab.engine.hub.manifest import Manifest
from tests.convert import tiny
from tests.convert.agreement import RECORD, outside

ROWS = [0, 5, 12, -2, -1]


def make_runner(folder: Path, case: str, dtype: str) -> Runner:
    arch, weights = read_model(Checkpoint(tiny.write_checkpoint(folder / case, case)))
    save(decoder(arch, weights, FORMS[dtype]), folder, f"{dtype}.onnx")
    return Runner(folder / f"{dtype}.onnx", Manifest({}, {}).options_for(dtype))


@pytest.mark.parametrize("case", tiny.CASES)
def test_logits_are_torchs(tmp_path: Path, case: str) -> None:
    golden = tiny.golden()["cases"][case]
    rows = make_runner(tmp_path, case, "fp32").logits(tiny.ids()[0])[ROWS]
    np.testing.assert_allclose(rows[:, :16], golden["logits"], atol=2e-5)
    assert rows.argmax(-1).tolist() == golden["top"]


@pytest.mark.parametrize("case", tiny.CASES)
def test_the_cache_continues_a_sequence(tmp_path: Path, case: str) -> None:
    runner, ids = make_runner(tmp_path, case, "fp32"), tiny.ids()[0].tolist()
    whole = runner.logits(ids)
    _, cache = runner.step(ids[:17], {}, rows=1)
    last, _ = runner.step(ids[17:], cache, rows=2)
    np.testing.assert_allclose(last, whole[-2:], atol=2e-5)


BOUNDS = {"fp16": 0.005, "q8": 0.1, "q8f32": 0.05, "q4": 0.6, "q4f16": 0.6, "bnb4": 0.5}


@pytest.mark.parametrize("dtype", BOUNDS)
@pytest.mark.parametrize("case", ["llama", "mistral", "qwen3", "phi3", "gemma2", "gpt2"])
def test_other_dtypes_stay_near(tmp_path: Path, case: str, dtype: str) -> None:
    """Random weights are the worst there are to round; a bound is the error's share, as lengths of
    vectors, and logits of zeros would have 1."""
    golden = np.array(tiny.golden()["cases"][case]["logits"])
    rows = make_runner(tmp_path, case, dtype).logits(tiny.ids()[0])[ROWS]
    error = np.linalg.norm(rows[:, :16] - golden) / np.linalg.norm(golden)
    assert error < BOUNDS[dtype]


def test_the_comparison_with_torch_is_recorded_and_within_its_bounds() -> None:
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))
    assert recorded["positions"] >= 2000
    assert recorded["cases"].keys() == tiny.CASES.keys()
    assert all(row.keys() == FORMS.keys() for row in recorded["cases"].values())
    assert outside(recorded["cases"]) == []


def test_every_family_has_a_case() -> None:
    assert {tiny.config_of(case)["model_type"] for case in tiny.CASES} == set(FAMILIES)
