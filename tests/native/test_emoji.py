"""The picture model that the site carries: its card's program, its sheet, its files."""

from __future__ import annotations

import hashlib
import json
import re
from types import FunctionType
from typing import Any

import numpy as np
from PIL import Image

import intab
from pictures_recipe.samples import COLUMNS, COUNT, GAP, GUIDANCE, STEPS
from tests.conftest import ROOT
from tests.native.test_examples import program

FOLDER = ROOT / "models/emoji"
CARD = (FOLDER / "README.md").read_text("utf-8")
MOST = 12_000_000  # bytes
NEAR = 4  # of 255, the root of the mean square: processors add up in other orders


async def test_the_card_s_program_draws() -> None:
    [snippet] = re.findall(r"^```python\n(.*?)^```", CARD, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {"intab": intab}
    await FunctionType(program(snippet), names)()
    [image] = names["found"].images
    assert image.size == (64, 64)
    assert np.ptp(np.asarray(image)) > 100
    await names["pipe"].close()


async def test_the_sheet_is_what_this_model_draws() -> None:
    rows = re.findall(r"^\d\. (.+)$", CARD, re.MULTILINE)
    prompts = [prompt for row in rows for prompt in row.split(", ")]
    assert len(prompts) == COUNT
    with Image.open(FOLDER / "samples.png") as file:
        sheet = np.asarray(file.convert("RGB")).astype(int)
    pipe = await intab.pipeline("text-to-image", "emoji")
    options = {"num_inference_steps": STEPS, "guidance_scale": GUIDANCE}
    for place in (0, COUNT - 1):
        [image] = (await pipe(prompts[place], seed=place, **options)).images
        top, left = (GAP + one * (64 + GAP) for one in divmod(place, COLUMNS))
        drawn = sheet[top : top + 64, left : left + 64]
        assert np.sqrt(np.mean(np.square(drawn - np.asarray(image)))) <= NEAR
    await pipe.close()


def test_the_files_are_those_of_the_manifest_and_few_bytes() -> None:
    files = json.loads((FOLDER / "intab.json").read_text("utf-8"))["files"]
    assert sum(entry["size"] for entry in files.values()) < MOST
    for name, entry in files.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == entry["sha256"]
