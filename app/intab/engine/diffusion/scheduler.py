"""What all schedulers have in common: the names are diffusers', the arrays numpy's.

    scheduler.set_timesteps(20)
    latents = noise * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        output = unet(scheduler.scale_model_input(latents, timestep), timestep)
        latents = scheduler.step(output, timestep, latents).prev_sample

Randomness comes in as an argument: `variance_noise`, normal noise of the sample's shape, is needed
if `needs_noise`, and at the last step too, as diffusers draws it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from intab.engine.diffusion.betas import Floats, alphas_cumprod, make_betas
from intab.engine.diffusion.config import Config
from intab.engine.diffusion.spacing import Timesteps
from intab.errors import OptionError, UnsupportedModelError


@dataclass(frozen=True)
class SchedulerOutput:
    """A step's result, float32 of the sample's shape.

    prev_sample: the next step's sample, less noisy.
    pred_original_sample: what the clean sample would be, as far as this step knows; for previews.
    """

    prev_sample: Floats
    pred_original_sample: Floats


class Scheduler(ABC):
    """Takes noise out of a sample, one timestep after the other."""

    needs_noise: bool = False  # besides what DDIM needs for eta
    _divides_by_product = False  # whatever the prediction_type

    def __init__(self, config: Config) -> None:
        self.config = config
        self.alphas_cumprod = alphas_cumprod(make_betas(config))
        self.num_inference_steps = 0
        self.timesteps: Timesteps = np.zeros(0, np.int64)

    @property
    def init_noise_sigma(self) -> float:
        """What noise is multiplied by to be the first sample; OptionError before set_timesteps."""
        self._check_is_set()
        return 1.0

    def set_timesteps(self, num_inference_steps: int) -> None:
        """Choose the timesteps and begin at the first; OptionError for a number that cannot be."""
        trained = self.config["num_train_timesteps"]
        whole = isinstance(num_inference_steps, int) and not isinstance(num_inference_steps, bool)
        if not whole or not 0 < num_inference_steps <= trained:
            raise OptionError(
                f"num_inference_steps must be a whole number from 1 to {trained:,}, "
                f"not {num_inference_steps!r}."
            )
        self.num_inference_steps = num_inference_steps
        self.timesteps = self._chosen(num_inference_steps)
        self.set_begin_index(0)

    def set_begin_index(self, begin_index: int) -> None:
        """Begin at that one of the timesteps instead of the first: image-to-image does."""
        self._check_is_set()
        if not 0 <= begin_index < len(self.timesteps):
            last = len(self.timesteps) - 1
            raise OptionError(f"begin_index must be from 0 to {last}, not {begin_index!r}.")
        self._step_index = begin_index

    def scale_model_input(self, sample: Floats, timestep: float) -> Floats:
        """The sample as the model takes it at a timestep."""
        return sample

    def step(
        self,
        model_output: Floats,
        timestep: float,
        sample: Floats,
        *,
        eta: float = 0.0,
        variance_noise: Floats | None = None,
    ) -> SchedulerOutput:
        """From the sample at a timestep to that at the next one; the timesteps must come in order.

        eta, from 0 to 1: how much of DDIM's noise is added. OptionError if it is for another
        scheduler, for noise that is missing, and for shapes and timesteps that do not fit.
        """
        self._check_step(model_output, timestep, sample, eta, variance_noise)
        output, sample = np.asarray(model_output, np.float32), np.asarray(sample, np.float32)
        noise = np.float32(0) if variance_noise is None else np.asarray(variance_noise, np.float32)
        with np.errstate(divide="ignore"):  # the logarithm of no noise
            found = self._stepped(output, int(timestep), sample, noise, np.float32(eta))
        self._step_index += 1
        return found

    def add_noise(self, original_samples: Floats, noise: Floats, timesteps: Any) -> Floats:
        """Clean samples made as noisy as they are at timesteps: one for all, or one for each."""
        indices = np.atleast_1d(np.asarray(timesteps)).astype(np.int64)
        self._check_range(indices)
        kept = self.alphas_cumprod[indices].reshape(-1, *[1] * (original_samples.ndim - 1))
        found: Floats = np.sqrt(kept) * original_samples + np.sqrt(1 - kept) * noise
        return found

    @abstractmethod
    def _chosen(self, steps: int) -> Timesteps: ...

    @abstractmethod
    def _stepped(
        self, output: Floats, timestep: int, sample: Floats, noise: Any, eta: np.float32
    ) -> SchedulerOutput: ...

    def _product(self, timestep: int) -> np.float32:
        """What is left of the sample at a timestep; all of it after the last, or as much as at the
        first trained one (`set_alpha_to_one`)."""
        if timestep >= 0:
            return np.float32(self.alphas_cumprod[timestep])
        return np.float32(1 if self.config["set_alpha_to_one"] else self.alphas_cumprod[0])

    def _checked(self, timesteps: Timesteps) -> Timesteps:
        """Whole timesteps of those trained, at none of which the model would be divided by 0."""
        found = timesteps.astype(np.int64)
        self._check_range(found)
        divides = self._divides_by_product or self.config["prediction_type"] == "epsilon"
        if divides and not self.alphas_cumprod[found].all():
            raise UnsupportedModelError(
                "The scheduler leaves nothing of the picture at its first timestep "
                "(rescale_betas_zero_snr), from which prediction_type "
                f"{self.config['prediction_type']} cannot begin: take the model's own "
                "prediction_type, or timestep_spacing leading."
            )
        return found

    def _check_range(self, timesteps: Timesteps) -> None:
        most = len(self.alphas_cumprod) - 1
        if timesteps.min() < 0 or timesteps.max() > most:
            raise OptionError(
                f"The timesteps go from {timesteps.min()} to {timesteps.max()}, and the model "
                f"knows 0 to {most}: take fewer steps, or a smaller steps_offset."
            )

    def _check_is_set(self) -> None:
        if not len(self.timesteps):
            raise OptionError("The scheduler has no timesteps yet: call set_timesteps first.")

    def _check_step(
        self, output: Floats, timestep: float, sample: Floats, eta: float, noise: Floats | None
    ) -> None:
        self._check_is_set()
        if self._step_index >= len(self.timesteps):
            raise OptionError("All timesteps are done: call set_timesteps to begin again.")
        if timestep != self.timesteps[self._step_index]:
            raise OptionError(
                f"The timestep {timestep} is not the next one, "
                f"{self.timesteps[self._step_index]}: take them in order from timesteps."
            )
        for name, array in (("model_output", output), ("variance_noise", noise)):
            if array is not None and array.shape != sample.shape:
                raise OptionError(f"{name} has shape {array.shape}, the sample {sample.shape}.")
        self._check_eta(eta)
        if noise is None and (eta or self.needs_noise):
            raise OptionError("This scheduler adds noise: pass it as variance_noise.")

    def _check_eta(self, eta: float) -> None:
        if eta:
            raise OptionError("eta is DDIM's alone: leave it out, or take DDIMScheduler.")
