"""The picture model's card: fills card.md with figures, and puts pictures and licence beside it."""

from __future__ import annotations

import csv
import datetime
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

from pictures_recipe.pictures import PACKAGE, Picture
from pictures_recipe.samples import COLUMNS, GUIDANCE, STEPS, Near, Sample, nearest, sheet

TEMPLATE = Path(__file__).with_name("card.md")
LICENCE = Path(__file__).with_name("apache-2.0.txt")
SAMPLES, NEAREST = "samples.png", "nearest.png"
FLOAT = 4  # bytes


def write_card(
    folder: Path, build: Path, pictures: Sequence[Sequence[Picture]], samples: Sequence[Sample]
) -> None:
    """Write README.md, LICENSE and the two sheets beside the graphs in `folder`."""
    near = [nearest(sample, pictures) for sample in samples[::COLUMNS]]
    both = [*(one.sample.pixels for one in near), *(one.picture.pixels for one in near)]
    sheet([sample.pixels for sample in samples]).save(folder / SAMPLES, optimize=True)
    sheet(both, len(near)).save(folder / NEAREST, optimize=True)
    shutil.copyfile(LICENCE, folder / "LICENSE")
    values = {
        **_sizes(folder, build),
        **_training(build),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "package": PACKAGE,
        "emoji": f"{len(pictures):,}",
        "pictures": f"{sum(map(len, pictures)):,}",
        "steps": STEPS,
        "guidance": f"{GUIDANCE:g}",
        "sheet": f"![{len(samples)} pictures]({SAMPLES})",
        "below": f"![{len(near)} of these, and the nearest training pictures below]({NEAREST})",
        "prompts": "\n".join(_rows(samples)),
        "nearest": "\n".join(map(_near, near)),
    }
    text = Template(TEMPLATE.read_text("utf-8")).substitute(values)
    (folder / "README.md").write_text(text, encoding="utf-8")


def _sizes(folder: Path, build: Path) -> dict[str, str]:
    """Parameters, the bytes of each graph, and how near it is to float32."""
    manifest = json.loads((folder / "intab.json").read_text("utf-8"))
    floats = sum(path.stat().st_size for path in (build / "fp32").rglob("*.onnx"))
    fetched = sum(entry["size"] for entry in manifest["files"].values())
    return {
        "parameters": f"{floats / FLOAT / 1e6:.1f}",
        "megabytes": f"{fetched / 1e6:.1f}",
        "graphs": "\n".join(_graphs(manifest)),
    }


def _graphs(manifest: dict[str, Any]) -> Iterator[str]:
    for role, dtypes in manifest["roles"].items():
        for dtype, names in dtypes.items():
            size = sum(manifest["files"][name]["size"] for name in names)
            told = manifest["psnr"].get(dtype, {}).get(role)
            yield f"| {role} | {dtype} | {size / 1e6:.2f} | {told or ''} |"
    for dtype, figures in manifest["psnr"].items():
        yield f"| the picture | {dtype} | | {figures['picture']} |"


def _training(build: Path) -> dict[str, str]:
    """Minutes and steps of both trainings, and their last losses."""
    found: dict[str, str] = {}
    seconds = 0.0
    for name in ("autoencoder", "denoiser"):
        with (build / f"{name}.csv").open(encoding="utf-8") as file:
            *_, last = csv.DictReader(file)
        seconds += float(last["seconds"])
        found |= {f"{name}_steps": f"{int(last['step']):,}", f"{name}_loss": last["loss"]}
    return {**found, "minutes": f"{seconds / 60:.0f}"}


def _rows(samples: Sequence[Sample]) -> Iterator[str]:
    """The prompts, a row of the sheet a line."""
    for row in range(0, len(samples), COLUMNS):
        told = ", ".join(sample.prompt for sample in samples[row : row + COLUMNS])
        yield f"{row // COLUMNS + 1}. {told}"


def _near(one: Near) -> str:
    name, distance, usual = one.picture.names[0], one.distance, one.usual
    return f"| {one.sample.prompt} | {name} | {distance:.1f} | {usual:.1f} |"
