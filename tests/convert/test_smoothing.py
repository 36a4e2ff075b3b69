"""Smoothed weights compute what the model's own do, and lose less where both are rounded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from intab.convert.architecture import Weights
from intab.convert.checkpoint import Checkpoint
from intab.convert.decoder import decoder
from intab.convert.families import read_model
from intab.convert.forms import FORMS, Form
from intab.convert.running import Runner
from intab.convert.saving import save
from intab.convert.smoothing import best_scale, lost, smooth
from intab.convert.watching import watch
from tests.convert import tiny

Floats = NDArray[np.float32]
IDS = tiny.ids()[0].tolist()
FLOAT = replace(FORMS["fp32"], linear="float")


def logits(folder: Path, arch: object, weights: Weights, form: Form) -> Floats:
    save(decoder(arch, weights, form), folder, "one.onnx")  # type: ignore[arg-type]
    return Runner(folder / "one.onnx").logits(IDS)


@pytest.mark.parametrize("case", tiny.CASES)
def test_every_family_computes_the_same(case: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tiny.write_checkpoint(tmp_path / case, case))
    arch, weights = read_model(checkpoint)
    samples = watch(arch, weights, [IDS, IDS[::-1]], tmp_path, checkpoint.config)
    smoothed = smooth(arch, weights, samples)
    one, other = (logits(tmp_path, arch, which, FLOAT) for which in (weights, smoothed))
    np.testing.assert_allclose(other, one, atol=2e-4)
    assert len(samples) == 4 * len(arch.layers) + 1
    scaled = smoothed.layer(0).qkv.weight / weights.layer(0).qkv.weight
    assert samples["layers.0.qkv"].shape == (48, len(scaled))


def test_a_column_that_is_always_large_costs_the_others_less() -> None:
    rng = np.random.default_rng(2)
    sample, weight = (rng.standard_normal(shape, np.float32) for shape in ((40, 64), (64, 32)))
    sample[:, 5] *= 100
    wanted, one = sample @ weight, np.ones(64, np.float32)
    scale = best_scale(sample, weight)
    assert lost(sample, weight, scale, wanted) < 0.2 * lost(sample, weight, one, wanted)
    assert scale[5] == scale.max()


def test_heads_that_share_their_values_share_their_scale() -> None:
    rng = np.random.default_rng(3)
    sample, weight = (rng.standard_normal(shape, np.float32) for shape in ((40, 16), (16, 32)))
    sample[:, 3] *= 50
    scale = best_scale(sample, weight, shape=(2, 4)).reshape(2, 2, 4)
    np.testing.assert_array_equal(scale[:, 0], scale[:, 1])
    assert scale[0, 1, 3] == scale.max()


def test_nothing_is_scaled_where_nothing_is_read() -> None:
    scale = best_scale(np.zeros((3, 8), np.float32), np.ones((8, 4), np.float32))
    np.testing.assert_array_equal(scale, np.ones(8))
