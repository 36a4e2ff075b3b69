"""Odd pictures in every task: the answer to the plain picture of these pixels, or clear words."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

import intab
from intab.errors import PromptError
from tests.conftest import ROOT
from tests.engine.support.drawing import drawing
from tests.engine.support.saving import saved
from tests.golden.make_cutouts import LAYOUTS, write_graph
from tests.native.test_images import bomb

GOLDEN = ROOT / "tests/golden"
TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "image-classification": ("pictures/convnext-labels", {}),
    "image-feature-extraction": ("pictures/vit-features", {}),
    "zero-shot-image-classification": ("pictures/siglip", {"candidate_labels": ["cat", "dog"]}),
    "object-detection": ("pictures/yolos", {"threshold": 0.0}),
    "zero-shot-object-detection": ("pictures/owlv2", {"candidate_labels": ["cat", "dog"]}),
    "depth-estimation": ("pictures/dpt-depth", {}),
    "image-segmentation": ("pictures/maskformer", {"threshold": 0.3}),
    "background-removal": ("", {}),
    "image-to-text": ("captions/trocr", {"max_new_tokens": 5}),
}
LARGE = Image.fromarray(drawing(41, 60))
ODD = {
    "dot": Image.fromarray(drawing(1, 1)),
    "grey": LARGE.convert("L"),
    "grey with alpha": LARGE.convert("LA"),
    "alpha": Image.fromarray(drawing(41, 60, 4)),
    "palette": LARGE.convert("P"),
    "bits": LARGE.convert("1"),
    "sixteen bits": Image.fromarray(np.arange(41 * 60, dtype=np.uint16).reshape(41, 60) * 26),
    "long": Image.fromarray(drawing(1, 4000)),
    "tall": Image.fromarray(drawing(4000, 1)),
}


def comparable(found: Any) -> Any:
    """Pictures and arrays as lists."""
    if isinstance(found, Image.Image | np.ndarray):
        return np.asarray(found).tolist()
    if isinstance(found, list):
        return [comparable(one) for one in found]
    return {k: comparable(v) for k, v in found.items()} if isinstance(found, dict) else found


TOO_LONG = {
    (task, name)
    for task in (
        "image-classification",
        "object-detection",
        "image-segmentation",
        "background-removal",
    )
    for name in ("long", "tall")
}
WIDE = {**dict.fromkeys(TASKS, 4000), "zero-shot-object-detection": 300}
every_task = pytest.mark.parametrize("task", TASKS)


async def opened(task: str, tmp_path: Path) -> Callable[[Any], Awaitable[Any]]:
    folder, options = TASKS[task]
    if not folder:
        write_graph(tmp_path / "model.onnx", "modnet")
        settings = json.dumps(LAYOUTS["modnet"][3])
        (tmp_path / "preprocessor_config.json").write_text(settings, "utf-8")
    pipe = await intab.pipeline(task, GOLDEN / folder if folder else tmp_path)

    async def call(picture: Any) -> Any:
        return comparable(await pipe(picture, **options))

    return call


@every_task
async def test_every_kind_is_read_as_its_colours(task: str, tmp_path: Path) -> None:
    pipe = await opened(task, tmp_path)
    for name, whole in ODD.items():
        # OWLv2 fills pictures up to squares: of 4,000 pixels they would take a test seconds each.
        most = WIDE[task]
        picture = whole.crop((0, 0, min(whole.width, most), min(whole.height, most)))
        plain = picture.convert("RGB")
        if (task, name) in TOO_LONG:
            with pytest.raises(PromptError, match="far too long for this model"):
                await pipe(picture)
            continue
        wanted = await pipe(np.asarray(plain))
        assert await pipe(picture) == wanted, name
        if name not in ("sixteen bits", "long", "tall"):  # the last two for the time's sake
            assert await pipe(saved(picture)) == wanted, name


@every_task
async def test_every_turn_is_upright(task: str, tmp_path: Path) -> None:
    pipe = await opened(task, tmp_path)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = saved(LARGE, exif=exif)
        turned = LARGE.copy()
        turned.getexif()[0x0112] = orientation
        assert await pipe(data) == await pipe(np.asarray(ImageOps.exif_transpose(turned)))


@every_task
async def test_a_bomb_is_refused_by_its_size(task: str, tmp_path: Path) -> None:
    pipe = await opened(task, tmp_path)
    with pytest.raises(PromptError, match="is too large: 12,000 x 9,000 pixels"):
        await pipe(bomb(12_000, 9_000))
