"""The loop from noise to latents, as diffusers' StableDiffusionPipeline has it.

It knows no graph: a UNet is a function of samples, a timestep and the texts' states.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from intab.engine.diffusion.betas import Floats
from intab.engine.diffusion.scheduler import Scheduler
from intab.errors import RunError

# Samples [batch, channels, height, width], a timestep, states [batch, tokens, width] -> as samples.
UNet = Callable[[Floats, float, Floats], Awaitable[Floats]]
Draw = Callable[[tuple[int, ...]], Floats]  # a shape -> normal noise


@dataclass(frozen=True)
class DenoisingStep:
    """What a step came to.

    step: its number, from 0.
    timestep: that of the scheduler.
    latents: float32 [batch, channels, height, width], less noisy than before.
    preview: what the latents would be at the end, as far as this step knows.
    """

    step: int
    timestep: float
    latents: Floats
    preview: Floats


@dataclass(frozen=True)
class Guidance:
    """Which way the pictures go.

    states: of the prompts, float32 [batch, tokens, width].
    negative_states: of what they shall not be, likewise.
    scale: how far away from that; at 1 and below the negative states are not asked for.
    """

    states: Floats
    negative_states: Floats
    scale: float = 7.5


async def denoise(
    unet: UNet,
    scheduler: Scheduler,
    noise: Floats,
    guidance: Guidance,
    *,
    draw: Draw,
    eta: float = 0.0,
    on_step: Callable[[DenoisingStep], Floats | None] | None = None,
) -> Floats:
    """Latents from normal noise of their shape, over the scheduler's timesteps.

    `draw` is called once a step, and only if the scheduler needs noise of its own. What `on_step`
    returns takes the latents' place. RunError if the UNet answers with what is not a number.
    """
    latents: Floats = noise * np.float32(scheduler.init_noise_sigma)
    for step, timestep in enumerate(scheduler.timesteps):
        scaled = scheduler.scale_model_input(latents, timestep)
        output = await _guided(unet, scaled, float(timestep), guidance)
        if not np.isfinite(output).all():
            raise RunError(
                f"The UNet's answer of step {step + 1} has numbers that are none (NaN): run it in "
                "fp32, if it ran in fp16."
            )
        drawn = draw(latents.shape) if scheduler.needs_noise or eta else None
        made = scheduler.step(output, timestep, latents, eta=eta, variance_noise=drawn)
        latents = made.prev_sample
        if on_step:
            shown = DenoisingStep(step, float(timestep), latents, made.pred_original_sample)
            replaced = on_step(shown)
            latents = latents if replaced is None else replaced
    return latents


async def _guided(unet: UNet, sample: Floats, timestep: float, guidance: Guidance) -> Floats:
    """Classifier-free guidance (arXiv 2207.12598): one run with both texts, negative first."""
    if guidance.scale <= 1:
        return await unet(sample, timestep, guidance.states)
    both = np.concatenate([guidance.negative_states, guidance.states])
    output = await unet(np.concatenate([sample, sample]), timestep, both)
    negative, positive = np.split(output, 2)
    found: Floats = negative + np.float32(guidance.scale) * (positive - negative)
    return found
