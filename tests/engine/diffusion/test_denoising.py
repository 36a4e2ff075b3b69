"""The loop from noise to latents, over a UNet that is a formula; pixels; sizes."""

import asyncio
from typing import Any

import numpy as np
import pytest

from intab.engine.diffusion.denoising import DenoisingStep, Guidance, denoise
from intab.engine.diffusion.latents import latent_shape, to_floats, to_pixels
from intab.engine.diffusion.registry import make_scheduler
from intab.engine.diffusion.scheduler import Scheduler
from intab.errors import OptionError, RunError

NOISE = np.linspace(-1, 1, 16, dtype=np.float32).reshape(2, 2, 2, 2)
POSITIVE = np.full((2, 3, 4), 0.5, np.float32)
NEGATIVE = np.full((2, 3, 4), -0.25, np.float32)


class Formula:
    """Answers with a part of the sample and the states' mean; keeps what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[int, ...], float, Any]] = []

    async def __call__(self, sample: Any, timestep: float, states: Any) -> Any:
        self.calls.append((sample.shape, timestep, states[:, 0, 0].tolist()))
        return sample * np.float32(0.1) + states.mean(axis=(1, 2)).reshape(-1, 1, 1, 1)


def made(kind: str, steps: int = 3) -> Scheduler:
    scheduler = make_scheduler({"_class_name": f"{kind}Scheduler"})
    scheduler.set_timesteps(steps)
    return scheduler


def run(scheduler: Scheduler, scale: float = 7.5, unet: Any = None, **options: Any) -> Any:
    options = {"draw": lambda shape: np.ones(shape, np.float32), **options}
    guidance = Guidance(POSITIVE, NEGATIVE, scale, options.pop("rescale", 0.0))
    latents = NOISE * np.float32(scheduler.init_noise_sigma)
    return asyncio.run(denoise(unet or Formula(), scheduler, latents, guidance, **options))


@pytest.mark.parametrize("kind", ["DDIM", "EulerDiscrete", "LCM"])
def test_steps_follow_the_scheduler(kind: str) -> None:
    """As the same steps by hand: guidance is negative + scale * (positive - negative)."""
    scheduler = made(kind)
    latents = NOISE * np.float32(scheduler.init_noise_sigma)
    for timestep in scheduler.timesteps:
        scaled = scheduler.scale_model_input(latents, timestep) * np.float32(0.1)
        output = scaled + np.float32(-0.25 + 3 * 0.75)
        ones = np.ones_like(NOISE)
        latents = scheduler.step(output, timestep, latents, variance_noise=ones).prev_sample
    np.testing.assert_allclose(run(made(kind), 3), latents, rtol=1e-5, atol=1e-5)


def test_it_may_begin_later() -> None:
    scheduler, unet = made("DDIM", 4), Formula()
    scheduler.set_begin_index(2)
    run(scheduler, unet=unet, begin=2)
    assert [call[1] for call in unet.calls] == scheduler.timesteps[2:].tolist()


def test_rescaled_guidance_has_the_deviation_of_none() -> None:
    """Which is that of the answer to the prompt alone."""

    async def unet(sample: Any, timestep: float, states: Any) -> Any:
        return sample * states[:, :1, :1, None]

    plain, half, whole = (run(made("DDIM"), 5, unet, rescale=part) for part in (0.0, 0.5, 1.0))
    without = run(made("DDIM"), 1, unet)
    np.testing.assert_allclose(np.abs(whole), np.abs(without), rtol=1e-4)
    assert not np.allclose(half, whole, rtol=1e-2)
    assert not np.allclose(half, plain, rtol=1e-2)


def test_both_texts_are_asked_in_one_run() -> None:
    unet = Formula()
    scheduler = made("DDIM")
    run(scheduler, 2, unet)
    timesteps = scheduler.timesteps.tolist()
    assert unet.calls == [((4, 2, 2, 2), t, [-0.25, -0.25, 0.5, 0.5]) for t in timesteps]


def test_without_guidance_only_the_prompt_is_asked() -> None:
    unet = Formula()
    run(made("DDIM"), 1, unet)
    assert {(shape, *states) for shape, _, states in unet.calls} == {((2, 2, 2, 2), 0.5, 0.5)}


@pytest.mark.parametrize(
    ("kind", "eta", "draws"), [("DDIM", 0, 0), ("DDIM", 0.5, 3), ("LCM", 0, 3)]
)
def test_noise_is_drawn_only_if_needed(kind: str, eta: float, draws: int) -> None:
    drawn: list[tuple[int, ...]] = []

    def draw(shape: tuple[int, ...]) -> Any:
        drawn.append(shape)
        return np.zeros(shape, np.float32)

    run(made(kind), draw=draw, eta=eta)
    assert drawn == [NOISE.shape] * draws


def test_each_step_is_seen_and_may_change_the_latents() -> None:
    seen: list[DenoisingStep] = []

    async def on_step(step: DenoisingStep) -> Any:
        seen.append(step)
        return np.zeros_like(NOISE) if step.step == 2 else None

    scheduler = made("EulerDiscrete")
    assert not run(scheduler, on_step=on_step).any()
    assert [(each.step, each.timestep) for each in seen] == [*enumerate(scheduler.timesteps)]
    np.testing.assert_allclose(seen[-1].preview, seen[-1].latents, atol=1e-5)


def test_what_is_not_a_number_is_said() -> None:
    async def broken(sample: Any, timestep: float, states: Any) -> Any:
        return np.full_like(sample, np.nan)

    with pytest.raises(RunError, match=r"step 1 has numbers that are none.*fp32"):
        run(made("DDIM"), unet=broken)
    with pytest.raises(RunError, match="vae_decoder in fp32"):
        to_floats(np.full((1, 3, 2, 2), np.nan, np.float32))


def test_pixels_are_diffusers() -> None:
    """(x / 2 + 0.5), clipped, times 255, rounded to even."""
    levels = np.array([-3, -1, -0.5, 0, 1 / 255, 1, 2], np.float32)
    decoded = np.broadcast_to(levels, (1, 3, 1, 7))
    pixels = to_pixels(to_floats(decoded))
    assert pixels.shape == (1, 1, 7, 3)
    assert pixels.dtype == np.uint8
    assert pixels[0, 0, :, 1].tolist() == [0, 0, 64, 128, 128, 255, 255]


def test_sizes() -> None:
    assert latent_shape(2, 64, 512) == (2, 4, 8, 64)
    assert latent_shape(1, 8, 16, channels=3, scale=4) == (1, 3, 2, 4)
    for height, width, named in ((60, 64, "height"), (64, 0, "width"), (64.0, 64, "height")):
        with pytest.raises(OptionError, match=f"{named} must be a multiple of 8 pixels"):
            latent_shape(1, height, width)  # type: ignore[arg-type]
