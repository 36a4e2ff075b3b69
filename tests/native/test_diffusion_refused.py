"""What text-to-image and image-to-image cannot use: options, pictures, folders."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import intab
from intab.errors import (
    ManifestError,
    ModelNotFoundError,
    OptionError,
    PromptError,
    RunError,
    UnsupportedModelError,
)
from tests.engine.support.drawing import drawing
from tests.engine.support.noise import InTurn
from tests.native.test_diffusion import TINY, changed, tiny
from tests.native.test_extras import run_without


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({}, OptionError, "prompt must be a text or a list of texts"),
        ({"prompt": []}, OptionError, "pass at least one"),
        ({"prompt": 3}, PromptError, "A text must be a string, not int"),
        ({"prompt": "a", "image": 3}, OptionError, "There is no option 'image'; text-to-image has"),
        ({"prompt": "a", "height": 60}, OptionError, "height must be a multiple of 8 pixels"),
        ({"prompt": "a", "width": 0}, OptionError, "width must be a multiple of 8 pixels, not 0"),
        ({"prompt": "a", "num_inference_steps": 0}, OptionError, "from 1 to 1,000, not 0"),
        ({"prompt": "a", "num_images_per_prompt": 0}, OptionError, "num_images_per_prompt must be"),
        ({"prompt": "a", "guidance_scale": "7"}, OptionError, "guidance_scale must be a number"),
        ({"prompt": "a", "eta": 0.5}, OptionError, "eta is DDIM's alone"),
        ({"prompt": "a", "seed": -1}, OptionError, "seed must be a whole number from 0 on"),
        ({"prompt": "a", "generator": 5}, OptionError, "must be a numpy.random.Generator, not int"),
        ({"prompt": "a", "seed": 1, "generator": InTurn()}, OptionError, "pass one of them"),
        ({"prompt": "a", "output_type": "pt"}, OptionError, "output_type must be one of pil, np"),
        (
            {"prompt": ["a", "b"], "negative_prompt": ["c"]},
            OptionError,
            "1 texts, and prompt 2",
        ),
        ({"prompt": "a", "latents": np.zeros((1, 4, 8, 7))}, OptionError, r"need \[1, 4, 8, 8\]"),
        ({"prompt": "a", "on_preview": 3}, OptionError, "on_preview must be a function, not 3"),
        (
            {"prompt": "a", "callback_on_step_end_tensor_inputs": ["prompt_embeds"]},
            OptionError,
            r"can be \['latents'\] alone",
        ),
    ],
)
async def test_what_cannot_be_used(
    options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    pipe = await tiny()
    with pytest.raises(kind, match=says):
        await pipe(**{"num_inference_steps": 1, **options})


async def test_what_is_cut_off_a_prompt_is_told() -> None:
    pipe = await tiny()
    fits, long = "a fox", " ".join(["a fox"] * 8 + ["and snow"])
    with pytest.warns(UserWarning, match=r"truncated because CLIP .* up to 16 tokens: '.*snow'"):
        await pipe(long, num_inference_steps=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await pipe(fits, num_inference_steps=1)


@pytest.mark.parametrize("latents", [np.nan, np.inf])
async def test_latents_that_are_no_numbers(latents: float) -> None:
    pipe = await tiny()
    with pytest.raises(RunError, match=r"not finite|NaN"):
        await pipe("a", latents=np.full((1, 4, 8, 8), latents), num_inference_steps=1)


async def test_arguments_that_are_too_many_or_twice() -> None:
    pipe = await tiny()
    with pytest.raises(OptionError, match="text-to-image takes prompt, the rest by names"):
        await pipe("a", 3)
    with pytest.raises(OptionError, match="prompt is passed twice"):
        await pipe("a", prompt="b")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "needs a picture to begin with: pass image"),
        ({"strength": 1.5}, "strength must be a number from 0 to 1, not 1.5"),
        ({"strength": 0.1}, "strength 0.1 leaves none of the 2 steps"),
        ({"image": [drawing(32, 32), drawing(24, 24)]}, "one size, .*not 24 x 24, 32 x 32"),
        ({"image": drawing(3, 32)}, "at least 4 x 4 pixels, not 32 x 3"),
        ({"image": [drawing(32, 32)] * 2, "num_images_per_prompt": 3}, "2 pictures .*and 3 are"),
        ({"height": 32}, "There is no option 'height'; image-to-image has"),
    ],
)
async def test_pictures_that_cannot_be_begun_with(options: dict[str, Any], says: str) -> None:
    pipe = await intab.pipeline("image-to-image", TINY)
    image = {"image": drawing(32, 32)} if set(options) - {"image", "height"} else {}
    with pytest.raises(OptionError, match=says):
        await pipe("a", **{"num_inference_steps": 2, **image, **options})


@pytest.mark.parametrize(
    ("missing", "kind", "says"),
    [
        ("text_encoder", ModelNotFoundError, "The model has no text_encoder, which stands beside"),
        ("vae_decoder", ModelNotFoundError, "The model has no vae_decoder, which stands beside"),
        ("vae_encoder", ModelNotFoundError, "The model has no vae_encoder, which stands beside"),
        ("unet", ModelNotFoundError, "has no unet/model.onnx: export all of it"),
        ("scheduler", ManifestError, "no scheduler/scheduler_config.json, which says how noise"),
        ("tokenizer", ManifestError, "neither tokenizer/tokenizer.json nor tokenizer/vocab.json"),
    ],
)
async def test_a_folder_with_something_missing(
    missing: str, kind: type[Exception], says: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(TINY, tmp_path / "m", ignore=shutil.ignore_patterns(missing))
    with pytest.raises(kind, match=says):
        await intab.pipeline("image-to-image", folder)


@pytest.mark.parametrize(
    ("file", "values", "kind", "says"),
    [
        ("scheduler/scheduler_config.json", {"_class_name": "HeunDiscreteScheduler"},
         UnsupportedModelError, "'HeunDiscreteScheduler', which is not known here"),
        ("unet/config.json", {"sample_size": [8, "x"]}, ManifestError,
         "unet/config.json is not valid: sample_size must be a whole number"),
        ("vae_decoder/config.json", {"scaling_factor": 0}, ManifestError,
         "vae_decoder/config.json is not valid: scaling_factor must be a number"),
        ("tokenizer/vocab.json", {"<|endoftext|>": None}, ManifestError,
         r"vocab.json is not valid: <\|endoftext\|> must have an id"),
        ("tokenizer/vocab.json", {"f": 2**40}, ManifestError, "do not fit each other"),
        ("vae_decoder/config.json", {"latent_channels": 9}, UnsupportedModelError,
         "latents have 9 channels: it is made for inpainting or upscaling"),
    ],
)  # fmt: skip
async def test_a_folder_that_cannot_be_used(
    file: str, values: dict[str, Any], kind: type[Exception], says: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(TINY, tmp_path / "m")
    changed(folder / file, **values)
    with pytest.raises(kind, match=says):
        await intab.pipeline("text-to-image", folder)


async def test_merges_that_are_none(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY, tmp_path / "m")
    (folder / "tokenizer/merges.txt").write_text("#version: 0.2\na b c\n", "utf-8")
    with pytest.raises(ManifestError, match=r"merges\.txt is not valid: 'a b c' is not two tokens"):
        await intab.pipeline("text-to-image", folder)


async def test_models_of_other_kinds_are_named_before_anything_is_fetched(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY, tmp_path / "m")
    (folder / "text_encoder_2").mkdir()
    (folder / "text_encoder_2/model.onnx").write_bytes(b"")
    with pytest.raises(UnsupportedModelError, match=r"text_encoder_2/, as Stable Diffusion XL"):
        await intab.pipeline("text-to-image", folder)


def test_without_pillow_there_are_arrays() -> None:
    lines = [
        "import intab",
        f"pipe = intab.run_sync(intab.pipeline('text-to-image', {str(TINY)!r}))",
        "print(intab.run_sync(pipe('a', num_inference_steps=1, output_type='np')))",
        "intab.run_sync(pipe('a', num_inference_steps=1))",
    ]
    done = run_without(["PIL"], "\n".join(lines))
    assert done.stdout == "<intab.ImagePipelineOutput of an array [1, 32, 32, 3]>\n"
    assert "DeviceError: Reading pictures needs pillow, which is not installed" in done.stderr
