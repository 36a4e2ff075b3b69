"""The UNet and the text encoder, trained together on the latents; a tenth of the captions is empty,
so that guidance has something to go away from (https://arxiv.org/abs/2207.12598)."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from pictures_recipe.autoencoder import encode
from pictures_recipe.parts import SCHEDULER, make_text_encoder, make_unet
from pictures_recipe.pictures import VARIATION, Picture, caption
from pictures_recipe.training import Plan, train

BATCH, RATE, EMPTY = 64, 1.2e-3, 0.1
MOST_WEIGHT = 5.0  # of a step's signal over its noise (https://arxiv.org/abs/2303.09556)


class Denoiser(nn.Module):
    """Both networks, which see each other's errors."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.text_encoder = make_text_encoder(tokens)
        self.unet = make_unet()

    def forward(self, latents: Tensor, steps: Tensor, ids: Tensor) -> Tensor:
        """The velocity that is guessed."""
        vectors = self.text_encoder(ids).last_hidden_state
        found: Tensor = self.unet(latents, steps, vectors).sample
        return found


def train_denoiser(
    pictures: list[list[Picture]],
    vae: AutoencoderKL,
    tokenizer: Tokenizer,
    minutes: float,
    build: Path,
) -> Denoiser:
    """Trained for so long."""
    torch.manual_seed(0)
    network, rng = Denoiser(tokenizer.get_vocab_size()), random.Random(1)
    scheduler = DDIMScheduler(**SCHEDULER)
    signal = scheduler.alphas_cumprod / (1 - scheduler.alphas_cumprod)
    weights = signal.clamp(max=MOST_WEIGHT) / (signal + 1)  # of a velocity's error
    latents = [part * vae.config.scaling_factor for part in encode(vae, pictures)]

    def loss() -> Tensor:
        clean, ids = _batch(pictures, latents, tokenizer, rng)
        noise, steps = torch.randn_like(clean), torch.randint(0, 1000, (BATCH,))
        noisy = scheduler.add_noise(clean, noise, steps)
        with torch.autocast("cpu", torch.bfloat16):
            guessed = network(noisy, steps, ids)
        wanted = scheduler.get_velocity(clean, noise, steps)
        errors = functional.mse_loss(guessed.float(), wanted, reduction="none").mean((1, 2, 3))
        return (errors * weights[steps]).mean()

    found = train(network, loss, Plan(minutes, RATE, build / "denoiser.csv"))
    assert isinstance(found, Denoiser)
    return found


def _batch(
    pictures: list[list[Picture]], latents: list[Tensor], tokenizer: Tokenizer, rng: random.Random
) -> tuple[Tensor, Tensor]:
    clean, texts = [], []
    for _ in range(BATCH):
        number = rng.randrange(len(pictures))
        several = pictures[number]
        others = len(several) > 1 and rng.random() < VARIATION
        which = rng.randrange(1, len(several)) if others else 0
        clean.append(latents[number][which])
        texts.append("" if rng.random() < EMPTY else caption(several[which], rng))
    ids = torch.tensor([found.ids for found in tokenizer.encode_batch(texts)])
    return torch.stack(clean), ids
