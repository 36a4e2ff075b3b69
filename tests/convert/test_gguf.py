"""GGUF files compute what the same weights do as safetensors, and what llama.cpp computes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants
from numpy.typing import NDArray

from intab.convert.converter import opened
from intab.convert.decoder import decoder
from intab.convert.families import read_whole
from intab.convert.forms import FORMS
from intab.convert.gguf.checkpoint import read_tensor
from intab.convert.gguf.container import Tensor
from intab.convert.running import Runner
from intab.convert.saving import save
from tests.convert import gguf_files, tiny

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/gguf.json").read_text(encoding="utf-8"))
Floats = NDArray[np.float32]
ROWS = [0, 5, 12, -2, -1]
TYPES = ("F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0")


def logits_of(path: Path, place: Path) -> Floats:
    with opened(path, ()) as checkpoint:
        model = read_whole(checkpoint)
        save(decoder(model.architecture, model.weights, FORMS["fp32"]), place, "fp32.onnx")
    found: Floats = Runner(place / "fp32.onnx").logits(tiny.ids()[0].tolist())
    return found


@pytest.mark.parametrize("case", gguf_files.CASES)
def test_logits_are_those_of_the_same_weights_and_llama_cpps(tmp_path: Path, case: str) -> None:
    file, folder = gguf_files.write_pair(tmp_path, case)
    found, wanted = logits_of(file, tmp_path / "one"), logits_of(folder, tmp_path / "other")
    np.testing.assert_allclose(found, wanted, atol=2e-5)
    golden = GOLDEN["logits"][case]
    if case != "phi3":  # llama.cpp takes the long factors at once, transformers behind the switch
        np.testing.assert_allclose(found[ROWS, :16], golden["logits"], atol=0.01)
        assert found[ROWS].argmax(-1).tolist() == golden["top"]


@pytest.mark.parametrize("kind", TYPES)
def test_a_quantized_file_is_its_weights_made_float(tmp_path: Path, kind: str) -> None:
    file, folder = gguf_files.write_pair(tmp_path, "llama", GGMLQuantizationType[kind])
    found, wanted = logits_of(file, tmp_path / "one"), logits_of(folder, tmp_path / "other")
    np.testing.assert_allclose(found, wanted, atol=2e-5)


@pytest.mark.parametrize("kind", GOLDEN["types"])
def test_floats_of_each_type_are_llama_cpps(tmp_path: Path, kind: str) -> None:
    golden = {key: base64.b64decode(value) for key, value in GOLDEN["types"][kind].items()}
    path = tmp_path / "raw"
    path.write_bytes(b"before" + golden["bytes"])
    number = GGMLQuantizationType[kind]
    size = len(golden["bytes"])
    assert size == 512 // GGML_QUANT_SIZES[number][0] * GGML_QUANT_SIZES[number][1]
    found = read_tensor("x", Tensor(path, number, (2, 256), 6, size))
    wanted = np.frombuffer(golden["floats"], np.float32).reshape(2, 256)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7 * np.abs(wanted).max())


def test_rows_are_made_float_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intab.convert.gguf.checkpoint.ROWS", 3)
    values = np.random.default_rng(1).standard_normal((8, 64)).astype(np.float32)
    kind = GGMLQuantizationType.Q8_0
    packed = quants.quantize(values, kind)
    path = tmp_path / "raw"
    path.write_bytes(packed.tobytes())
    found = read_tensor("x", Tensor(path, kind, (8, 64), 0, packed.nbytes))
    np.testing.assert_array_equal(found, gguf_files.round_to(values, kind))


def test_queries_keys_and_values_in_one_tensor(tmp_path: Path) -> None:
    tensors = gguf_files.tensors_of("llama")
    plain = gguf_files.write(tmp_path / "plain.gguf", "llama", tensors)

    def fused(writer: Any) -> None:
        for number in range(4):
            names = [f"model.layers.{number}.self_attn.{part}_proj.weight" for part in "qkv"]
            config = gguf_files.config_of("llama")
            parts = [gguf_files.as_stored("llama", config, name, tensors[name]) for name in names]
            writer.add_tensor(f"blk.{number}.attn_qkv.weight", np.concatenate(parts))

    alone = tuple(f"{part}_proj.weight" for part in "qkv")
    rest = {name: values for name, values in tensors.items() if not name.endswith(alone)}
    other = gguf_files.write(tmp_path / "fused.gguf", "llama", rest, change=fused)
    found, wanted = logits_of(other, tmp_path / "one"), logits_of(plain, tmp_path / "other")
    np.testing.assert_array_equal(found, wanted)


def test_biases_of_queries_alone(tmp_path: Path) -> None:
    """transformers' Llama has a bias on every projection or on none."""
    case = "yarn"
    tensors = gguf_files.tensors_of(case)
    without = {k: v * 0 if k.endswith("o_proj.bias") else v for k, v in tensors.items()}
    left = {name: values for name, values in tensors.items() if not name.endswith("o_proj.bias")}
    one = gguf_files.write(tmp_path / "one.gguf", case, without)
    other = gguf_files.write(tmp_path / "other.gguf", case, left)
    found, wanted = logits_of(other, tmp_path / "a"), logits_of(one, tmp_path / "b")
    np.testing.assert_array_equal(found, wanted)
