"""Trains the picture model and writes it as float32 graphs: the one entry to its recipe.

    python models/train_pictures.py                     # two hours on two CPU cores
    python models/train_pictures.py --minutes 2         # to see that it works

Needs models/requirements.txt and npm, which the pictures come by. Whatever a training makes goes
to --build.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# A waiting thread that spins takes the core from the one it waits for when cores are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from diffusers import AutoencoderKL

from pictures_recipe.autoencoder import train_vae
from pictures_recipe.denoiser import train_denoiser
from pictures_recipe.exporter import export
from pictures_recipe.parts import train_tokenizer
from pictures_recipe.pictures import captions, fetch, read_all

HERE = Path(__file__).resolve().parent
VAE_SHARE = 0.17  # of the time


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    build: Path = options.build
    pictures = read_all(fetch(build))
    print(f"{len(pictures)} emoji, {sum(map(len, pictures))} pictures", flush=True)
    tokenizer = train_tokenizer(captions(pictures))
    vae = find_vae(build, options)
    if vae is None:
        vae = train_vae(pictures, options.minutes * VAE_SHARE, build)
        vae.save_pretrained(build / "vae")
    minutes = options.minutes * (1 - VAE_SHARE)
    denoiser = train_denoiser(pictures, vae, tokenizer, minutes, build)
    export(vae, denoiser, tokenizer, build / "fp32")


def find_vae(build: Path, options: argparse.Namespace) -> AutoencoderKL | None:
    """The autoencoder of an earlier run, if it is to be kept."""
    kept = options.keep_vae and (build / "vae").is_dir()
    return AutoencoderKL.from_pretrained(build / "vae") if kept else None


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the picture model.")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--keep-vae", action="store_true", help="that of an earlier run")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--build", type=Path, default=HERE.parent / "build" / "pictures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
