"""Schedulers against diffusers' own: each number that tests/golden/schedulers.json recorded."""

import json
from typing import Any

import numpy as np
import pytest

from intab.engine.diffusion.config import DEFAULTS, KNOWN
from intab.engine.diffusion.lcm import LCM
from intab.engine.diffusion.registry import SCHEDULERS, make_scheduler
from intab.engine.diffusion.scheduler import Scheduler
from intab.engine.diffusion.sigma_scheduler import SigmaScheduler
from tests.conftest import ROOT

GOLDEN = json.loads((ROOT / "tests" / "golden" / "schedulers.json").read_text("utf-8"))
INPUTS = {name: np.array(value, np.float32) for name, value in GOLDEN["inputs"].items()}


def close(ours: Any, recorded: list[float], size: float = 0.0) -> None:
    """To 1e-5; or to the last bit or two of float32 numbers of that size, if that is more: samples
    begin as large as `init_noise_sigma`, up to 20,000, and what is left of them is small."""
    np.testing.assert_allclose(np.ravel(ours), recorded, rtol=1e-5, atol=max(1e-5, 2e-7 * size))


def begun(case: dict[str, Any]) -> Scheduler:
    scheduler = make_scheduler({"_class_name": case["class"], **case["config"]})
    setting = {key: value for key, value in case["options"].items() if key != "eta"}
    if isinstance(scheduler, LCM):
        scheduler.set_timesteps(case["steps"], **setting)
    else:
        scheduler.set_timesteps(case["steps"])
    return scheduler


@pytest.mark.parametrize("name", SCHEDULERS)
def test_equal_to_diffusers(name: str) -> None:
    cases = [case for case in GOLDEN["cases"] if case["class"] == name]
    assert len(cases) >= 20
    for case in cases:
        check(case)


def check(case: dict[str, Any]) -> None:
    """Each number of one case."""
    print({key: case[key] for key in ("config", "steps", "options")})  # the last one is wrong
    scheduler = begun(case)
    close(scheduler.timesteps, case["timesteps"])
    close(scheduler.init_noise_sigma, [case["init_noise_sigma"]])
    if isinstance(scheduler, SigmaScheduler):
        close(scheduler.sigmas, case["sigmas"])
    start, noise = INPUTS["start"][0], INPUTS["noise"]
    chosen = scheduler.timesteps[[case["steps"] // 2, -1]]
    close(scheduler.add_noise(start, noise[0], chosen), case["noisy"])
    sample = start * np.float32(scheduler.init_noise_sigma)
    close(scheduler.scale_model_input(sample, scheduler.timesteps[0]), case["scaled"])
    for turn, timestep in enumerate(scheduler.timesteps):
        eta = case["options"].get("eta", 0.0)
        output = INPUTS["outputs"][turn]
        made = scheduler.step(output, timestep, sample, eta=eta, variance_noise=noise[turn])
        sample = made.prev_sample
        assert sample.dtype == made.pred_original_sample.dtype == np.float32
        close(sample, case["samples"][turn], case["init_noise_sigma"])
        if turn == 0 and "clean" in case:
            close(made.pred_original_sample, case["clean"], case["init_noise_sigma"])


def test_every_class_and_value_is_among_the_cases() -> None:
    assert {case["class"] for case in GOLDEN["cases"]} == set(SCHEDULERS) == set(DEFAULTS)
    assert len(GOLDEN["cases"]) >= 190


def test_keys_of_the_other_schedulers_are_passed_over() -> None:
    """Files are copies of each other's; diffusers takes no notice of what a class has not."""
    assert set(GOLDEN["keys"]) <= KNOWN
    file = {"_class_name": "DDIMScheduler", "_diffusers_version": "0.6.0", "skip_prk_steps": True}
    assert make_scheduler({**file, "solver_p": None}).config.get("skip_prk_steps") is None
