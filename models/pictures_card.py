"""Makes models/emoji of what train_pictures.py wrote: the graphs as they are shipped, and the card.

    python models/pictures_card.py                     # of build/pictures
    python models/pictures_card.py --build FOLDER --out FOLDER

Needs no torch: `pip install '.[native,convert,pictures]'` is enough, and the pictures that the
training fetched.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
from pathlib import Path

from intab.convert.pictures.converting import convert_pictures
from pictures_recipe.card import write_card
from pictures_recipe.pictures import fetch, read_all
from pictures_recipe.samples import make_all, prompts_of

HERE = Path(__file__).resolve().parent
DTYPES = ("q8f32",)
MOST = 12_000_000  # bytes that a visitor may have to fetch


def main() -> None:
    options = parse_options()
    out: Path = options.out
    shutil.rmtree(out, ignore_errors=True)
    convert_pictures(options.build / "fp32", out, DTYPES, lambda what, _: print(what, flush=True))
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if size > MOST:
        raise SystemExit(f"{out} has {size:,} bytes, and may have {MOST:,}.")
    pictures = read_all(fetch(options.build))
    samples = asyncio.run(make_all(out, prompts_of(pictures)))
    write_card(out, options.build, pictures, samples)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the picture model's folder and its card.")
    parser.add_argument("--build", type=Path, default=HERE.parent / "build" / "pictures")
    parser.add_argument("--out", type=Path, default=HERE / "emoji")
    return parser.parse_args()


if __name__ == "__main__":
    main()
