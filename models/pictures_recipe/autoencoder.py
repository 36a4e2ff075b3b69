"""The autoencoder, trained on pixels, edges and a little on how normal its latents are."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional

from pictures_recipe.parts import make_vae
from pictures_recipe.pictures import Picture, choose
from pictures_recipe.training import Plan, train

BATCH, RATE = 24, 1e-3
NORMAL = 1e-5  # how much the latents' distribution counts
EDGES = 0.5


def tensor(pictures: list[Picture]) -> Tensor:
    """[batch, 3, 64, 64], -1 to 1."""
    stacked = np.stack([picture.pixels for picture in pictures])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 127.5 - 1


def train_vae(pictures: list[list[Picture]], minutes: float, build: Path) -> AutoencoderKL:
    """Trained for so long; its config has the scale that makes latents of a variance of 1."""
    vae, rng = make_vae(), random.Random(0)

    def loss() -> Tensor:
        batch = tensor([choose(pictures, rng) for _ in range(BATCH)])
        if rng.random() < 0.5:
            batch = batch.flip(-1)
        with torch.autocast("cpu", torch.bfloat16):
            latents = vae.encode(batch).latent_dist
            made = vae.decode(latents.sample()).sample.float()
        return _distance(made, batch) + NORMAL * latents.kl().mean()

    vae = train(vae, loss, Plan(minutes, RATE, build / "autoencoder.csv"))
    spread = torch.cat([part.flatten() for part in encode(vae, pictures)]).std().item()
    vae.register_to_config(scaling_factor=round(1 / spread, 5))
    return vae


def _distance(made: Tensor, wanted: Tensor) -> Tensor:
    across = functional.l1_loss(made.diff(dim=-1), wanted.diff(dim=-1))
    down = functional.l1_loss(made.diff(dim=-2), wanted.diff(dim=-2))
    pixels = functional.l1_loss(made, wanted) + functional.mse_loss(made, wanted)
    return pixels + EDGES * (across + down)


@torch.no_grad()
def encode(vae: AutoencoderKL, pictures: list[list[Picture]]) -> list[Tensor]:
    """The latents' means of each emoji and of its skin tones, unscaled: [n, 4, 16, 16]."""
    return [vae.encode(tensor(several)).latent_dist.mean for several in pictures]
