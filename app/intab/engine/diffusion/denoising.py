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
    negative_states: of what they shall not be, likewise; None: they are not asked for.
    scale: how far away from that; at 1 and below the negative states are not asked for.
    rescale: from 0 to 1, how much of a large scale's contrast is taken back (arXiv 2305.08891,
        section 3.4).
    """

    states: Floats
    negative_states: Floats | None
    scale: float = 7.5
    rescale: float = 0.0


async def denoise(
    unet: UNet,
    scheduler: Scheduler,
    latents: Floats,
    guidance: Guidance,
    *,
    begin: int = 0,
    draw: Draw,
    eta: float = 0.0,
    on_step: Callable[[DenoisingStep], Awaitable[Floats | None]] | None = None,
) -> Floats:
    """Latents without noise, over the scheduler's timesteps from its `begin`th one on.

    latents: as noisy as at that timestep: for the first one normal noise, times the scheduler's
    init_noise_sigma. `draw` is called once a step, and only if the scheduler needs noise of its
    own. What `on_step` returns takes the latents' place. RunError if the UNet answers with what is
    not a number.
    """
    for step, timestep in enumerate(scheduler.timesteps[begin:]):
        scaled = scheduler.scale_model_input(latents, timestep)
        output = await _guided(unet, scaled, float(timestep), guidance)
        if not np.isfinite(output).all():
            raise RunError(
                f"The UNet's answer of step {step + 1} has numbers that are none (NaN): run it in "
                'fp32, if it ran in fp16: dtype={"unet": "fp32"}.'
            )
        drawn = draw(latents.shape) if scheduler.needs_noise or eta else None
        made = scheduler.step(output, timestep, latents, eta=eta, variance_noise=drawn)
        latents = made.prev_sample
        if on_step:
            shown = DenoisingStep(step, float(timestep), latents, made.pred_original_sample)
            replaced = await on_step(shown)
            latents = latents if replaced is None else replaced
    return latents


async def _guided(unet: UNet, sample: Floats, timestep: float, guidance: Guidance) -> Floats:
    """Classifier-free guidance (arXiv 2207.12598): one run with both texts, negative first."""
    if guidance.scale <= 1 or guidance.negative_states is None:
        return await unet(sample, timestep, guidance.states)
    both = np.concatenate([guidance.negative_states, guidance.states])
    output = await unet(np.concatenate([sample, sample]), timestep, both)
    negative, positive = np.split(output, 2)
    found: Floats = negative + np.float32(guidance.scale) * (positive - negative)
    return _rescaled(found, positive, guidance.rescale) if guidance.rescale else found


def _rescaled(output: Floats, positive: Floats, rescale: float) -> Floats:
    """A part of it with the deviation that it would have without guidance."""
    deviations = (each.std(axis=(1, 2, 3), keepdims=True, ddof=1) for each in (positive, output))
    wanted, found = deviations
    part = np.float32(rescale)
    mixed: Floats = part * (output * (wanted / found)) + (1 - part) * output
    return mixed
