"""What the schedulers over sigmas have in common: Euler's and DPM-Solver++."""

from __future__ import annotations

from typing import Any

import numpy as np

from intab.engine.diffusion.betas import Floats
from intab.engine.diffusion.config import Config
from intab.engine.diffusion.scheduler import Scheduler
from intab.errors import OptionError

_SMALLEST = 2**-24  # of the sample, where rescale_betas_zero_snr leaves nothing: float16's smallest


class SigmaScheduler(Scheduler):
    """Its `sigmas` are the noise at each timestep, and after the last."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        if config["rescale_betas_zero_snr"]:
            self.alphas_cumprod[-1] = _SMALLEST
        self.trained_sigmas: Floats = np.sqrt((1 - self.alphas_cumprod) / self.alphas_cumprod)
        self.sigmas: Floats = np.zeros(0, np.float32)

    def index_for_timestep(self, timestep: float) -> int:
        """Which of the timesteps it is: the next, or the second if there are several; OptionError
        if none."""
        self._check_is_set()
        found = np.flatnonzero(self.timesteps == timestep)
        if self._step_index in found:
            return self._step_index
        if not len(found):
            raise OptionError(f"The timestep {timestep} is not one of this scheduler's timesteps.")
        return int(found[min(1, len(found) - 1)])

    def add_noise(self, original_samples: Floats, noise: Floats, timesteps: Any) -> Floats:
        """Clean samples made as noisy as they are at timesteps, of those that were set."""
        indices = [self.index_for_timestep(t) for t in np.atleast_1d(np.asarray(timesteps))]
        sigmas = self.sigmas[indices].reshape(-1, *[1] * (original_samples.ndim - 1))
        return self._noisy(original_samples, noise, sigmas)

    def _noisy(self, samples: Floats, noise: Floats, sigmas: Floats) -> Floats:
        found: Floats = samples + noise * sigmas
        return found

    def _with_last(self, sigmas: Any) -> Floats:
        """The sigmas, and that after the last: none, or the smallest trained."""
        is_zero = self.config.get("final_sigmas_type", "zero") == "zero"
        last = 0 if is_zero else self.trained_sigmas[0]
        return np.concatenate([sigmas, [last]]).astype(np.float32)

    def _interpolated(self, timesteps: Any) -> Any:
        """The sigmas at timesteps that may lie between the trained ones."""
        return np.interp(timesteps, np.arange(len(self.trained_sigmas)), self.trained_sigmas)
