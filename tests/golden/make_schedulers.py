"""Makes schedulers.json: what diffusers' schedulers make of stored samples, outputs and noise.

    python tests/golden/make_schedulers.py        needs: torch, diffusers

Each case is a scheduler_config.json with a number of steps; the network's answers are the stored
outputs in turn, and the noise that a scheduler draws the stored noise in turn.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

import diffusers
import numpy as np
import torch
from diffusers.schedulers import scheduling_utils

TARGET = Path(__file__).with_name("schedulers.json")
SHAPE = (2, 1, 2, 3)
TURNS = 20
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
PREDICTIONS = {
    "DDIMScheduler": ("epsilon", "v_prediction", "sample"),
    "PNDMScheduler": ("epsilon", "v_prediction"),
    "EulerDiscreteScheduler": ("epsilon", "v_prediction", "sample"),
    "EulerAncestralDiscreteScheduler": ("epsilon", "v_prediction"),
    "DPMSolverMultistepScheduler": ("epsilon", "v_prediction", "sample"),
    "LCMScheduler": ("epsilon", "v_prediction", "sample"),
}
SCHEDULES = ("linear", "scaled_linear", "squaredcos_cap_v2")
SPACINGS = ("leading", "trailing", "linspace")
DDIM, PNDM, EULER, ANCESTRAL, DPM, LCM = PREDICTIONS
ZERO_SNR = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing", **SD}
# Class, config, steps, and the options of a step or of set_timesteps.
CASES: list[tuple[str, dict[str, Any], int, dict[str, Any]]] = [
    (DDIM, {**SD, "set_alpha_to_one": False, "steps_offset": 1, "clip_sample": False}, 4, {}),
    (DDIM, SD, 4, {"eta": 1.0}),
    (DDIM, {"thresholding": True, "sample_max_value": 1.5, "prediction_type": "sample"}, 3, {}),
    (DDIM, {"thresholding": True, "sample_max_value": 9, "dynamic_thresholding_ratio": 0.7}, 3, {}),
    (DDIM, {"clip_sample_range": 0.4}, 3, {"eta": 0.3}),
    (DDIM, {**ZERO_SNR, "prediction_type": "v_prediction"}, 3, {"eta": 0.5}),
    (DDIM, {"num_train_timesteps": 7, "trained_betas": [0.1, 0.2, 0.1, 0.3, 0.4, 0.5, 0.6]}, 3, {}),
    (DDIM, {**SD, "num_train_timesteps": 50}, 7, {}),
    (DDIM, SD, 1, {}),
    (PNDM, {**SD, "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1}, 8, {}),
    (PNDM, {"skip_prk_steps": True, "set_alpha_to_one": True}, 1, {}),
    (PNDM, {"skip_prk_steps": True}, 2, {}),
    (PNDM, {"set_alpha_to_one": True}, 4, {}),
    (PNDM, {"prediction_type": "v_prediction", **SD}, 6, {}),
    (EULER, {**SD, "timestep_spacing": "trailing", "steps_offset": 1, "clip_sample": False}, 1, {}),
    (EULER, {**SD, "timestep_spacing": "leading", "steps_offset": 1}, 7, {}),
    (EULER, {**SD, "use_karras_sigmas": True}, 5, {}),
    (EULER, {**SD, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 9.0}, 5, {}),
    (EULER, {**SD, "use_exponential_sigmas": True}, 5, {}),
    (EULER, {**SD, "final_sigmas_type": "sigma_min"}, 3, {}),
    (EULER, {**SD, "interpolation_type": "log_linear"}, 4, {}),
    (EULER, {**SD, "interpolation_type": "log_linear", "use_karras_sigmas": True}, 4, {}),
    (EULER, {**ZERO_SNR, "prediction_type": "v_prediction"}, 4, {}),
    (EULER, {"prediction_type": "original_sample"}, 3, {}),
    (EULER, {**SD, "prediction_type": "v_prediction", "timestep_type": "continuous",
             "sigma_min": 0.002, "sigma_max": 700.0, "use_karras_sigmas": True}, 4, {}),
    (ANCESTRAL, {**SD, "timestep_spacing": "leading", "steps_offset": 1}, 7, {}),
    (ANCESTRAL, {**ZERO_SNR, "prediction_type": "v_prediction"}, 3, {}),
    (ANCESTRAL, SD, 1, {}),
    (DPM, {**SD, "variance_type": "fixed_small"}, 4, {}),
    (DPM, SD, 8, {}),
    (DPM, SD, 16, {}),
    (DPM, SD, 1, {}),
    (DPM, {**SD, "solver_order": 1}, 3, {}),
    (DPM, {**SD, "solver_order": 3}, 6, {}),
    (DPM, {**SD, "solver_order": 3, "final_sigmas_type": "sigma_min"}, 16, {}),
    (DPM, {**SD, "solver_type": "heun"}, 5, {}),
    (DPM, {**SD, "solver_type": "bh2", "algorithm_type": "deis",
           "final_sigmas_type": "sigma_min"}, 3, {}),
    (DPM, {**SD, "lower_order_final": False, "final_sigmas_type": "sigma_min"}, 5, {}),
    (DPM, {**SD, "euler_at_final": True, "final_sigmas_type": "sigma_min"}, 16, {}),
    (DPM, {**SD, "use_karras_sigmas": True, "steps_offset": 1}, 6, {}),
    (DPM, {**SD, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 9.0}, 5, {}),
    (DPM, {"beta_schedule": "squaredcos_cap_v2", "use_karras_sigmas": True}, 6, {}),
    (DPM, {**SD, "use_exponential_sigmas": True}, 5, {}),
    (DPM, {**SD, "use_lu_lambdas": True}, 5, {}),
    (DPM, {**SD, "use_lu_lambdas": True, "rescale_betas_zero_snr": True}, 4, {}),
    (DPM, {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}, 5, {}),
    (DPM, {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1,
           "timestep_spacing": "trailing"}, 5, {}),
    (DPM, {**SD, "thresholding": True, "sample_max_value": 2.0}, 4, {}),
    (DPM, {**ZERO_SNR, "prediction_type": "v_prediction"}, 4, {}),
    *((DPM, {**SD, "algorithm_type": "sde-dpmsolver++", "solver_order": order, "solver_type": kind},
       6, {}) for order, kind in ((1, "midpoint"), (2, "midpoint"), (2, "heun"), (3, "heun"))),
    (LCM, {"original_inference_steps": 40, "timestep_scaling": 5.0}, 4, {}),
    (LCM, {"clip_sample": True, "clip_sample_range": 0.5, "set_alpha_to_one": False}, 8, {}),
    (LCM, {"thresholding": True, "sample_max_value": 2.0}, 3, {}),
    (LCM, {}, 1, {}),
    (LCM, {}, 4, {"original_inference_steps": 100}),
    (LCM, {}, 4, {"strength": 0.6}),
]  # fmt: skip


def grid() -> Iterator[tuple[str, dict[str, Any], int, dict[str, Any]]]:
    """Every class with every prediction, schedule and spacing."""
    for name, predictions in PREDICTIONS.items():
        for prediction, schedule, spacing in product(predictions, SCHEDULES, SPACINGS):
            config: dict[str, Any] = {"prediction_type": prediction, "beta_schedule": schedule}
            if name == PNDM:
                config["skip_prk_steps"] = True
            # In 3 steps diffusers' ancestral one makes NaN: a root of -1e-5, from 20,000 to 6.
            steps = 5 if name == ANCESTRAL else 3
            yield name, {**config, "timestep_spacing": spacing}, steps, {}


def drawn() -> dict[str, list[Any]]:
    """Samples, outputs and noise, few digits each."""
    rng = np.random.default_rng(22)
    made = {"start": (1, *SHAPE), "outputs": (TURNS, *SHAPE), "noise": (TURNS, *SHAPE)}
    return {name: rng.normal(size=shape).round(2).tolist() for name, shape in made.items()}


INPUTS = {name: torch.tensor(value) for name, value in drawn().items()}


def short(values: Any) -> list[Any]:
    """As float32 prints them: all their digits, and no more."""
    array = np.asarray(values, np.float32)
    return [float(str(value)) for value in array.ravel()]


def record(name: str, config: dict[str, Any], steps: int, options: dict[str, Any]) -> Any:
    """What one scheduler makes of the inputs."""
    scheduler = getattr(diffusers, name).from_config(config)
    setting = {k: v for k, v in options.items() if k != "eta"}
    stepping = {k: v for k, v in options.items() if k == "eta"}
    scheduler.set_timesteps(steps, **setting)
    sample = INPUTS["start"][0] * scheduler.init_noise_sigma
    found: dict[str, Any] = {"class": name, "config": config, "steps": steps, "options": options}
    found["timesteps"] = short(scheduler.timesteps)
    found["init_noise_sigma"] = float(scheduler.init_noise_sigma)
    if hasattr(scheduler, "sigmas"):
        found["sigmas"] = short(scheduler.sigmas)
    chosen = scheduler.timesteps[[steps // 2, -1]]
    found["noisy"] = short(scheduler.add_noise(INPUTS["start"][0], INPUTS["noise"][0], chosen))
    found["samples"] = []
    if hasattr(scheduler, "set_begin_index"):
        # Else it begins at the second of two timesteps that are equal, and goes over the end.
        scheduler.set_begin_index(0)
    for turn, timestep in enumerate(scheduler.timesteps):
        scaled = scheduler.scale_model_input(sample, timestep)
        noise = mock.Mock(return_value=INPUTS["noise"][turn])
        module = inspect.getmodule(type(scheduler))
        with mock.patch.object(module, "randn_tensor", noise, create=True):
            made = scheduler.step(INPUTS["outputs"][turn], timestep, sample, **stepping)
        sample = made.prev_sample
        assert sample.isfinite().all(), found
        found["samples"].append(short(sample))
        if turn == 0:
            clean = getattr(made, "pred_original_sample", getattr(made, "denoised", None))
            found |= {"scaled": short(scaled)}
            found |= {} if clean is None else {"clean": short(clean)}
    return found


def keys() -> list[str]:
    """Those of all schedulers that diffusers lets take each other's files."""
    found: set[str] = set()
    for scheduler in scheduling_utils.KarrasDiffusionSchedulers:
        made = getattr(diffusers.schedulers, scheduler.name)
        found |= inspect.signature(made.__init__).parameters.keys()
    return sorted(found - {"self", "args", "kwargs"})


def main() -> None:
    """Write schedulers.json."""
    made = {
        "date": datetime.now(UTC).date().isoformat(),
        "diffusers": diffusers.__version__,
        "torch": torch.__version__,
        "keys": keys(),
        "inputs": drawn(),
    }
    cases = [json.dumps(record(*case)) for case in (*grid(), *CASES)]
    head = json.dumps(made)[:-1]
    TARGET.write_text(f'{head}, "cases": [\n' + ",\n".join(cases) + "\n]}\n", "utf-8")


if __name__ == "__main__":
    main()
