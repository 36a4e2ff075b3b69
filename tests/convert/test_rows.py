"""int8 has a scale for each row: a row is the same alone and beside others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest
from numpy.typing import NDArray

import intab
from intab.convert import forms
from intab.convert.architecture import Linear
from intab.convert.builder import Builder
from intab.convert.checkpoint import Checkpoint
from intab.convert.converter import Request, Source, convert, write_graph
from intab.convert.families import read_whole
from intab.convert.linear import multiply
from intab.engine.generation.prompt_lookup import ROUNDING
from intab.engine.runtime.graphs import EXACT_INT8
from tests.convert import tiny

Floats = NDArray[np.float32]
GREEDY: dict[str, Any] = {"do_sample": False, "max_new_tokens": 12, "eos_token_id": []}


@pytest.fixture(autouse=True)
def _none_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny models have int8 products too."""
    monkeypatch.setattr(forms, "SMALL", 0)


def product(weight: Floats, bias: Floats | None = None) -> onnxruntime.InferenceSession:
    b = Builder(ir.DataType.FLOAT)
    x = b.input("x", b.dtype, ["rows", len(weight)])
    b.output(multiply(b, "int8", "product", x, Linear(weight, bias)), "y", ["rows", "outputs"])
    settings = onnxruntime.SessionOptions()
    for key, value in EXACT_INT8.items():
        settings.add_session_config_entry(key, value)
    return onnxruntime.InferenceSession(ir.to_proto(b.model("p")).SerializeToString(), settings)


def test_a_row_is_the_same_beside_any_others() -> None:
    rng = np.random.default_rng(1)
    weight, bias = (rng.standard_normal(shape, np.float32) for shape in ((48, 20), 20))
    rows = rng.standard_normal((5, 48), np.float32)
    rows[1] *= 1e4
    rows[2] = 0
    session = product(weight, bias)
    found = session.run(None, {"x": rows})[0]
    for number, row in enumerate(rows):
        np.testing.assert_array_equal(session.run(None, {"x": row[None]})[0][0], found[number])
    np.testing.assert_array_equal(found[2], bias)
    wanted = rows @ weight + bias
    size = np.abs(rows).max(1, keepdims=True) * np.abs(weight).max()
    assert (np.abs(found - wanted) <= 0.1 * size).all()


@pytest.mark.parametrize("case", tiny.CASES)
async def test_rows_agree_in_every_graph(case: str, tmp_path: Path) -> None:
    out = tmp_path / "model"
    convert(Request(tiny.write_checkpoint(tmp_path / case, case), out, ("q8",)))
    model = await intab.load(str(out), dtype="q8")
    assert model._rows_agree
    assert "coarse" not in model.reason


@pytest.mark.parametrize("dtype", forms.FORMS)
async def test_rows_agree_in_every_dtype(checkpoint: Path, tmp_path: Path, dtype: str) -> None:
    convert(Request(checkpoint, tmp_path / "model", (dtype,)))
    model = await intab.load(str(tmp_path / "model"), dtype=dtype)
    assert model._rows_agree


# Native kernels multiply halves with blocks otherwise for one row than for several, and Gemma's
# random weights make much of it (docs/convert.md).
NEAR = dict.fromkeys(forms.FORMS, ROUNDING) | {"q4f16": 0.03}


@pytest.mark.parametrize("case", tiny.CASES)
def test_rows_agree_in_every_dtype_of_every_family(case: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tiny.write_checkpoint(tmp_path / case, case))
    model = Source(checkpoint, read_whole(checkpoint))
    for dtype in forms.FORMS:
        runner = write_graph(tmp_path / dtype, dtype, model).run(tmp_path / dtype)
        alone, beside = (runner.step(ids, {}, len(ids))[0][0] for ids in ([0], [0, 1]))
        assert np.abs(alone - beside).max() <= NEAR[dtype] * np.ptp(alone), dtype


async def test_batches_beams_and_guesses_are_those_of_single_runs(
    checkpoint: Path, tmp_path: Path
) -> None:
    convert(Request(checkpoint, tmp_path / "model", ("q8",)))
    model = await intab.load(str(tmp_path / "model"))
    prompts = ["Once upon a time there was", "abc abc abc abc", "z"]
    alone = [await model.generate(text, **GREEDY, prompt_lookup_num_tokens=0) for text in prompts]
    together = await model.generate(prompts, **GREEDY)
    guessed = [await model.generate(text, **GREEDY) for text in prompts]
    assert [one.ids for one in together] == [one.ids for one in alone]
    assert [one.ids for one in guessed] == [one.ids for one in alone]
    beams = await model.generate(prompts[:2], **GREEDY, num_beams=3)
    single = [await model.generate(text, **GREEDY, num_beams=3) for text in prompts[:2]]
    assert [one.ids for one in beams] == [one.ids for one in single]
