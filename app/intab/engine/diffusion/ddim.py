"""DDIM (arXiv 2010.02502, formulas 12 and 16), as diffusers' DDIMScheduler."""

from __future__ import annotations

from typing import Any

import numpy as np

from intab.engine.diffusion.betas import Floats
from intab.engine.diffusion.predictions import clean_of, noise_of
from intab.engine.diffusion.scheduler import Scheduler, SchedulerOutput
from intab.engine.diffusion.spacing import Timesteps, spaced
from intab.engine.diffusion.thresholding import limited
from intab.errors import OptionError


class DDIM(Scheduler):
    """The same picture from the same noise, unless `eta` adds more of it."""

    def _chosen(self, steps: int) -> Timesteps:
        config = self.config
        spacing, trained = config["timestep_spacing"], config["num_train_timesteps"]
        return self._checked(spaced(spacing, steps, trained, config["steps_offset"]).round())

    def _stepped(
        self, output: Floats, timestep: int, sample: Floats, noise: Any, eta: np.float32
    ) -> SchedulerOutput:
        kind = self.config["prediction_type"]
        ratio = self.config["num_train_timesteps"] // self.num_inference_steps
        kept, kept_next = self._product(timestep), self._product(timestep - ratio)
        clean = limited(clean_of(kind, output, sample, kept), self.config)
        variance = (1 - kept_next) / (1 - kept) * (1 - kept / kept_next)
        deviation = eta * np.sqrt(variance)
        direction = np.sqrt(1 - kept_next - deviation**2) * noise_of(kind, output, sample, kept)
        return SchedulerOutput(np.sqrt(kept_next) * clean + direction + deviation * noise, clean)

    def _check_eta(self, eta: float) -> None:
        if not 0 <= eta <= 1:
            raise OptionError(f"eta must be from 0 to 1, not {eta!r}.")
