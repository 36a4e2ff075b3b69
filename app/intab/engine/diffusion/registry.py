"""scheduler_config.json -> a scheduler.

make_scheduler({"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing"})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intab.engine.diffusion.config import read_config
from intab.engine.diffusion.ddim import DDIM
from intab.engine.diffusion.dpm_solver import DPMSolverMultistep
from intab.engine.diffusion.euler import Euler, EulerAncestral
from intab.engine.diffusion.lcm import LCM
from intab.engine.diffusion.pndm import PNDM
from intab.engine.diffusion.scheduler import Scheduler
from intab.errors import UnsupportedModelError

SCHEDULERS: dict[str, type[Scheduler]] = {
    "DDIMScheduler": DDIM,
    "PNDMScheduler": PNDM,
    "EulerDiscreteScheduler": Euler,
    "EulerAncestralDiscreteScheduler": EulerAncestral,
    "DPMSolverMultistepScheduler": DPMSolverMultistep,
    "LCMScheduler": LCM,
}


def make_scheduler(file: Mapping[str, Any]) -> Scheduler:
    """That of a parsed scheduler_config.json; UnsupportedModelError for a class, a key or a value
    that is not known here, ManifestError for a value that cannot be."""
    name = file.get("_class_name")
    if not isinstance(name, str) or name not in SCHEDULERS:
        known = ", ".join(SCHEDULERS)
        raise UnsupportedModelError(
            f"The model's scheduler is {name!r}, which is not known here; known are {known}. Take "
            "one of these in scheduler_config.json, if the model was made for its kind."
        )
    return SCHEDULERS[name](read_config(name, file))
