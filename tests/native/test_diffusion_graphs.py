"""Graphs of diffusion models: each with a dtype of its own, of fixed sizes, held in turns."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import onnx
import pytest

import intab
from intab.engine.loading.loader import Loader
from intab.engine.runtime.limits import Limits
from intab.engine.tasks.registry import find_task
from intab.errors import DeviceError, OptionError, RunError
from intab.native.onnx import OnnxNetwork
from intab.native.runtime import NativeRuntime
from tests.native.test_diffusion import CASES, NEAR, TINY, differs, given
from tests.support.fake_hub import TOKEN, serving_hub


def write_root(folder: Path) -> None:
    """A VAE's decoder in fp16 that gives NaN for latents below 0, and not while it is tried."""
    shape: list[str | int | None] = ["batch", 4, "height", "width"]
    taken, given = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT16, shape)
        for name in ("latent_sample", "sample")
    )
    node = onnx.helper.make_node("Sqrt", ["latent_sample"], ["sample"])
    graph = onnx.helper.make_graph([node], "root", [taken], [given])
    opset = [onnx.helper.make_opsetid("", 18)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)
    onnx.save(model, folder / "model_fp16.onnx")


async def test_each_graph_has_its_dtype_and_nan_is_said(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY, tmp_path / "m")
    write_root(folder / "vae_decoder")
    pipe = await intab.pipeline("text-to-image", folder, dtype={"vae_decoder": "fp16"})
    with pytest.raises(RunError, match=r"VAE's picture .*dtype={\"vae_decoder\": \"fp32\"}"):
        await pipe("a", num_inference_steps=1)
    await pipe.close()


@pytest.mark.parametrize("rows", [1, 2])
async def test_a_unet_of_a_fixed_size(rows: int, tmp_path: Path) -> None:
    """Of one row it runs twice for guidance; of two rows it makes no single one without."""
    folder = shutil.copytree(TINY, tmp_path / "m")
    fix(folder / "unet/model.onnx", {"sample": (rows, 4, 8, 8), "encoder_hidden_states": (rows,)})
    pipe = await intab.pipeline("text-to-image", folder)
    case = CASES[0]
    assert differs((await pipe(**given(case))).images, case["pictures"]) <= NEAR
    with pytest.raises(OptionError, match="pictures of 32 x 32 pixels alone, not 64 x 32"):
        await pipe("a", width=64)
    if rows == 2:
        with pytest.raises(OptionError, match="takes 2 rows at once, and 1 are asked for"):
            await pipe("a", guidance_scale=0)
    await pipe.close()


def fix(path: Path, sizes: dict[str, tuple[int, ...]]) -> None:
    model = onnx.load(path)
    for info in model.graph.input:
        for place, size in enumerate(sizes.get(info.name, ())):
            info.type.tensor_type.shape.dim[place].dim_value = size
    onnx.save(model, path)


async def test_graphs_are_held_in_turns_where_the_device_cannot_hold_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twice, so that each is opened again; the picture is the same."""
    monkeypatch.setattr(NativeRuntime, "limits", lambda *_: Limits({"memory": 300_000}))
    opened: list[OnnxNetwork] = []
    open_one = NativeRuntime.open

    async def opens(*given: Any) -> OnnxNetwork:
        opened.append(await open_one(*given))
        assert sum(one._session is not None for one in opened) == 1
        return opened[-1]

    monkeypatch.setattr(NativeRuntime, "open", opens)
    found = Loader(NativeRuntime(), "models")
    pipe = await found.load(TINY, task=find_task("text-to-image"))
    case = CASES[0]
    sizes: list[tuple[int, int]] = []
    for _ in range(2):
        options = {**given(case), "on_preview": lambda images: sizes.append(images[0].size)}
        images = (await pipe(**options, preview_steps=2)).images
        assert differs(images, case["pictures"]) <= NEAR
    assert len(opened) == 9  # three while they are tried, three for each picture
    assert sizes == [(8, 8)] * 4  # a guess, for which the VAE need not be opened
    await pipe.close()
    assert not any(one._session for one in opened)


async def test_a_graph_that_does_not_fit_alone_is_said_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(NativeRuntime, "limits", lambda *_: Limits({"memory": 100_000}))
    with serving_hub(TINY) as hub:
        found = Loader(NativeRuntime(), "models", hub.hub)
        with pytest.raises(DeviceError, match=r"does not fit on cpu: it needs 169,\d+ bytes"):
            await found.load("org/name", token=TOKEN, task=find_task("text-to-image"))
    assert not hub.asked[hub.question("unet/model.onnx")]
