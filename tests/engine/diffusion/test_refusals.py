"""What schedulers refuse, with its name; and what they do that diffusers does not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from intab.engine.diffusion.lcm import LCM
from intab.engine.diffusion.registry import make_scheduler
from intab.engine.diffusion.scheduler import Scheduler
from intab.engine.diffusion.sigma_scheduler import SigmaScheduler
from intab.errors import ManifestError, OptionError, UnsupportedModelError

ZERO_SNR = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
SAMPLE = np.ones((1, 1, 2, 2), np.float32)


def made(kind: str, steps: int = 0, **config: Any) -> Scheduler:
    scheduler = make_scheduler({"_class_name": f"{kind}Scheduler", **config})
    if steps:
        scheduler.set_timesteps(steps)
    return scheduler


@pytest.mark.parametrize("name", [None, 3, "UniPCMultistepScheduler", "DDIM"])
def test_a_class_that_is_not_known_is_named(name: Any) -> None:
    with pytest.raises(UnsupportedModelError, match=f"{name!r}.*known are DDIMScheduler"):
        make_scheduler({"_class_name": name})


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("DDIM", {"timestep_spaceing": "leading"}, "'timestep_spaceing' is not known"),
        ("DDIM", {"beta_schedule": "sigmoid"}, "beta_schedule 'sigmoid'"),
        ("DDIM", {"timestep_spacing": None}, "timestep_spacing None"),
        ("PNDM", {"prediction_type": "sample"}, "prediction_type 'sample'.*epsilon, v_pred"),
        ("EulerAncestralDiscrete", {"prediction_type": "sample"}, "prediction_type 'sample'"),
        ("EulerDiscrete", {"interpolation_type": ["linear"]}, "interpolation_type"),
        ("EulerDiscrete", {"use_beta_sigmas": True}, "use_beta_sigmas True"),
        ("DPMSolverMultistep", {"prediction_type": "flow_prediction"}, "'flow_prediction'"),
        ("DPMSolverMultistep", {"algorithm_type": "dpmsolver"}, "algorithm_type 'dpmsolver'"),
        ("DPMSolverMultistep", {"solver_order": True}, "solver_order True"),
        ("DPMSolverMultistep", {"solver_order": 4}, "solver_order 4"),
        ("DPMSolverMultistep", {"use_flow_sigmas": True}, "use_flow_sigmas"),
        ("DPMSolverMultistep", {"variance_type": "learned_range"}, "variance_type"),
    ],
)
def test_what_is_not_known_here_is_named(kind: str, config: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedModelError, match=words):
        made(kind, **config)


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("DDIM", {"num_train_timesteps": 0}, "num_train_timesteps must be a whole number from 1"),
        ("DDIM", {"num_train_timesteps": 1000.0}, "num_train_timesteps must be a whole number"),
        ("DDIM", {"steps_offset": -1}, "steps_offset must be a whole number from 0"),
        ("DDIM", {"beta_start": 0}, "beta_start must be a number above 0 and at most 1"),
        ("DDIM", {"beta_end": float("nan")}, "beta_end must be a number"),
        ("DDIM", {"clip_sample": "yes"}, "clip_sample must be true or false, not 'yes'"),
        ("DDIM", {"clip_sample_range": None}, "clip_sample_range must be a number above 0"),
        ("DDIM", {"trained_betas": [0.1, 2]}, "trained_betas must be a list of numbers"),
        ("DDIM", {"trained_betas": ["x" * 99]}, r"trained_betas .*, not \['x+\.\.\."),
        ("DDIM", {"trained_betas": [0.1]}, "trained_betas must be as long as num_train_timest"),
        ("LCM", {"original_inference_steps": 2000}, "original_inference_steps must be at most"),
        ("DPMSolverMultistep", {"lambda_min_clipped": "-inf"}, "lambda_min_clipped must be a num"),
        (
            "EulerDiscrete",
            {"use_karras_sigmas": True, "use_exponential_sigmas": True},
            "of use_karras_sigmas and use_exponential_sigmas only one",
        ),
    ],
)
def test_a_value_that_cannot_be_is_named(kind: str, config: dict[str, Any], words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        made(kind, **config)


def test_null_is_a_flag_that_is_not_set() -> None:
    assert made("EulerDiscrete", use_karras_sigmas=None).config["use_karras_sigmas"] is False


@pytest.mark.parametrize("steps", [0, -1, 1001, 2.0, True, None])
def test_steps_out_of_range(steps: Any) -> None:
    with pytest.raises(OptionError, match="num_inference_steps must be a whole number from 1 to"):
        made("EulerDiscrete").set_timesteps(steps)


def test_runge_kutta_takes_four_steps() -> None:
    with pytest.raises(OptionError, match="at least 4"):
        made("PNDM", 3)


@pytest.mark.parametrize("options", [{"original_inference_steps": 0}, {"strength": 0.05}, {}])
def test_lcm_takes_no_more_steps_than_it_was_made_for(options: dict[str, Any]) -> None:
    scheduler = made("LCM")
    assert isinstance(scheduler, LCM)
    with pytest.raises(OptionError, match="at most original_inference_steps"):
        scheduler.set_timesteps(4 if options else 51, **options)
    with pytest.raises(OptionError, match="strength must be above 0"):
        scheduler.set_timesteps(4, strength=0)


def test_timesteps_that_the_model_does_not_know() -> None:
    with pytest.raises(OptionError, match=r"from 1 to 1000.*smaller steps_offset"):
        made("DDIM", 1000, steps_offset=1)
    with pytest.raises(OptionError, match="0 to 999"):
        made("DDIM").add_noise(SAMPLE, SAMPLE, 1000)
    with pytest.raises(OptionError, match="not one of this scheduler's"):
        made("EulerDiscrete", 3).add_noise(SAMPLE, SAMPLE, 1)


@pytest.mark.parametrize("kind", ["DDIM", "LCM"])
def test_noise_cannot_be_predicted_from_nothing(kind: str) -> None:
    with pytest.raises(UnsupportedModelError, match="prediction_type epsilon cannot begin"):
        made(kind, 5, **ZERO_SNR)


@pytest.mark.parametrize("call", ["init_noise_sigma", "step", "scale_model_input", "begin"])
def test_before_set_timesteps(call: str) -> None:
    scheduler = made("EulerDiscrete")
    calls: dict[str, Callable[[], object]] = {
        "init_noise_sigma": lambda: scheduler.init_noise_sigma,
        "step": lambda: scheduler.step(SAMPLE, 0, SAMPLE),
        "scale_model_input": lambda: scheduler.scale_model_input(SAMPLE, 0),
        "begin": lambda: scheduler.set_begin_index(0),
    }
    with pytest.raises(OptionError, match="call set_timesteps first"):
        calls[call]()


def test_a_step_refuses_what_does_not_fit() -> None:
    scheduler = made("EulerAncestralDiscrete", 2)
    first, second = scheduler.timesteps
    with pytest.raises(OptionError, match=r"not the next one, 999\.0"):
        scheduler.step(SAMPLE, second, SAMPLE, variance_noise=SAMPLE)
    with pytest.raises(OptionError, match=r"model_output has shape \(4,\), the sample"):
        scheduler.step(SAMPLE.ravel(), first, SAMPLE, variance_noise=SAMPLE)
    with pytest.raises(OptionError, match="pass it as variance_noise"):
        scheduler.step(SAMPLE, first, SAMPLE)
    with pytest.raises(OptionError, match="eta is DDIM's alone"):
        scheduler.step(SAMPLE, first, SAMPLE, eta=1, variance_noise=SAMPLE)
    for timestep in (first, second):
        scheduler.step(SAMPLE, timestep, SAMPLE, variance_noise=SAMPLE)
    with pytest.raises(OptionError, match="All timesteps are done"):
        scheduler.step(SAMPLE, second, SAMPLE, variance_noise=SAMPLE)
    with pytest.raises(OptionError, match="begin_index must be from 0 to 1, not 2"):
        scheduler.set_begin_index(2)


def test_eta_out_of_range() -> None:
    scheduler = made("DDIM", 2)
    with pytest.raises(OptionError, match="eta must be from 0 to 1"):
        scheduler.step(SAMPLE, scheduler.timesteps[0], SAMPLE, eta=1.5, variance_noise=SAMPLE)
    with pytest.raises(OptionError, match="pass it as variance_noise"):
        scheduler.step(SAMPLE, scheduler.timesteps[0], SAMPLE, eta=0.5)


@pytest.mark.parametrize("kind", ["DDIM", "EulerDiscrete", "DPMSolverMultistep"])
def test_trailing_has_no_timestep_below_0(kind: str) -> None:
    """diffusers has 62 for 61, the last of them -1."""
    scheduler = made(kind, 61, timestep_spacing="trailing")
    assert len(scheduler.timesteps) == 61
    assert scheduler.timesteps.min() >= 0


def test_the_smallest_sigma_twice_changes_nothing() -> None:
    """diffusers divides 0 by 0 there."""
    config = {"use_karras_sigmas": True, "final_sigmas_type": "sigma_min", "solver_type": "heun"}
    scheduler = made("DPMSolverMultistep", 15, **config, lower_order_final=False)
    assert isinstance(scheduler, SigmaScheduler)
    scheduler.sigmas[-2] = scheduler.sigmas[-1]
    sample = SAMPLE
    for timestep in scheduler.timesteps:
        before, sample = sample, scheduler.step(SAMPLE / 2, timestep, sample).prev_sample
    assert (before == sample).all()


def test_more_steps_than_a_model_has_timesteps_for() -> None:
    """Two sigmas are equal, and diffusers divides by their distance."""
    scheduler = made("DPMSolverMultistep", 50, num_train_timesteps=50)
    assert isinstance(scheduler, SigmaScheduler)
    assert len(set(scheduler.sigmas)) < 51
    sample = SAMPLE
    for timestep in scheduler.timesteps:
        sample = scheduler.step(SAMPLE / 2, timestep, sample).prev_sample
    assert np.isfinite(sample).all()


def test_ancestral_steps_from_very_large_sigmas_are_numbers() -> None:
    """diffusers' root is of less than 0 there."""
    config = {"beta_schedule": "squaredcos_cap_v2", "timestep_spacing": "trailing"}
    scheduler = made("EulerAncestralDiscrete", 3, **config)
    sample = SAMPLE * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        sample = scheduler.step(SAMPLE, timestep, sample, variance_noise=SAMPLE).prev_sample
        assert np.isfinite(sample).all()


def test_a_second_picture_begins_as_the_first() -> None:
    for kind in ("PNDM", "DPMSolverMultistep"):
        scheduler, pictures = made(kind), []
        for _ in range(2):
            scheduler.set_timesteps(5)
            sample = SAMPLE
            for timestep in scheduler.timesteps:
                sample = scheduler.step(np.sin(sample), timestep, sample).prev_sample
            pictures.append(sample)
        assert (pictures[0] == pictures[1]).all()
