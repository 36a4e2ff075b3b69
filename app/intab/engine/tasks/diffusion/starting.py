"""Where a call begins: with noise, or with a picture's latents made as noisy as `strength` says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.diffusion.lcm import LCM
from intab.engine.diffusion.scheduler import Scheduler
from intab.engine.tasks.diffusion.options import Request
from intab.errors import OptionError

if TYPE_CHECKING:
    from PIL.Image import Image


def noise_of(request: Request, shape: tuple[int, ...], scheduler: Scheduler) -> NDArray[Any]:
    """float32 latents of that shape at the scheduler's first timestep; OptionError for `latents` of
    another one."""
    noise = request.draw(shape) if request.latents is None else request.latents
    if noise.shape != shape:
        raise OptionError(
            f"latents have the shape {list(noise.shape)}, and these pictures need {list(shape)}."
        )
    found: NDArray[Any] = noise * np.float32(scheduler.init_noise_sigma)
    return found


def begin_at(scheduler: Scheduler, request: Request, *, is_consistency: bool) -> int:
    """Set the timesteps for a picture that is changed by `strength`; which of them is the first.
    OptionError if none is left."""
    steps, strength = request.num_inference_steps, request.strength
    if is_consistency and isinstance(scheduler, LCM):
        scheduler.set_timesteps(steps, strength=strength)
        return 0
    scheduler.set_timesteps(steps)
    taken = min(int(steps * strength), steps)
    if not taken:
        raise OptionError(
            f"strength {strength:g} leaves none of the {steps} steps: choose a larger strength or "
            "more num_inference_steps."
        )
    scheduler.set_begin_index(steps - taken)
    return steps - taken


def pixels_of(images: Sequence[Image], multiple: int) -> NDArray[Any]:
    """float32 [pictures, 3, height, width] from -1 to 1, sides made smaller to be multiples, by
    Lanczos as diffusers does; OptionError for pictures of several sizes, or too small a one."""
    from PIL.Image import Resampling

    sizes = {image.size for image in images}
    width, height = (side - side % multiple for side in images[0].size)
    if len(sizes) > 1 or not width or not height:
        told = ", ".join(f"{size[0]} x {size[1]}" for size in sorted(sizes))
        raise OptionError(
            f"The pictures of a call must have one size, of at least {multiple} x {multiple} "
            f"pixels, not {told}."
        )
    resized = [image.resize((width, height), Resampling.LANCZOS) for image in images]
    stacked = np.stack([np.asarray(image, np.float32) for image in resized])
    found: NDArray[Any] = 2 * np.moveaxis(stacked / np.float32(255), -1, 1) - 1
    return found


def repeated(latents: NDArray[Any], count: int) -> NDArray[Any]:
    """As many latents as pictures are asked for; OptionError if they do not divide."""
    if count % len(latents):
        raise OptionError(
            f"There are {len(latents)} pictures to begin with, and {count} are asked for: pass one "
            "picture, or as many as prompts."
        )
    found: NDArray[Any] = np.repeat(latents, count // len(latents), axis=0)
    return found
