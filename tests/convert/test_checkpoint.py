"""Reading a checkpoint's tensors: each dtype that holds weights, and heads; what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from intab.convert.checkpoint import Checkpoint
from intab.convert.converter import Request, convert
from intab.convert.running import Runner
from tests.convert import tiny
from tests.convert.refusing import change, refused, replace


def test_a_checkpoint_that_is_quantized_is_refused(checkpoint: Path) -> None:
    change(checkpoint, quantization_config={"quant_method": "compressed-tensors"})
    assert "is quantized already: convert the checkpoint that it was made from" in refused(
        checkpoint
    )


def test_weights_without_their_scale_are_refused(checkpoint: Path) -> None:
    name = "model.layers.0.mlp.down_proj.weight"
    replace(checkpoint, name, np.ones((64, 96), np.int8))
    assert f"{name} holds I8" in refused(checkpoint)


def test_a_model_that_writes_no_text_is_refused(checkpoint: Path) -> None:
    change(checkpoint, architectures=["LlamaForSequenceClassification"])
    assert "its architecture is LlamaForSequenceClassification" in refused(checkpoint)


def test_a_head_that_is_missing_is_named(checkpoint: Path) -> None:
    change(checkpoint, tie_word_embeddings=False)
    assert "no tensor lm_head.weight" in refused(checkpoint)


@pytest.mark.parametrize("family", ["llama", "gemma"])
def test_a_head_of_its_own_is_not_the_embedding_whatever_is_said(
    tmp_path: Path, family: str
) -> None:
    checkpoint = tiny.write_checkpoint(tmp_path / "checkpoint", family)
    table = Checkpoint(checkpoint).tensor("model.embed_tokens.weight")
    logits = []
    for name, head in (("same", table), ("other", table[::-1].copy())):
        replace(checkpoint, "lm_head.weight", head)
        convert(Request(checkpoint, tmp_path / name, ("fp32",)))
        logits.append(Runner(tmp_path / name / "onnx/model.onnx").logits([5, 6, 7]))
    np.testing.assert_allclose(logits[1], logits[0][:, ::-1], atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_halves_are_read(checkpoint: Path, dtype: type) -> None:
    whole = Checkpoint(checkpoint)
    tensors = {name: whole.tensor(name) for name in whole.shards}
    halves: dict[str, NDArray[Any]] = {
        name: tensor.astype(dtype) for name, tensor in tensors.items()
    }
    save_file(halves, checkpoint / "model.safetensors")
    read = Checkpoint(checkpoint)
    for name, tensor in halves.items():
        np.testing.assert_array_equal(read.tensor(name), tensor.astype(np.float32))


def test_what_was_not_learnt_is_not_counted(checkpoint: Path) -> None:
    before = Checkpoint(checkpoint).parameters()
    replace(checkpoint, "h.0.attn.bias", np.ones((1, 1, 1024, 1024), np.float32))
    assert Checkpoint(checkpoint).parameters() == before


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_no_number_is_named(checkpoint: Path, value: float) -> None:
    name = "model.layers.2.mlp.down_proj.weight"
    array = Checkpoint(checkpoint).tensor(name)
    array[3, 4] = value
    replace(checkpoint, name, array)
    assert f"{name} holds NaN or infinite values" in refused(checkpoint)


def test_a_tensor_of_another_shape_is_named(checkpoint: Path) -> None:
    name = "model.layers.0.mlp.down_proj.weight"
    replace(checkpoint, name, np.zeros((7, 7), np.float32))
    assert f"{name} has the shape (7, 7)" in refused(checkpoint)


def test_a_file_that_is_cut_off_is_refused(checkpoint: Path) -> None:
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert "model.safetensors cannot be read" in refused(checkpoint)
