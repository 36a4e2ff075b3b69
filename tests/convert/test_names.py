"""Tensors are found under the names that people save, and are those that config.json asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

import intab
from intab.convert.checkpoint import INDEX, Checkpoint
from intab.convert.converter import Request, convert
from intab.convert.decoder import decoder
from intab.convert.families import read_model
from intab.convert.forms import FORMS
from intab.convert.running import Runner
from intab.convert.saving import save
from tests.convert import tiny
from tests.convert.refusing import change, refused, replace
from tests.convert.test_families import ROWS

Tensors = dict[str, NDArray[Any]]


def written(folder: Path, case: str, rename: Callable[[str], str]) -> Path:
    """A case's checkpoint whose tensors are called otherwise; "" leaves one out."""
    shapes = tiny.golden()["cases"][case]["tensors"]
    tensors = {rename(n): tiny.tensor(case, n, shape) for n, shape in shapes.items()}
    tensors.pop("", None)
    return tiny.write_tensors(folder, case, tensors)


def check_logits(checkpoint: Path, case: str) -> None:
    """They are torch's."""
    save(decoder(*read_model(Checkpoint(checkpoint)), FORMS["fp32"]), checkpoint, "model.onnx")
    rows = Runner(checkpoint / "model.onnx").logits(tiny.ids()[0])[ROWS]
    np.testing.assert_allclose(rows[:, :16], tiny.golden()["cases"][case]["logits"], atol=2e-5)


@pytest.mark.parametrize(
    ("case", "old", "new"),
    [
        ("llama", "model.", ""),  # what AutoModel saves
        ("llama", "model.", "transformer."),
        ("llama", "model.", "_orig_mod.model."),
        ("qwen3", "model.", "language_model.model."),
        ("gemma2", "model.", ""),
        ("gpt2", "transformer.", ""),
        ("gpt2", "transformer.", "model.transformer."),
    ],
)
def test_names_may_have_any_prefix(tmp_path: Path, case: str, old: str, new: str) -> None:
    check_logits(written(tmp_path / "it", case, lambda name: name.replace(old, new, 1)), case)


@pytest.mark.parametrize("name", ["lm_head.weight", "model.lm_head.weight", "embed_out.weight"])
def test_a_head_may_have_other_names(tmp_path: Path, name: str) -> None:
    case = "gpt_neox"
    found = tiny.golden()["cases"][case]["tensors"]
    [head] = [n for n in found if n.endswith(("lm_head.weight", "embed_out.weight"))]
    check_logits(written(tmp_path / "it", case, lambda n: name if n == head else n), case)


def test_a_tied_model_may_be_saved_with_its_head_alone(tmp_path: Path) -> None:
    names = {"model.embed_tokens.weight": "lm_head.weight"}
    check_logits(written(tmp_path / "it", "llama", lambda name: names.get(name, name)), "llama")


async def test_a_model_without_its_head_loads_and_is_said_to_write_text(tmp_path: Path) -> None:
    """AutoModel names the class of the model within, and leaves what its class knows out."""
    checkpoint = written(tmp_path / "it", "llama", lambda name: name.removeprefix("model."))
    config = json.loads((checkpoint / "config.json").read_text())
    del config["max_position_embeddings"], config["eos_token_id"]
    config["architectures"] = ["LlamaModel"]
    (checkpoint / "config.json").write_text(json.dumps(config))
    convert(Request(checkpoint, tmp_path / "model", ("fp32",)))
    written_out = json.loads((tmp_path / "model/config.json").read_text())
    assert written_out["architectures"] == ["LlamaForCausalLM"]
    assert written_out["max_position_embeddings"] == 2048
    assert written_out["eos_token_id"] == 2
    del config["architectures"]
    assert {name: written_out[name] for name in config} == config
    model = await intab.load(str(tmp_path / "model"))
    assert (await model.generate("Once", max_new_tokens=2, do_sample=False)).ids
    await model.close()


def test_a_config_that_lacks_nothing_stays_as_it_is(checkpoint: Path, tmp_path: Path) -> None:
    change(checkpoint, head_dim=16, architectures=["LlamaForCausalLM"])
    convert(Request(checkpoint, tmp_path / "model", ("fp32",)))
    text = (tmp_path / "model/config.json").read_bytes()
    assert text == (checkpoint / "config.json").read_bytes()


async def test_the_text_model_of_a_larger_one_is_converted(tmp_path: Path) -> None:
    case = "gemma3_text"
    checkpoint = written(tmp_path / "it", case, lambda name: f"language_model.{name}")
    replace(checkpoint, "vision_tower.embeddings.weight", np.ones((3, 3), np.float32))
    replace(checkpoint, "multi_modal_projector.weight", np.ones((3, 3), np.float32))
    inner = tiny.config_of(case)
    names = ["Gemma3ForConditionalGeneration"]
    outer = {"model_type": "gemma3", "architectures": names, "text_config": inner}
    (checkpoint / "config.json").write_text(json.dumps({**outer, "vision_config": {}}))
    check_logits(checkpoint, case)
    convert(Request(checkpoint, tmp_path / "model", ("fp32",)))
    model = await intab.load(str(tmp_path / "model"))
    assert (await model.generate("Once", max_new_tokens=2, do_sample=False)).ids
    await model.close()


def test_several_models_in_one_checkpoint_are_refused(checkpoint: Path) -> None:
    whole = Checkpoint(checkpoint)
    tensors = {n.replace("model.", "one."): whole.tensor(n) for n in whole.shards}
    tensors |= {n.replace("model.", "two."): whole.tensor(n) for n in whole.shards}
    save_file(tensors, checkpoint / "model.safetensors")
    assert "has several models, beginning with one., two." in refused(checkpoint)


def test_several_heads_are_refused(checkpoint: Path) -> None:
    head = np.ones((tiny.VOCABULARY, 64), np.float32)
    replace(checkpoint, "lm_head.weight", head)
    replace(checkpoint, "other.lm_head.weight", head)
    assert "several heads: lm_head.weight, other.lm_head.weight" in refused(checkpoint)


def test_fewer_layers_than_the_file_has_are_refused(checkpoint: Path) -> None:
    change(checkpoint, num_hidden_layers=3)
    said = refused(checkpoint)
    assert "tensors that config.json asks no llama model for: model.layers.3.input_lay" in said
    assert "and 6 more" in said


@pytest.mark.parametrize(
    ("name", "size"),
    [("self_attn.q_proj.bias", 64), ("mlp.up_proj.bias", 96), ("self_attn.q_norm.weight", 16)],
)
def test_a_tensor_that_the_config_does_not_ask_for_is_refused(
    checkpoint: Path, name: str, size: int
) -> None:
    """transformers would leave it unread, and compute something else."""
    replace(checkpoint, f"model.layers.0.{name}", np.ones(size, np.float32))
    assert f"asks no llama model for: model.layers.0.{name}. They" in refused(checkpoint)


def test_a_bias_that_is_missing_is_named(checkpoint: Path) -> None:
    change(checkpoint, attention_bias=True)
    assert "no tensor model.layers.0.self_attn.o_proj.bias" in refused(checkpoint)


@pytest.mark.parametrize("dtype", ["int8", "float8_e4m3fn"])
def test_weights_that_are_no_floats_are_refused(checkpoint: Path, dtype: str) -> None:
    import ml_dtypes

    kind = getattr(ml_dtypes, dtype, None) or np.dtype(dtype)
    name = "model.layers.0.mlp.down_proj.weight"
    array = np.ones((64, 96), np.uint8).view(kind)
    replace(checkpoint, name, array)
    assert f"{name} holds {'I8' if dtype == 'int8' else 'F8_E4M3'}" in refused(checkpoint)


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ({}, "has no weight_map"),
        ({"weight_map": ["a"]}, "has no weight_map"),
        ({"weight_map": {"a": 5}}, "says that a is in 5, which is no file's name"),
        ({"weight_map": {"a": "../model.safetensors"}}, "which is no file's name"),
        ({"weight_map": {"a": "gone.safetensors"}}, "lacks gone.safetensors"),
        ({"weight_map": {"model.norm.weight": "model.safetensors"}}, "no tensor model."),
    ],
)
def test_an_index_that_is_none_is_refused(checkpoint: Path, index: Any, said: str) -> None:
    (checkpoint / INDEX).write_text(json.dumps(index))
    assert said in refused(checkpoint)


def test_an_index_that_promises_more_than_a_shard_has_is_refused(checkpoint: Path) -> None:
    found = dict.fromkeys(Checkpoint(checkpoint).shards, "model.safetensors")
    replace(checkpoint, "model.norm.weight", None)
    (checkpoint / INDEX).write_text(json.dumps({"weight_map": found}))
    assert "no tensor model.norm.weight" in refused(checkpoint)
