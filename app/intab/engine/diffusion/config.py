"""The keys of scheduler_config.json: which each class reads, and what they may be.

The defaults are those of diffusers' classes. A file is often a copy of another scheduler's, so that
keys of diffusers' other schedulers are passed over, as diffusers does; any further key is an error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from intab.errors import ManifestError, UnsupportedModelError

Config = Mapping[str, Any]

_TRAINED = {"num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02,
            "beta_schedule": "linear", "trained_betas": None, "steps_offset": 0,
            "prediction_type": "epsilon"}  # fmt: skip
_CLIPPING = {"thresholding": False, "dynamic_thresholding_ratio": 0.995, "sample_max_value": 1.0,
             "clip_sample_range": 1.0}  # fmt: skip
_SIGMAS = {"use_karras_sigmas": False, "use_exponential_sigmas": False, "use_beta_sigmas": False,
           "sigma_min": None, "sigma_max": None, "final_sigmas_type": "zero"}  # fmt: skip
_LINSPACE = {"timestep_spacing": "linspace", "rescale_betas_zero_snr": False}
_LEADING = {"timestep_spacing": "leading"}

DEFAULTS: dict[str, dict[str, Any]] = {
    "DDIMScheduler": {
        **_TRAINED, **_CLIPPING, **_LEADING, "clip_sample": True, "set_alpha_to_one": True,
        "rescale_betas_zero_snr": False,
    },
    "PNDMScheduler": {**_TRAINED, **_LEADING, "skip_prk_steps": False, "set_alpha_to_one": False},
    "EulerDiscreteScheduler": {
        **_TRAINED, **_SIGMAS, **_LINSPACE, "interpolation_type": "linear",
        "timestep_type": "discrete",
    },
    "EulerAncestralDiscreteScheduler": {**_TRAINED, **_LINSPACE},
    "DPMSolverMultistepScheduler": {
        **_TRAINED, **_CLIPPING, **_SIGMAS, **_LINSPACE, "solver_order": 2,
        "algorithm_type": "dpmsolver++", "solver_type": "midpoint", "lower_order_final": True,
        "euler_at_final": False, "use_lu_lambdas": False, "use_flow_sigmas": False,
        "lambda_min_clipped": -math.inf, "variance_type": None, "use_dynamic_shifting": False,
    },
    "LCMScheduler": {
        **_TRAINED, **_CLIPPING, **_LEADING, "beta_start": 0.00085, "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "original_inference_steps": 50, "clip_sample": False,
        "set_alpha_to_one": True, "timestep_scaling": 10.0, "rescale_betas_zero_snr": False,
    },
}  # fmt: skip

# Those of diffusers' other schedulers (0.42.1), and its pipelines' own.
OTHERS = frozenset(
    {"base_image_seq_len", "base_shift", "disable_corrector", "flow_shift", "invert_sigmas",
     "max_image_seq_len", "max_shift", "noise_sampler_seed", "predict_x0", "rho", "s_churn",
     "s_noise", "s_tmax", "s_tmin", "shift", "shift_terminal", "sigma_data", "sigma_schedule",
     "solver_p", "stochastic_sampling", "time_shift_type", "variance_type"}
)  # fmt: skip
KNOWN = OTHERS.union(*DEFAULTS.values())

_SCHEDULES = ("linear", "scaled_linear", "squaredcos_cap_v2")
_CHOICES = {
    "beta_schedule": _SCHEDULES,
    "timestep_spacing": ("leading", "linspace", "trailing"),
    "final_sigmas_type": ("zero", "sigma_min"),
    "interpolation_type": ("linear", "log_linear"),
    "timestep_type": ("discrete", "continuous"),
    "algorithm_type": ("dpmsolver++", "sde-dpmsolver++", "deis"),
    "solver_type": ("midpoint", "heun", "logrho", "bh1", "bh2"),
    "solver_order": (1, 2, 3),
}
_PREDICTIONS = {
    "PNDMScheduler": ("epsilon", "v_prediction"),
    "EulerDiscreteScheduler": ("epsilon", "v_prediction", "sample", "original_sample"),
    "EulerAncestralDiscreteScheduler": ("epsilon", "v_prediction"),
}
_NOT_HERE = ("use_beta_sigmas", "use_flow_sigmas", "use_dynamic_shifting", "variance_type")
_SAME = ("fixed_small", "fixed_large")  # variances that DDPM alone looks at
_WAYS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas")
# The ranges of numbers: what is above the first and at most the second.
_WHOLE = {"num_train_timesteps": (0, 100_000), "steps_offset": (-1, 100_000),
          "original_inference_steps": (0, 100_000)}  # fmt: skip
_RANGES = {"beta_start": (0, 1), "beta_end": (0, 1), "dynamic_thresholding_ratio": (0, 1),
           "sample_max_value": (0, math.inf), "clip_sample_range": (0, math.inf),
           "timestep_scaling": (0, math.inf), "sigma_min": (0, math.inf),
           "sigma_max": (0, math.inf)}  # fmt: skip


def read_config(name: str, file: Mapping[str, Any]) -> Config:
    """What a class of that name reads in a parsed file, with its defaults.

    Raises UnsupportedModelError for a key that no scheduler has and a value that is not known here,
    ManifestError for one that cannot be.
    """
    own = DEFAULTS[name]
    for key in file:
        if key not in KNOWN and not key.startswith("_"):
            raise UnsupportedModelError(
                f"The scheduler's key {key!r} is not known here. Take it out of "
                "scheduler_config.json if the model does without it."
            )
    config = {**own, **{key: value for key, value in file.items() if key in own}}
    for key, value in config.items():
        if isinstance(own[key], bool) and value is None:
            config[key] = False  # diffusers writes null for a flag that is not set
        else:
            _check(name, key, value, own[key])
    _check_together(config)
    return config


def _check(name: str, key: str, value: Any, default: Any) -> None:
    choices: tuple[Any, ...] = _CHOICES.get(key, ())
    if key == "prediction_type":
        choices = _PREDICTIONS.get(name, ("epsilon", "v_prediction", "sample"))
    if choices and (isinstance(value, bool | list | dict) or value not in choices):
        known = ", ".join(map(str, choices))
        raise UnsupportedModelError(
            f"The scheduler {name} has {key} {value!r}, which is not known here; known are {known}."
        )
    if key in _NOT_HERE and value and value not in _SAME:
        raise UnsupportedModelError(
            f"The scheduler {name} has {key} {value!r}, which is not done here: take another "
            "scheduler for this model."
        )
    is_default = value is None and default is None
    if not choices and key not in _NOT_HERE and not is_default:
        _check_value(key, value, default)


def _check_value(key: str, value: Any, default: Any) -> None:
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise _wrong(key, "true or false", value)
    elif key == "trained_betas":
        if not isinstance(value, list) or not all(_is_number(beta, 0, 1) for beta in value):
            raise _wrong(key, "a list of numbers above 0 and at most 1", value)
    elif key in _WHOLE:
        least, most = _WHOLE[key]
        if not isinstance(value, int) or not _is_number(value, least, most):
            raise _wrong(key, f"a whole number from {least + 1} to {most:,}", value)
    elif key in _RANGES:
        low, high = _RANGES[key]
        if not _is_number(value, low, high):
            raise _wrong(key, f"a number above {low}{f' and at most {high}' * (high == 1)}", value)
    elif not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        raise _wrong(key, "a number", value)


def _is_number(value: Any, low: float, high: float) -> bool:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return numeric and low < value <= high and math.isfinite(value)


def _check_together(config: Config) -> None:
    betas, trained = config["trained_betas"], config["num_train_timesteps"]
    if betas is not None and len(betas) != trained:
        raise _wrong("trained_betas", f"as long as num_train_timesteps, {trained:,}", len(betas))
    if config.get("original_inference_steps", 1) > trained:
        steps = config["original_inference_steps"]
        raise _wrong("original_inference_steps", f"at most num_train_timesteps, {trained:,}", steps)
    ways = [way for way in _WAYS if config.get(way)]
    if len(ways) > 1:
        raise ManifestError(
            f"scheduler_config.json is not valid: of {' and '.join(ways)} only one can be true."
        )


def _wrong(key: str, must: str, value: Any) -> ManifestError:
    found = repr(value)
    found = found if len(found) < 60 else f"{found[:60]}..."
    return ManifestError(f"scheduler_config.json is not valid: {key} must be {must}, not {found}.")
