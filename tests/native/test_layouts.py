"""Folders in the layouts that other tools write, from disk, a plain server and a hub."""

from __future__ import annotations

from pathlib import Path

import pytest

import intab
from intab.engine.loading.loader import Loader
from intab.errors import LoadError, ManifestError, ModelNotFoundError, UnsupportedModelError
from intab.native.runtime import NativeRuntime
from tests.support.fake_hub import TOKEN, serving_hub
from tests.support.graphs import Form, reference, write_model
from tests.support.layouts import LAYOUTS, genai
from tests.support.serving import serving

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n"


async def check(model: intab.Model, dtype: str) -> None:
    """It writes what the graph's weights say."""
    answer = await model.generate("Hello", max_new_tokens=5, do_sample=False)
    assert list(answer.ids) == reference(model.tokenizer.encode("Hello"), 5)
    assert model.dtype == dtype
    await model.close()


@pytest.mark.parametrize("name", LAYOUTS)
async def test_a_layout(name: str, tmp_path: Path) -> None:
    write, dtype = LAYOUTS[name]
    folder = tmp_path / "50% of #1?"
    subfolder = write(folder)
    await check(await intab.load(folder, subfolder=subfolder), dtype)
    await check(await intab.load(f"{folder}/", subfolder=Path(subfolder)), dtype)
    with serving_hub(folder) as hub:
        loader = Loader(NativeRuntime(), "models", hub.hub, token=TOKEN)
        await check(await loader.load("org/name", subfolder=subfolder), dtype)
    with serving(folder) as served:
        await check(await intab.load(f"{served.address}/", subfolder=subfolder), dtype)


async def test_the_only_model_in_folders_below(tmp_path: Path) -> None:
    genai(tmp_path, "cpu_and_mobile/cpu-int4")
    await check(await intab.load(tmp_path), "q4")


async def test_a_graph_by_its_path(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", Form())
    (folder / "onnx/model.onnx").rename(folder / "onnx/my own.onnx")
    await check(await intab.load(folder / "onnx/my own.onnx"), "fp32")
    await check(await intab.load(str(folder / "onnx/my own.onnx"), dtype="q8"), "q8")
    with pytest.raises(ModelNotFoundError, match=r"onnx/my own\.onnx.*by its path"):
        await intab.load(folder)


async def test_a_path_is_not_taken_for_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "org/name", Form())
    monkeypatch.chdir(tmp_path)
    await check(await intab.load(Path("org/name")), "fp32")
    await check(await intab.load(Path("org") / "name" / "onnx"), "fp32")
    await check(await intab.load(r".\org\name"), "fp32")
    monkeypatch.chdir(tmp_path / "org/name")
    await check(await intab.load("."), "fp32")


async def test_a_folder_of_links_as_in_the_hub_s_cache(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", Form(), external_data=True)
    (tmp_path / "blobs").mkdir()
    for number, path in enumerate(p for p in folder.rglob("*") if p.is_file()):
        path.symlink_to(path.rename(tmp_path / "blobs" / str(number)))
    await check(await intab.load(folder), "fp32")


@pytest.mark.parametrize(
    "name", ["onnx/model.onnx", "onnx/model.onnx_data", "tokenizer.json", "config.json"]
)
async def test_a_pointer_in_place_of_a_file(name: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", Form(), external_data=True)
    (folder / name).write_text(POINTER)
    with pytest.raises(ManifestError, match=f"{name} is a Git LFS pointer.*git lfs pull"):
        await intab.load(folder)


async def test_editors_marks_are_no_text(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", Form())
    for path in folder.glob("*.json"):
        path.write_text(path.read_text(), encoding="utf-8-sig")
    await check(await intab.load(folder), "fp32")
    (folder / "config.json").write_text("{}", encoding="utf-16")
    with pytest.raises(ManifestError, match="save it as UTF-8"):
        await intab.load(folder)


@pytest.mark.parametrize("location", ["../../weights.bin", "/etc/passwd", "a/../../../b"])
async def test_weights_out_of_the_folder(location: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", Form(), external_data=True)
    path = folder / "onnx/model.onnx"
    old, new = b"model.onnx_data", location.encode()
    data = path.read_bytes()
    padded = new[: len(old)].ljust(len(old), b"/")
    path.write_bytes(data.replace(old, padded))
    with pytest.raises(ManifestError, match=r"onnx/model\.onnx names .* leads out of the folder"):
        await intab.load(folder)


async def test_weights_that_are_not_there(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", Form(), external_data=True)
    (folder / "onnx/model.onnx_data").unlink()
    with pytest.raises(ModelNotFoundError, match=r"has weights in model\.onnx_data"):
        await intab.load(folder)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "no model at"),
        (["adapter_config.json", "adapter_model.safetensors"], "LoRA adapter"),
        (["config.json", "model.safetensors"], "intab convert FOLDER"),
        (["config.json", "model-Q4_K_M.gguf"], "convert one with `intab convert FILE.gguf"),
        (["model-Q4_K_M.gguf"], "convert one with `intab convert FILE.gguf"),
        (["config.json", "pytorch_model.bin"], "PyTorch"),
        (["config.json", "weights.npz"], "MLX"),
        (["model_index.json", "unet/model.onnx"], "diffusers, .*pipeline.'text-to-image'"),
        (["model_index.json", "unet/model.safetensors"], "no unet/model.onnx: export all of it"),
        (["config.json", "onnx/vision_encoder.onnx"], "onnx/vision_encoder.onnx"),
        (["config.json", "README.md"], "export the model to ONNX"),
    ],
)
async def test_a_folder_that_is_no_model_says_what_it_is(
    files: list[str], says: str, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    with pytest.raises(LoadError, match=says) as caught:
        await intab.load(tmp_path)
    assert isinstance(caught.value, ModelNotFoundError | UnsupportedModelError)


async def test_a_name_that_is_in_models_not() -> None:
    with pytest.raises(ModelNotFoundError, match=r"org/smollm, a folder of yours \./smollm"):
        await intab.load("smollm")


async def test_names_that_no_file_has(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no model at"):
        await intab.load(tmp_path / ("x" * 300))
    folder = write_model(tmp_path / "m", Form())
    (Path(str(folder)) / "caf\udce9.onnx").write_bytes(b"")
    await check(await intab.load(folder), "fp32")


async def test_a_folder_here_comes_before_a_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in transformers, whether its name could be a hub's id or not."""
    monkeypatch.chdir(tmp_path)
    for name in ("org/name", "out/a/model"):
        write_model(tmp_path / name, Form())
        await check(await intab.load(name), "fp32")
