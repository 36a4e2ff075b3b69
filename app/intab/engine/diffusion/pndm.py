"""PNDM (arXiv 2202.09778): Runge-Kutta, then a linear multistep method, as diffusers'
PNDMScheduler; models of Stable Diffusion skip the first (`skip_prk_steps`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from intab.engine.diffusion.betas import Floats
from intab.engine.diffusion.predictions import clean_of, noise_of
from intab.engine.diffusion.scheduler import Scheduler, SchedulerOutput
from intab.engine.diffusion.spacing import Timesteps, spaced
from intab.errors import OptionError

_ORDER = 4


class PNDM(Scheduler):
    """Each step looks back at the model's last answers; they are more than `num_inference_steps`:
    one, or nine for Runge-Kutta."""

    _divides_by_product = True

    def set_begin_index(self, begin_index: int) -> None:
        super().set_begin_index(begin_index)
        self._counter = 0
        self._outputs: list[Floats] = []  # at most the last four
        self._sample: Floats | None = None  # from which a correction begins again
        self._sum: Floats = np.zeros(1, np.float32)  # of Runge-Kutta's answers

    def _chosen(self, steps: int) -> Timesteps:
        config = self.config
        spacing, trained = config["timestep_spacing"], config["num_train_timesteps"]
        found = self._checked(spaced(spacing, steps, trained, config["steps_offset"]).round())
        if config["skip_prk_steps"]:
            self._prk: Timesteps = found[:0]
            return np.concatenate([found[:1], found[1:2], found[1:]])
        if steps < _ORDER:
            raise OptionError(
                f"num_inference_steps must be at least {_ORDER} for this model's scheduler "
                f"(PNDMScheduler without skip_prk_steps), not {steps}."
            )
        half = trained // steps // 2
        ascending = found[:_ORDER][::-1].repeat(2) + np.tile([0, half], _ORDER)
        self._prk = ascending[:-1].repeat(2)[1:-1][::-1]
        return np.concatenate([self._prk, found[3:]])

    def _stepped(
        self, output: Floats, timestep: int, sample: Floats, noise: Any, eta: np.float32
    ) -> SchedulerOutput:
        stepped = self._prk_step if self._counter < len(self._prk) else self._plms_step
        found = stepped(output, timestep, sample)
        self._counter += 1
        return found

    def _prk_step(self, output: Floats, timestep: int, sample: Floats) -> SchedulerOutput:
        """One of the four answers of a Runge-Kutta step (formula 13)."""
        half = self.config["num_train_timesteps"] // self.num_inference_steps // 2
        following = timestep - (0 if self._counter % 2 else half)
        start, turn = int(self._prk[self._counter // 4 * 4]), self._counter % 4
        if turn == 0:
            self._sum = self._sum + 1 / 6 * output
            self._outputs.append(output)
            self._sample = sample
        elif turn < 3:
            self._sum = self._sum + 1 / 3 * output
        else:
            output, self._sum = self._sum + 1 / 6 * output, np.zeros(1, np.float32)
        begun = sample if self._sample is None else self._sample
        return self._transferred(begun, start, following, output)

    def _plms_step(self, output: Floats, timestep: int, sample: Floats) -> SchedulerOutput:
        """The linear multistep method (formula 12); the first timestep is corrected once."""
        ratio = self.config["num_train_timesteps"] // self.num_inference_steps
        following = timestep - ratio
        if self._counter == 1:
            timestep, following = timestep + ratio, timestep
        else:
            self._outputs = [*self._outputs[-3:], output]
        if self._counter == 0:
            self._sample = sample
        elif self._counter == 1 and len(self._outputs) == 1:
            output = (output + self._outputs[-1]) / 2
            sample, self._sample = sample if self._sample is None else self._sample, None
        else:
            output = _extrapolated(self._outputs)
        return self._transferred(sample, timestep, following, output)

    def _transferred(
        self, sample: Floats, timestep: int, following: int, output: Floats
    ) -> SchedulerOutput:
        """Formula 9."""
        kind = self.config["prediction_type"]
        kept, kept_next = self._product(timestep), self._product(following)
        clean = clean_of(kind, output, sample, kept)
        noise = noise_of(kind, output, sample, kept)
        divisor = kept * np.sqrt(1 - kept_next) + np.sqrt(kept * (1 - kept) * kept_next)
        left = np.sqrt(kept_next / kept) * sample
        return SchedulerOutput(left - (kept_next - kept) * noise / divisor, clean)


def _extrapolated(outputs: list[Floats]) -> Floats:
    """The Adams-Bashforth formula for as many answers as there are, two to four."""
    found: Floats
    if len(outputs) == 2:
        found = (3 * outputs[-1] - outputs[-2]) / 2
    elif len(outputs) == 3:
        found = (23 * outputs[-1] - 16 * outputs[-2] + 5 * outputs[-3]) / 12
    else:
        last, second, third, fourth = outputs[::-1]
        found = 1 / 24 * (55 * last - 59 * second + 37 * third - 9 * fourth)
    return found
