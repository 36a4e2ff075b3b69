"""Euler's method over sigmas (arXiv 2206.00364, algorithm 2 without its churn), as diffusers'
EulerDiscreteScheduler; and with noise of its own, as its EulerAncestralDiscreteScheduler."""

from __future__ import annotations

from typing import Any

import numpy as np

from intab.engine.diffusion.betas import Floats, linspace
from intab.engine.diffusion.scheduler import SchedulerOutput
from intab.engine.diffusion.sigma_scheduler import SigmaScheduler
from intab.engine.diffusion.sigmas import converted, logarithms, sigmas_to_timesteps
from intab.engine.diffusion.spacing import Timesteps, spaced


class _OverSigmas(SigmaScheduler):
    """The sample is clean + sigma * noise; the model takes it scaled to a variance of 1."""

    @property
    def init_noise_sigma(self) -> float:
        """See Scheduler: the largest sigma, or for leading that of a sample of 1 besides."""
        self._check_is_set()
        largest = self.sigmas.max()
        is_leading = self.config["timestep_spacing"] == "leading"
        return float(np.sqrt(largest**2 + 1) if is_leading else largest)

    def scale_model_input(self, sample: Floats, timestep: float) -> Floats:
        """See Scheduler."""
        self._check_is_set()
        found: Floats = sample / np.sqrt(self.sigmas[self._step_index] ** 2 + 1)
        return found

    def _spaced(self, steps: int) -> Timesteps:
        config = self.config
        spacing, trained = config["timestep_spacing"], config["num_train_timesteps"]
        return spaced(spacing, steps, trained, config["steps_offset"]).astype(np.float32)

    def _clean(self, output: Floats, sample: Floats, sigma: np.float32) -> Floats:
        kind, found = self.config["prediction_type"], output
        if kind == "epsilon":
            found = sample - sigma * output
        elif kind == "v_prediction":
            found = output * (-sigma / np.sqrt(sigma**2 + 1)) + sample / (sigma**2 + 1)
        return found


class Euler(_OverSigmas):
    """One straight line from each sigma to the next."""

    def _chosen(self, steps: int) -> Timesteps:
        config, timesteps = self.config, self._spaced(steps)
        sigmas: Any = self._interpolated(timesteps)
        if config["interpolation_type"] == "log_linear":
            logs = logarithms(self.trained_sigmas)
            # One more than the steps, as diffusers has it: the last, 0, comes after that.
            sigmas = np.exp(linspace(float(logs[-1]), float(logs[0]), steps + 1))
        other = converted(config, sigmas, steps)
        if other is not None:
            sigmas = other
            timesteps = sigmas_to_timesteps(other, self.trained_sigmas).astype(np.float32)
        self.sigmas = self._with_last(sigmas)
        continuous = config["timestep_type"] == "continuous"
        if continuous and config["prediction_type"] == "v_prediction":
            return 0.25 * logarithms(self.sigmas[:-1])
        return timesteps

    def _stepped(
        self, output: Floats, timestep: int, sample: Floats, noise: Any, eta: np.float32
    ) -> SchedulerOutput:
        sigma, following = self.sigmas[self._step_index : self._step_index + 2]
        clean = self._clean(output, sample, sigma)
        return SchedulerOutput(sample + (sample - clean) / sigma * (following - sigma), clean)


class EulerAncestral(_OverSigmas):
    """A line beyond the next sigma, and noise up to it again."""

    needs_noise = True

    def _chosen(self, steps: int) -> Timesteps:
        timesteps = self._spaced(steps)
        self.sigmas = self._with_last(self._interpolated(timesteps))
        return timesteps

    def _stepped(
        self, output: Floats, timestep: int, sample: Floats, noise: Any, eta: np.float32
    ) -> SchedulerOutput:
        sigma, following = self.sigmas[self._step_index : self._step_index + 2]
        clean = self._clean(output, sample, sigma)
        up = np.sqrt(following**2 * (sigma**2 - following**2) / sigma**2)
        # diffusers' sqrt(following**2 - up**2), which float32 may make NaN where sigma is large.
        down = following**2 / sigma
        previous = sample + (sample - clean) / sigma * (down - sigma)
        return SchedulerOutput(previous + noise * up, clean)
