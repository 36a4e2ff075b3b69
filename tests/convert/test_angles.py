"""Sines and cosines of far positions, of angles that a GPU can take them of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest

from intab.convert.angles import within_a_turn
from intab.convert.builder import Builder
from intab.convert.checkpoint import Checkpoint
from intab.convert.decoder import decoder
from intab.convert.families import read_model
from intab.convert.forms import FORMS
from tests.convert import tiny


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    b = Builder(ir.DataType.FLOAT)
    angles = b.input("angles", ir.DataType.FLOAT, ["n", "pairs"])
    b.output(within_a_turn(b, angles), "near", ["n", "pairs"])
    model = ir.to_proto(b.model("turn")).SerializeToString()
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("first", [0, 2048, 131_072, 1_048_576, 3_999_900])
def test_whole_turns_are_taken_away_and_nothing_else(
    session: onnxruntime.InferenceSession, first: int
) -> None:
    positions = np.arange(first, first + 100, dtype=np.float32)[:, None]
    for theta in (1e4, 1e6):
        frequencies = (theta ** -np.linspace(0, 1, 32)).astype(np.float32)
        angles = positions * frequencies
        [near] = session.run(None, {"angles": angles})
        assert np.abs(near).max() <= np.pi + 0.05
        exact = angles.astype(np.float64)
        np.testing.assert_allclose(np.cos(near), np.cos(exact), atol=1e-6)
        np.testing.assert_allclose(np.sin(near), np.sin(exact), atol=1e-6)


def test_angles_within_half_a_turn_stay_as_they_are(
    session: onnxruntime.InferenceSession,
) -> None:
    angles = np.linspace(-3.14, 3.14, 101, dtype=np.float32)[:, None]
    assert np.array_equal(session.run(None, {"angles": angles})[0], angles)


@pytest.mark.parametrize("dtype", FORMS)
def test_graphs_that_a_gpu_may_run_have_it(tmp_path: Path, dtype: str) -> None:
    model = read_model(Checkpoint(tiny.write_checkpoint(tmp_path / "llama", "llama")))
    graph = decoder(*model, FORMS[dtype]).graph
    given = [node.inputs[0] for node in graph if node.op_type in ("Cos", "Sin")]
    makers = [value.producer() for value in given if value is not None]
    wanted = "Sub" if "webgpu" in FORMS[dtype].devices else "Mul"
    assert [node.op_type for node in makers if node] == [wanted, wanted]
