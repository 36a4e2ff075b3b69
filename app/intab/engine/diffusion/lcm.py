"""Latent consistency models (arXiv 2310.04378, algorithm 3), as diffusers' LCMScheduler."""

from __future__ import annotations

from typing import Any

import numpy as np

from intab.engine.diffusion.betas import Floats
from intab.engine.diffusion.predictions import clean_of
from intab.engine.diffusion.scheduler import Scheduler, SchedulerOutput
from intab.engine.diffusion.spacing import Timesteps
from intab.engine.diffusion.thresholding import limited
from intab.errors import OptionError

_SIGMA_DATA = np.float32(0.5)


class LCM(Scheduler):
    """A clean sample at each step, made noisy again for the next one."""

    needs_noise = True
    _original_steps: int | None = None
    _strength = 1.0

    def set_timesteps(
        self,
        num_inference_steps: int,
        *,
        original_inference_steps: int | None = None,
        strength: float = 1.0,
    ) -> None:
        """Some of the timesteps that the model was distilled for: `original_inference_steps` of
        them, or as many as its config says, and of those the last `strength`, above 0 to 1."""
        if not 0 < strength <= 1:
            raise OptionError(f"strength must be above 0 and at most 1, not {strength!r}.")
        self._original_steps, self._strength = original_inference_steps, strength
        super().set_timesteps(num_inference_steps)

    def _chosen(self, steps: int) -> Timesteps:
        trained = self.config["num_train_timesteps"]
        original = self._original_steps
        original = self.config["original_inference_steps"] if original is None else original
        count = int(original * self._strength)
        if original > trained or steps > count:
            raise OptionError(
                "num_inference_steps must be at most original_inference_steps, "
                f"{original:,} (times strength: {count:,}), and that at most {trained:,}; "
                f"it is {steps:,}."
            )
        distilled = np.arange(count, 0, -1) * (trained // original) - 1
        indices = np.floor(np.linspace(0, count, steps, endpoint=False)).astype(np.int64)
        return self._checked(distilled[indices])

    def _stepped(
        self, output: Floats, timestep: int, sample: Floats, noise: Any, eta: np.float32
    ) -> SchedulerOutput:
        following = self._step_index + 1
        is_last = following == len(self.timesteps)
        kept = self._product(timestep)
        clean = clean_of(self.config["prediction_type"], output, sample, kept)
        skip, out = self._boundary(timestep)
        denoised = out * limited(clean, self.config) + skip * sample
        if is_last:
            return SchedulerOutput(denoised, denoised)
        kept_next = self._product(int(self.timesteps[following]))
        noisy = np.sqrt(kept_next) * denoised + np.sqrt(1 - kept_next) * noise
        return SchedulerOutput(noisy, denoised)

    def _boundary(self, timestep: int) -> tuple[np.float32, np.float32]:
        """How much stays of the sample and comes of the prediction: all of the sample at 0
        (arXiv 2303.01469, appendix C)."""
        scaled = np.float32(timestep) * np.float32(self.config["timestep_scaling"])
        whole = scaled**2 + _SIGMA_DATA**2
        return _SIGMA_DATA**2 / whole, scaled / np.sqrt(whole)
