"""DPM-Solver++ (arXiv 2211.01095), multistep, of orders 1 to 3 (2M is order 2), as diffusers'
DPMSolverMultistepScheduler with algorithm_type dpmsolver++ or sde-dpmsolver++."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from intab.engine.diffusion.betas import Floats
from intab.engine.diffusion.config import Config
from intab.engine.diffusion.scheduler import SchedulerOutput
from intab.engine.diffusion.sigma_scheduler import SigmaScheduler
from intab.engine.diffusion.sigmas import converted, sigmas_to_timesteps
from intab.engine.diffusion.spacing import Timesteps, spaced_without_last
from intab.engine.diffusion.thresholding import limited

_FEW = 15  # steps, below which the last ones are of a lower order


@dataclass(frozen=True)
class _Point:
    """A sigma as parts of the clean sample and the noise, and half the logarithm of their ratio."""

    alpha: np.float32
    sigma: np.float32
    half_log: np.float32


class DPMSolverMultistep(SigmaScheduler):
    """Each step looks back at the clean samples of the last ones."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._is_sde = config["algorithm_type"] == "sde-dpmsolver++"
        self.needs_noise = self._is_sde

    def set_begin_index(self, begin_index: int) -> None:
        super().set_begin_index(begin_index)
        self._cleans: list[Floats] = []  # the last ones, at most `solver_order`

    def _chosen(self, steps: int) -> Timesteps:
        config, trained = self.config, self.trained_sigmas
        timesteps = self._spaced(steps)
        sigmas = converted(config, trained[::-1], steps)
        if sigmas is None:
            self.sigmas = self._with_last(self._interpolated(timesteps))
            return timesteps
        timesteps = sigmas_to_timesteps(sigmas, trained)
        if not config["use_exponential_sigmas"] and config["beta_schedule"] != "squaredcos_cap_v2":
            timesteps = timesteps.round()
        self.sigmas = self._with_last(sigmas)
        return timesteps.astype(np.int64)

    def _spaced(self, steps: int) -> Timesteps:
        config, kept = self.config, self.alphas_cumprod
        half_logs = np.log(np.sqrt(kept)) - np.log(np.sqrt(1 - kept))
        clipped = np.searchsorted(half_logs[::-1], config["lambda_min_clipped"])
        trained = config["num_train_timesteps"]
        spacing, noisiest = config["timestep_spacing"], trained - int(clipped)
        found = spaced_without_last(spacing, steps, trained, noisiest, config["steps_offset"])
        return found.astype(np.int64)

    def _noisy(self, samples: Floats, noise: Floats, sigmas: Floats) -> Floats:
        alphas: Floats = 1 / np.sqrt(sigmas**2 + 1)
        found: Floats = alphas * samples + sigmas * alphas * noise
        return found

    def _stepped(
        self, output: Floats, timestep: int, sample: Floats, noise: Any, eta: np.float32
    ) -> SchedulerOutput:
        clean = self._clean(output, sample)
        order = self._order()
        self._cleans = [*self._cleans, clean][-self.config["solver_order"] :]
        points = _distinct([self._point(self._step_index + 1 - i) for i in range(order + 1)])
        h = points[0].half_log - points[1].half_log
        if h == 0:  # the smallest sigma twice: nothing to do, and nothing to divide by
            return SchedulerOutput(sample, clean)
        differences = self._differences(points, h)
        previous = (self._sde if self._is_sde else self._ode)(points, h, sample, differences)
        if self._is_sde:
            previous = previous + points[0].sigma * np.sqrt(1 - np.exp(-2 * h)) * noise
        return SchedulerOutput(previous, clean)

    def _order(self) -> int:
        """That of this step: lower at the beginning, and at the end."""
        config, left = self.config, len(self.timesteps) - self._step_index
        lowers = config["lower_order_final"] and len(self.timesteps) < _FEW
        is_first_order = lowers or config["euler_at_final"] or config["final_sigmas_type"] == "zero"
        most = 1 if left == 1 and is_first_order else 2 if left == 2 and lowers else 3
        return min(int(config["solver_order"]), len(self._cleans) + 1, most)

    def _point(self, index: int) -> _Point:
        sigma = self.sigmas[index]
        alpha = 1 / np.sqrt(sigma**2 + 1)
        return _Point(alpha, sigma * alpha, np.log(alpha) - np.log(sigma * alpha))

    def _clean(self, output: Floats, sample: Floats) -> Floats:
        point, kind = self._point(self._step_index), self.config["prediction_type"]
        if kind == "epsilon":
            output = (sample - point.sigma * output) / point.alpha
        elif kind == "v_prediction":
            output = point.alpha * sample - point.sigma * output
        return limited(output, self.config)

    def _differences(self, points: list[_Point], h: np.float32) -> list[Floats]:
        """The clean sample, and its first and second derivative, as far as the order needs them."""
        last = self._cleans[-1]
        if len(points) == 2:
            return [last]
        r0 = (points[1].half_log - points[2].half_log) / h
        first = 1 / r0 * (last - self._cleans[-2])
        if len(points) == 3:
            return [last, first]
        r1 = (points[2].half_log - points[3].half_log) / h
        second = 1 / r1 * (self._cleans[-2] - self._cleans[-3])
        change = first - second
        return [last, first + r0 / (r0 + r1) * change, 1 / (r0 + r1) * change]

    def _ode(
        self, points: list[_Point], h: np.float32, sample: Floats, differences: list[Floats]
    ) -> Floats:
        now, before = points[:2]
        grown = np.exp(-h) - 1
        found: Floats = now.sigma / before.sigma * sample - now.alpha * grown * differences[0]
        if len(differences) == 2 and self._is_midpoint:
            found = found - 0.5 * (now.alpha * grown) * differences[1]
        elif len(differences) > 1:
            found = found + now.alpha * (grown / h + 1) * differences[1]
        if len(differences) > 2:
            found = found - now.alpha * ((grown + h) / h**2 - 0.5) * differences[2]
        return found

    def _sde(
        self, points: list[_Point], h: np.float32, sample: Floats, differences: list[Floats]
    ) -> Floats:
        now, before = points[:2]
        lost = 1 - np.exp(-2 * h)
        left = now.sigma / before.sigma * np.exp(-h)
        found: Floats = left * sample + now.alpha * lost * differences[0]
        if len(differences) == 2 and self._is_midpoint:
            found = found + 0.5 * (now.alpha * lost) * differences[1]
        elif len(differences) > 1:
            found = found + now.alpha * (lost / (-2 * h) + 1) * differences[1]
        if len(differences) > 2:
            third = (lost - 2 * h) / (2 * h) ** 2 - 0.5
            found = found + now.alpha * third * differences[2]
        return found

    @property
    def _is_midpoint(self) -> bool:
        """diffusers takes the solver types of other schedulers for it too."""
        return bool(self.config["solver_type"] != "heun")


def _distinct(points: list[_Point]) -> list[_Point]:
    """Without those from which no derivative can be taken: sigmas are equal where a model has few
    timesteps for the steps. The first two stay."""
    pairs = pairwise(points[1:])
    equal = [i for i, (one, other) in enumerate(pairs, 2) if one.half_log == other.half_log]
    return points[: equal[0]] if equal else points
