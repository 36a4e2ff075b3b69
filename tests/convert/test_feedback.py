"""Rounding in turn loses no more of the product than rounding each weight by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from intab.convert import reporting
from intab.convert.architecture import Array
from intab.convert.blocks import BLOCK, Blocks, fit
from intab.convert.converter import Request, convert
from intab.convert.feedback import (
    DAMPING,
    Turns,
    blocks_in_turn,
    largest_first,
)
from intab.convert.linear import STEPS, rounded
from tests.convert import tiny_encoders

Doubles = NDArray[np.float64]


def drawn(rows: int, inputs: int, outputs: int, seed: int) -> tuple[Array, Array]:
    """A sample whose inputs have to do with each other, of different sizes, and a weight."""
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((rows, inputs)) @ rng.standard_normal((inputs, inputs))
    sample = mixed * rng.lognormal(0, 1, inputs)
    weight = rng.standard_t(4, (inputs, outputs)) * 0.05
    return sample.astype(np.float32), weight.astype(np.float32)


def products(sample: Array) -> Doubles:
    """What an error costs: the mean products of the inputs, damped."""
    rows = sample.astype(np.float64)
    found = rows.T @ rows
    sizes = np.pad(np.diagonal(found), (0, -len(found) % BLOCK))
    found /= sizes.mean() or 1.0
    damped: Doubles = found + DAMPING * np.eye(len(found))
    return damped


def lost(found: Array, weight: Array, sample: Array) -> Doubles:
    errors = (found - weight).astype(np.float64)
    cost: Doubles = (errors * (products(sample) @ errors)).sum(0)
    return cost


def of(blocks: Blocks, weight: Array) -> Array:
    return np.asarray(blocks.restored()[: len(weight)])


SIZES = {
    "rows": st.integers(1, 80),
    "inputs": st.integers(1, 100),
    "outputs": st.integers(1, 9),
    "seed": st.integers(0, 2**32),
}


@given(**SIZES)
def test_no_output_of_blocks_loses_more(rows: int, inputs: int, outputs: int, seed: int) -> None:
    sample, weight = drawn(rows, inputs, outputs, seed)
    plain = lost(of(fit(weight, np.square(sample).mean(0)), weight), weight, sample)
    found = lost(of(blocks_in_turn(weight, sample), weight), weight, sample)
    assert (found <= 1.001 * plain + 1e-9).all()


def test_it_loses_less_where_inputs_have_to_do_with_each_other() -> None:
    sample, weight = drawn(200, 128, 32, 1)
    plain = lost(of(fit(weight, np.square(sample).mean(0)), weight), weight, sample).sum()
    found = lost(of(blocks_in_turn(weight, sample), weight), weight, sample).sum()
    assert found < 0.6 * plain


def by_definition(weight: Array, scale: Array, sample: Array, order: NDArray[np.int64]) -> Array:
    """GPTQ as its paper has it: after each input the inverse is that of the inputs left."""
    cost, left = products(sample), weight.astype(np.float64)
    found = np.zeros(weight.shape, np.float64)
    for place, number in enumerate(order):
        found[number] = np.clip(np.rint(left[number] / scale), -STEPS, STEPS)
        rest = order[place:]
        inverse = np.linalg.inv(cost[np.ix_(rest, rest)])
        passed = (left[number] - found[number] * scale) / inverse[0, 0]
        left[rest] -= inverse[:, :1] * passed
    return found.astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_gptq_as_its_definition_has_it(seed: int) -> None:
    sample, weight = drawn(150, 2 * BLOCK, 5, seed)
    scale = rounded(weight)[1] * 8  # coarse, so that much is passed on
    turns = Turns.of(sample)
    bound = np.full_like(scale, STEPS)
    steps, _ = turns.rounded(weight, lambda *_: (scale, -bound, bound))
    wanted = by_definition(weight, scale, sample, turns.order)
    assert (steps == wanted[turns.order]).mean() > 0.98  # float32 may fall on the other side


def test_what_it_says_is_lost_is_lost() -> None:
    sample, weight = drawn(40, 50, 6, 3)
    scale = rounded(weight)[1]
    bound, turns = np.full_like(scale, STEPS), Turns.of(sample)
    steps, said = turns.rounded(weight, lambda *_: (scale, -bound, bound))
    found = np.empty(steps.shape, np.float32)
    found[turns.order] = steps
    np.testing.assert_allclose(said, lost(found[:50] * scale, weight, sample), rtol=1e-2)


@pytest.mark.parametrize("sample", [np.zeros((3, 40)), np.ones((3, 40)), np.eye(40)[:1] * 1e6])
def test_samples_that_tell_little_do_no_harm(sample: Doubles) -> None:
    """Nothing was read, all inputs are one, one alone was read."""
    _, weight = drawn(1, 40, 4, 2)
    found = of(blocks_in_turn(weight, sample.astype(np.float32)), weight)
    assert np.isfinite(found).all()
    plain = of(fit(weight, np.square(sample).mean(0).astype(np.float32)), weight)
    assert (
        lost(found, weight, sample.astype(np.float32))
        <= 1.001 * lost(plain, weight, sample.astype(np.float32)) + 1e-9
    ).all()


def test_a_sample_with_numbers_that_are_none_is_left_alone() -> None:
    sample, weight = drawn(9, 40, 4, 4)
    sample[2, 3] = np.inf
    np.testing.assert_array_equal(
        of(blocks_in_turn(weight, sample), weight), of(fit(weight), weight)
    )


def test_more_outputs_than_are_rounded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sample, weight = drawn(30, 64, 10, 5)
    whole = blocks_in_turn(weight, sample).restored()
    monkeypatch.setattr("intab.convert.feedback.AT_ONCE", 4)
    parts = blocks_in_turn(weight, sample).restored()
    assert np.isclose(parts, whole, atol=1e-5).mean() > 0.95


def test_the_largest_inputs_go_first_and_blocks_stay_together() -> None:
    sizes = np.arange(2.0 * BLOCK)
    sizes[0] = 1e6
    order = largest_first(sizes)
    assert order[:3].tolist() == [0, 31, 30]
    assert order[BLOCK:].tolist() == list(range(2 * BLOCK - 1, BLOCK - 1, -1))


def test_weights_of_nothing_stay_nothing() -> None:
    sample, _ = drawn(30, 64, 1, 6)
    found = blocks_in_turn(np.zeros((64, 3), np.float32), sample)
    assert not found.restored().any()


def test_the_same_checkpoint_gives_the_same_bytes(checkpoint: Path, tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        report = convert(Request(checkpoint, tmp_path / name, ("q4",)))
        assert not report.notes
        files.append((tmp_path / name / "onnx/model_q4.onnx").read_bytes())
    assert files[0] == files[1]


def test_a_model_that_cannot_be_run_is_rounded_without(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intab.convert.converter.fits_memory", lambda size: False)
    report = convert(Request(checkpoint, tmp_path / "model", ("q4", "q4f16")))
    assert report.notes == (
        "q4, q4f16: each weight was rounded by itself, since the model's floats need more than "
        "half of this machine's memory",
    )
    assert "each weight was rounded by itself" in (tmp_path / "model/README.md").read_text()


def test_an_encoder_is_rounded_without(tmp_path: Path) -> None:
    folder = tiny_encoders.write_checkpoint(tmp_path / "checkpoint", "bert features")
    report = convert(Request(folder, tmp_path / "model", ("q8", "q4")))
    said = (
        "q4: each weight was rounded by itself, since no text is run through an encoder beforehand"
    )
    assert report.notes[-1] == said


def test_dtypes_without_blocks_have_nothing_to_be_told() -> None:
    assert reporting.by_themselves(("q8",), reporting.NO_IDS) == ""
    assert "q4: " in reporting.by_themselves(("q8", "q4"), reporting.NO_IDS)
