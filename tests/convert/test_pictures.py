"""A pipeline of pictures is converted, measured, and loads as before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import intab
from intab.cli.main import main
from intab.convert.pictures import converting
from intab.convert.pictures.converting import convert_pictures
from intab.convert.pictures.measuring import EQUAL, psnr
from intab.engine.hub.manifest import parse_manifest
from intab.errors import ConvertError
from tests.conftest import ROOT

TINY = ROOT / "tests/golden/diffusion/tiny"
ROLES = {"text_encoder", "unet", "vae_decoder", "vae_encoder"}
FILES = {"fp32": "model.onnx", "fp16": "model_fp16.onnx", "q8f32": "model_q8f32.onnx"}


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pictures") / "tiny"
    assert main(["convert", "--from-onnx", str(TINY), "--out", str(out)]) == 0
    return out


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return shutil.copytree(TINY, tmp_path / "source")


def refused(source: Path, *dtypes: str) -> str:
    """What converting says; nothing may be left of it."""
    out = source.parent / "out" / "model"
    with pytest.raises(ConvertError) as caught:
        convert_pictures(source, out, dtypes)
    assert not out.parent.exists() or not list(out.parent.iterdir())
    return str(caught.value)


def manifest_of(folder: Path) -> Any:
    return json.loads((folder / "intab.json").read_text())


def test_each_graph_is_there_in_each_dtype_and_measured(converted: Path) -> None:
    manifest = parse_manifest(manifest_of(converted))
    assert set(manifest.roles) == ROLES
    for role, its in manifest.roles.items():
        assert its == {dtype: (f"{role}/{name}",) for dtype, name in FILES.items()}
    assert set(manifest.psnr) == {"fp16", "q8f32"}
    for figures in manifest.psnr.values():
        assert set(figures) == ROLES | {"picture"}
        assert min(figures.values()) > 45
    for name, entry in manifest.files.items():
        assert (converted / name).stat().st_size == entry.size
    assert not manifest.devices


def test_weights_are_halves_or_int8_and_inputs_stay_floats(converted: Path) -> None:
    for dtype, kind in (("fp16", TensorProto.FLOAT16), ("q8f32", TensorProto.INT8)):
        graph = onnx.load(converted / "unet" / FILES[dtype]).graph
        largest = max(graph.initializer, key=lambda one: int(np.prod(one.dims)))
        assert largest.data_type == kind
        kinds = {one.name: one.type.tensor_type.elem_type for one in (*graph.input, *graph.output)}
        assert kinds == {
            **dict.fromkeys(("sample", "encoder_hidden_states", "out_sample"), TensorProto.FLOAT),
            "timestep": TensorProto.INT64,
        }


def test_the_time_s_waves_stay_floats(converted: Path) -> None:
    graph = onnx.load(converted / "unet/model_fp16.onnx").graph
    made_by = {name: node for node in graph.node for name in node.output}
    waiting = [node for node in graph.node if node.op_type in ("Sin", "Cos")]
    assert len(waiting) == 2
    while waiting:  # whatever they are made of
        node = waiting.pop()
        to = [one.i for one in node.attribute if one.name == "to"]
        assert to != [TensorProto.FLOAT16]
        waiting += [made_by[name] for name in node.input if name in made_by]


def test_the_card_has_the_table(converted: Path) -> None:
    card = (converted / "README.md").read_text()
    assert "A StableDiffusionPipeline, converted for browsers" in card
    figure = manifest_of(converted)["psnr"]["fp16"]["unet"]
    size = (converted / "unet/model_fp16.onnx").stat().st_size / 1e6
    assert f"| unet | fp16 | wasm, webgpu | {size:.2f} | {figure:.1f} dB |" in card
    assert "- unet on WebGPU: Cast, ConstantOfShape run on the processor" in card


async def test_the_folder_makes_pictures(converted: Path) -> None:
    options: dict[str, Any] = {"num_inference_steps": 1, "seed": 1, "output_type": "np"}
    before = await intab.pipeline("text-to-image", TINY)
    wanted = (await before("a fox", **options)).images
    await before.close()
    for dtype in ("fp16", "q8f32"):
        pipe = await intab.pipeline("text-to-image", converted, dtype=dtype)
        found = (await pipe("a fox", **options)).images
        assert 40 < psnr(wanted, found, 1) < EQUAL
        await pipe.close()


async def test_what_loses_too_much_stays_as_it_was(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(source / "vae_encoder")
    overflow(source / "vae_decoder/model.onnx")
    monkeypatch.setattr(converting, "LEAST", 70.0)  # dB, between the text encoder's figures
    out = source.parent / "model"
    report = convert_pictures(source, out, ["q8f32", "fp16"])
    roles = manifest_of(out)["roles"]
    assert {role: set(its) for role, its in roles.items()} == {
        "text_encoder": {"fp16", "fp32"},
        "unet": {"fp16", "q8f32"},
        "vae_decoder": {"q8f32", "fp32"},
    }
    told = {(row.what, row.dtype): row.cells[-1] for row in report.rows}
    assert "dB: stays fp32: less than 70 dB" in told["text_encoder", "q8f32"]
    assert "fp32: it computes numbers up to" in told["vae_decoder", "fp16"]
    assert "float16 ends at 65,504" in told["vae_decoder", "fp16"]
    assert "vae_decoder" not in report.psnr["fp16"]
    assert any("there is no vae_encoder" in remark for remark in report.remarks)
    written = {path.relative_to(out).as_posix() for path in out.rglob("*.onnx")}
    assert written == {name for its in roles.values() for [name] in its.values()}
    pipe = await intab.pipeline("text-to-image", out, dtype={"unet": "fp16"})
    assert len((await pipe("a fox", num_inference_steps=1)).images) == 1
    await pipe.close()


def overflow(path: Path) -> None:
    """Give a graph numbers on the way that no half can hold, and the same output."""
    model = onnx.load(path)
    [output] = model.graph.output
    last = next(node for node in model.graph.node if output.name in node.output)
    last.output[0] = "inner"
    for name, factor, given, made in (
        ("up", 2.0**20, "inner", "large"),
        ("down", 2.0**-20, "large", output.name),
    ):
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, [], [factor]))
        model.graph.node.append(helper.make_node("Mul", [given, name], [made]))
    onnx.save(model, path)


@pytest.mark.parametrize("role", ["text_encoder", "unet", "vae_decoder"])
def test_a_folder_with_a_graph_missing_is_refused(source: Path, role: str) -> None:
    (source / role / "model.onnx").unlink()
    assert f"has no {role}/model.onnx: export the whole pipeline" in refused(source)


def test_a_folder_that_is_no_pipeline_is_refused(source: Path) -> None:
    (source / "model_index.json").unlink()
    assert "has no model_index.json" in refused(source)


def test_a_pipeline_of_another_family_is_refused(source: Path) -> None:
    shutil.copytree(source / "text_encoder", source / "text_encoder_2")
    assert "has text_encoder_2/, as Stable Diffusion XL" in refused(source)


def test_a_folder_without_scheduler_or_tokenizer_is_refused(source: Path) -> None:
    shutil.rmtree(source / "tokenizer")
    assert "has neither tokenizer/tokenizer.json nor" in refused(source)
    shutil.rmtree(source / "scheduler")
    assert "has no scheduler/scheduler_config.json" in refused(source)


def test_other_dtypes_are_refused(source: Path) -> None:
    assert refused(source, "q4", "fp16") == (
        "A pipeline of pictures is not made in q4: --dtypes takes fp32, fp16, q8f32."
    )


def test_a_damaged_graph_and_lost_weights_are_refused(source: Path) -> None:
    path = source / "text_encoder/model.onnx"
    model = onnx.load(path)
    path.write_bytes(path.read_bytes()[:1000])
    assert "text_encoder/model.onnx cannot be read" in refused(source)
    onnx.save(model, path, save_as_external_data=True, location="weights.pb", size_threshold=0)
    (path.parent / "weights.pb").unlink()
    assert "copy it again, with all files of its weights" in refused(source)


def test_a_graph_that_is_in_halves_already_is_refused(source: Path, converted: Path) -> None:
    shutil.copy(converted / "text_encoder/model_fp16.onnx", source / "text_encoder/model.onnx")
    assert "text_encoder/model.onnx has float16 already" in refused(source, "fp32")


def test_an_old_graph_is_refused(source: Path) -> None:
    path = source / "text_encoder/model.onnx"
    model = onnx.load(path)
    model.opset_import[0].version = 12
    onnx.save(model, path)
    assert "has operators before opset 13" in refused(source)


def test_numbers_that_are_none_are_refused(source: Path) -> None:
    path = source / "text_encoder/model.onnx"
    model = onnx.load(path)
    weight = max(model.graph.initializer, key=lambda one: int(np.prod(one.dims)))
    weight.CopyFrom(
        helper.make_tensor(weight.name, TensorProto.FLOAT, weight.dims,
                           np.full(int(np.prod(weight.dims)), np.nan, np.float32))
    )  # fmt: skip
    onnx.save(model, path)
    assert "text_encoder gives numbers that are not finite in float32" in refused(source)


def test_a_graph_in_another_s_place_is_refused(source: Path) -> None:
    shutil.copy(source / "vae_decoder/model.onnx", source / "text_encoder/model.onnx")
    assert "The text_encoder is none of Stable Diffusion's." in refused(source)


def test_a_text_is_not_asked_for(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["convert", "--from-onnx", str(source), "--out", str(source.parent / "out")]
    assert main([*given, "--eval-text", "TEXT"]) == 1
    assert "--eval-text is for models of texts" in capsys.readouterr().err


def test_weights_beside_the_graph_are_read(source: Path) -> None:
    for role in ("vae_encoder", "vae_decoder"):  # as large exports have them, under any name
        path = source / role / "model.onnx"
        model = onnx.load(path)
        onnx.save(model, path, save_as_external_data=True, location="weights.pb", size_threshold=0)
    convert_pictures(source, source.parent / "model", ["fp32"])
    assert not list((source.parent / "model").rglob("weights.pb"))


def test_decibels() -> None:
    zero, half, one = (np.array([0, top], np.float32) for top in (0, 0.5, 1))
    near = np.array([0.1, 1.1], np.float32)
    assert psnr(one, near) == 20.0
    assert psnr(half, half + np.float32(0.1), 1) == 20.0
    assert psnr(one, one) == psnr(zero, zero) == EQUAL
    with pytest.raises(ConvertError, match="not finite"):
        psnr(one, np.array([0, np.nan], np.float32))
