"""A call's options by diffusers' names, judged before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.io.protocols import OnProgress, silent
from intab.engine.tasks.diffusion.output import check_output_type
from intab.engine.tasks.text_inputs import check_text
from intab.engine.tasks.text_task import only
from intab.errors import OptionError

_MOST_PICTURES = 1000
_TENSORS = ["latents"]

# Of diffusers' StableDiffusionPipeline, and of its LatentConsistencyModelPipeline.
_DEFAULTS = {"num_inference_steps": 50, "guidance_scale": 7.5, "strength": 0.8}
_CONSISTENCY = {**_DEFAULTS, "num_inference_steps": 4, "guidance_scale": 8.5}
_COMMON = (
    *("prompt", "num_inference_steps", "guidance_scale", "negative_prompt"),
    *("num_images_per_prompt", "eta", "generator", "seed", "output_type", "guidance_rescale"),
    *("callback_on_step_end", "callback_on_step_end_tensor_inputs", "on_progress"),
    *("on_preview", "preview_steps"),
)
TEXT_TO_IMAGE = (*_COMMON, "height", "width", "latents")
IMAGE_TO_IMAGE = (*_COMMON, "image", "strength")


@dataclass(frozen=True)
class Request:
    """What is asked for; `names` are diffusers'.

    prompts, negative_prompts: as many of each.
    latents: noise to begin with, None for noise of the generator.
    image: a picture to begin with, or a list of them, None for text-to-image.
    on_preview: called every `preview_steps` steps with a list of pictures.
    """

    prompts: Sequence[str]
    negative_prompts: Sequence[str]
    generator: np.random.Generator
    num_inference_steps: int
    guidance_scale: float
    strength: float
    guidance_rescale: float = 0.0
    num_images_per_prompt: int = 1
    eta: float = 0.0
    height: int | None = None
    width: int | None = None
    latents: NDArray[Any] | None = None
    image: Any = None
    output_type: str = "pil"
    callback: Callable[..., Any] | None = None
    on_progress: OnProgress = silent
    on_preview: Callable[[Any], Any] | None = None
    preview_steps: int = 5

    @property
    def count(self) -> int:
        """How many pictures it is."""
        return len(self.prompts) * self.num_images_per_prompt

    def draw(self, shape: tuple[int, ...]) -> NDArray[Any]:
        """Normal noise, float32."""
        return self.generator.standard_normal(shape, np.float32)


def read_request(
    task: str, names: Sequence[str], passed: Mapping[str, Any], *, is_consistency: bool
) -> Request:
    """A call's options as a Request; OptionError for one that is unknown or out of range."""
    only(task, passed, names)
    given = {name: value for name, value in passed.items() if value is not None}
    defaults = _CONSISTENCY if is_consistency else _DEFAULTS
    prompts = _texts("prompt", given.get("prompt"))
    if is_consistency and "negative_prompt" in given:
        raise OptionError("A latent consistency model takes no negative_prompt: leave it out.")
    _check_callback(given)
    rest: dict[str, Any] = {n: given[n] for n in ("height", "width", "image") if n in given}
    if "latents" in given:
        rest["latents"] = np.asarray(given["latents"], np.float32)
    return Request(
        prompts,
        _negative(given.get("negative_prompt", ""), len(prompts)),
        _generator(given),
        given.get("num_inference_steps", defaults["num_inference_steps"]),
        _number(given, "guidance_scale", defaults["guidance_scale"], 0, 1000),
        _number(given, "strength", defaults["strength"], 0, 1),
        _number(given, "guidance_rescale", 0.0, 0, 1),
        _whole(given, "num_images_per_prompt", 1, _MOST_PICTURES),
        _number(given, "eta", 0.0, 0, 1),
        output_type=check_output_type(given.get("output_type", "pil")),
        callback=given.get("callback_on_step_end"),
        on_progress=given.get("on_progress", silent),
        on_preview=given.get("on_preview"),
        preview_steps=_whole(given, "preview_steps", 5, 1000),
        **rest,
    )


def _texts(name: str, value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    if value is None or not found:
        raise OptionError(f"{name} must be a text or a list of texts: pass at least one.")
    return [check_text(text) for text in found]


def _negative(value: Any, count: int) -> list[str]:
    if not isinstance(value, list):
        return [check_text(value)] * count
    if len(value) != count:
        raise OptionError(
            f"negative_prompt has {len(value)} texts, and prompt {count}: pass as many, or one for "
            "all."
        )
    return [check_text(text) for text in value]


def _generator(given: Mapping[str, Any]) -> np.random.Generator:
    found, seed = given.get("generator"), given.get("seed")
    if found is None:
        whole = isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0
        if seed is not None and not whole:
            raise OptionError(f"seed must be a whole number from 0 on, not {seed!r}.")
        return np.random.default_rng(seed)
    if seed is not None:
        raise OptionError("generator and seed say the same: pass one of them.")
    if not isinstance(found, np.random.Generator):
        raise OptionError(
            f"generator must be a numpy.random.Generator, not {type(found).__name__}: torch's "
            "numbers are not to be had here, so pass seed=..., or latents=... that torch drew."
        )
    return found


def _number(given: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = given.get(name, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise OptionError(f"{name} must be a number from {low} to {high}, not {value!r}.")
    return float(value)


def _whole(given: Mapping[str, Any], name: str, default: int, high: int) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= high:
        raise OptionError(f"{name} must be a whole number from 1 to {high:,}, not {value!r}.")
    return value


def _check_callback(given: Mapping[str, Any]) -> None:
    for name in ("callback_on_step_end", "on_progress", "on_preview"):
        if name in given and not callable(given[name]):
            raise OptionError(f"{name} must be a function, not {given[name]!r}.")
    tensors = given.get("callback_on_step_end_tensor_inputs", _TENSORS)
    if list(tensors) != _TENSORS:
        raise OptionError(f"callback_on_step_end_tensor_inputs can be {_TENSORS} alone.")
