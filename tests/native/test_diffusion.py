"""Pictures out of noise over onnxruntime in CPython are those of diffusers."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from starlette.types import ASGIApp, Receive, Scope, Send

import intab
from intab.engine.display.shown import represent
from intab.engine.io.protocols import Progress
from intab.engine.loading.loader import Loader
from intab.engine.tasks.registry import find_task
from intab.errors import ModelClosedError
from intab.native.runtime import NativeRuntime
from tests.conftest import ROOT
from tests.engine.support.drawing import drawing
from tests.engine.support.noise import InTurn
from tests.support.fake_hub import TOKEN, serving_hub
from tests.support.serving import serving

GOLDEN = ROOT / "tests/golden"
TINY = GOLDEN / "diffusion/tiny"
RECORDED = json.loads((GOLDEN / "diffusion.json").read_text("utf-8"))
CASES = RECORDED["cases"]
NEAR = 2  # of 255
CUT = "ignore:The following part of your input was truncated"


def folder_of(case: dict[str, Any], target: Path) -> Path:
    """The tiny model with a case's scheduler; for LCM with the UNet of such a model."""
    folder = shutil.copytree(TINY, target)
    scheduler = json.dumps(case["scheduler"])
    (folder / "scheduler/scheduler_config.json").write_text(scheduler, "utf-8")
    if case["scheduler"]["_class_name"] == "LCMScheduler":
        shutil.copytree(GOLDEN / "diffusion/consistency", folder, dirs_exist_ok=True)
        index = {"_class_name": "LatentConsistencyModelPipeline"}
        (folder / "model_index.json").write_text(json.dumps(index), "utf-8")
    return folder


def pixels_of(wanted: dict[str, Any]) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(wanted["data"]), np.uint8).reshape(wanted["shape"])


def differs(images: Any, wanted: dict[str, Any]) -> int:
    found = np.stack([np.asarray(image) for image in images])
    assert list(found.shape) == wanted["shape"]
    return int(np.abs(found.astype(int) - pixels_of(wanted)).max())


def task_of(case: dict[str, Any]) -> str:
    return "image-to-image" if "size" in case else "text-to-image"


def given(case: dict[str, Any]) -> dict[str, Any]:
    image = {"image": Image.fromarray(drawing(*case["size"]))} if "size" in case else {}
    return {**case["options"], **image, "generator": InTurn()}


def named(case: dict[str, Any]) -> str:
    return f"{task_of(case)} {case['scheduler']['_class_name']}"


@pytest.mark.filterwarnings(CUT)
@pytest.mark.parametrize("case", CASES, ids=named)
async def test_as_diffusers(case: dict[str, Any], tmp_path: Path) -> None:
    pipe = await intab.pipeline(task_of(case), folder_of(case, tmp_path / "m"))
    found = await pipe(**given(case))
    assert differs(found.images, case["pictures"]) <= NEAR
    await pipe.close()


async def tiny() -> Any:
    """One for all tests, which leave it open."""
    return await intab.pipeline("text-to-image", TINY)


async def test_a_picture_is_shown_saved_and_named() -> None:
    pipe = await tiny()
    found = await pipe("a red fox", num_inference_steps=1, seed=3)
    assert str(found) == "<intab.ImagePipelineOutput of 1 picture of 32 x 32 pixels>"
    assert isinstance(found.images[0], Image.Image)
    shown = represent(found)
    assert (shown.form, shown.content) == ("image", "image/png")
    two = await pipe(["a", "fox"], num_inference_steps=1, seed=3)
    assert Image.open(io.BytesIO(represent(two).data)).size == (64, 32)
    assert repr(pipe).endswith("tiny', fp32 on cpu>")


async def test_the_same_seed_gives_the_same_picture() -> None:
    pipe = await tiny()
    options = {"num_inference_steps": 1, "output_type": "np"}
    one, same, other = [(await pipe("a", seed=s, **options)).images for s in (1, 1, 2)]
    assert one.shape == (1, 32, 32, 3)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    generator = np.random.default_rng(1)
    assert np.array_equal((await pipe("a", generator=generator, **options)).images, one)
    latents = np.random.default_rng(1).standard_normal((1, 4, 8, 8), np.float32)
    assert np.array_equal((await pipe("a", latents=latents, **options)).images, one)


async def test_steps_are_counted_seen_and_changed() -> None:
    pipe = await tiny()
    counted: list[tuple[int, int]] = []
    steps: list[tuple[int, float]] = []
    previews: list[tuple[int, int]] = []

    def on_step(owner: Any, step: int, timestep: float, tensors: dict[str, Any]) -> dict[str, Any]:
        assert owner is pipe
        steps.append((step, timestep))
        return {"latents": tensors["latents"] * 0} if step == 3 else {}

    found = await pipe(
        prompt="a fox",
        num_inference_steps=3,
        output_type="latent",
        callback_on_step_end=on_step,
        on_progress=lambda progress: counted.append((progress.loaded, progress.total)),
        on_preview=lambda images: previews.extend(image.size for image in images),
        preview_steps=2,
    )
    assert counted == [(1, 4), (2, 4), (3, 4), (4, 4)]  # PNDM has one more than was asked for
    assert steps == [(0, 667.0), (1, 334.0), (2, 334.0), (3, 1.0)]
    assert previews == [(8, 8), (8, 8)]
    assert not found.images.any()
    assert found.images.shape == (1, 4, 8, 8)


async def test_a_preview_without_a_guess_is_the_vae_s(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY, tmp_path / "m")
    changed(folder / "vae_decoder/config.json", scaling_factor=0.5)
    pipe = await intab.pipeline("text-to-image", folder)
    previews: list[Any] = []
    await pipe("a", num_inference_steps=1, on_preview=previews.extend, preview_steps=1)
    assert [image.size for image in previews] == [(32, 32)]
    await pipe.close()


async def test_a_long_prompt_is_cut_with_a_warning() -> None:
    pipe = await tiny()
    long = "a fox and a fox and a fox and a fox and a fox and a fox"
    with pytest.warns(UserWarning, match=r"up to 16 tokens: 'and a fox'"):
        cut = await pipe(long, num_inference_steps=1, seed=1, output_type="np")
    short = await pipe(long[:-10], num_inference_steps=1, seed=1, output_type="np")
    assert np.array_equal(cut.images, short.images)


def changed(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **values}), "utf-8")


async def test_each_prompt_changes_its_own_picture() -> None:
    """However many of each; diffusers begins the second result of a prompt with another's."""
    pipe = await intab.pipeline("image-to-image", TINY)
    pictures = [np.full((32, 32, 3), level, np.uint8) for level in (0, 255)]
    options = {"num_inference_steps": 900, "strength": 0.002, "output_type": "latent", "seed": 1}
    dark, light = [(await pipe("a", one, **options)).images[0] for one in pictures]
    found = await pipe(["a", "fox"], pictures, num_images_per_prompt=2, **options)
    is_light = [np.abs(one - light).mean() < np.abs(one - dark).mean() for one in found.images]
    assert is_light == [False, False, True, True]


async def test_prompts_are_transformers_ids() -> None:
    pipe = await tiny()
    for text, ids in RECORDED["tokens"]:
        with warnings.catch_warnings(action="ignore"):
            assert pipe.prompts.ids([text]).tolist() == [ids], text


async def test_by_an_address_whose_server_lists_nothing(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    shutil.copytree(TINY, tmp_path / "models/tiny")
    heard: list[str] = []

    def hearing(app: ASGIApp) -> ASGIApp:
        async def hear(scope: Scope, receive: Receive, send: Send) -> None:
            heard.append(scope.get("path", ""))
            await app(scope, receive, send)

        return hear

    with serving(tmp_path, wrap=hearing) as served:
        pipe = await intab.pipeline("image-to-image", f"{served.address}/models/tiny/")
        found = await pipe("a", drawing(32, 32), num_inference_steps=2, seed=1)
        assert found.images[0].size == (32, 32)
        await pipe.close()
    asked = [path for path in heard if path.endswith(".onnx")]
    assert len(asked) < 50  # and not each name in each place


async def test_by_a_hub_s_id() -> None:
    with serving_hub(TINY) as hub:
        found = Loader(NativeRuntime(), "models", hub.hub)
        pipe = await found.load("org/name", token=TOKEN, task=find_task("text-to-image"))
        await pipe.close()
    assert not hub.asked[hub.question("vae_encoder/model.onnx")]  # which text-to-image needs not
    assert hub.asked[hub.question("unet/model.onnx")]


async def test_calls_wait_for_each_other_and_can_be_stopped() -> None:
    pipe = await tiny()

    def stop(progress: Progress) -> None:
        slow.cancel()

    slow = asyncio.ensure_future(pipe("a", num_inference_steps=50, on_progress=stop))
    quick = asyncio.ensure_future(pipe("a", num_inference_steps=1))
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert (await quick).images


async def test_a_closed_pipeline_says_so() -> None:
    pipe = await intab.pipeline("text-to-image", TINY)
    await pipe.close()
    assert "nothing (closed)" in repr(pipe)
    with pytest.raises(ModelClosedError, match="was closed: load it again"):
        await pipe("a")
