"""What make_diffusion.py has diffusers make: schedulers, calls, texts for the tokenizer."""

from __future__ import annotations

from typing import Any

SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
# Its pipelines take a steps_offset of 0, as EulerAncestral's, for 1, and clip_sample for False.
SCHEDULERS: dict[str, dict[str, Any]] = {
    "PNDM": {**SD, "skip_prk_steps": True, "set_alpha_to_one": False, "steps_offset": 1},
    "DDIM": {**SD, "set_alpha_to_one": False, "steps_offset": 1},
    "EulerDiscrete": {**SD, "timestep_spacing": "leading", "steps_offset": 1},
    "EulerAncestralDiscrete": {**SD, "timestep_spacing": "leading"},
    "DPMSolverMultistep": {**SD, "steps_offset": 1},
    "LCM": SD,
}
FOX = {"prompt": "A red fox, in the snow!"}
LONG = "a fox and a fox and a fox and a fox and a fox and a fox and a fox"
# Scheduler, and the options of a call; in turn so many noises are drawn as the scheduler needs.
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("PNDM", {**FOX, "num_inference_steps": 4}),
    ("DDIM", {**FOX, "num_inference_steps": 4, "eta": 0.7}),
    ("DDIM", {**FOX, "num_inference_steps": 3, "guidance_scale": 1.0, "height": 24, "width": 40}),
    ("EulerDiscrete", {**FOX, "num_inference_steps": 5, "negative_prompt": "snow's 12 foxes"}),
    ("EulerDiscrete", {**FOX, "num_inference_steps": 3, "guidance_rescale": 0.7}),
    ("EulerAncestralDiscrete", {**FOX, "num_inference_steps": 2, "guidance_scale": 0.0}),
    ("DPMSolverMultistep", {**FOX, "num_inference_steps": 5}),
    (
        "DPMSolverMultistep",
        {"prompt": ["a fox", "snow"], "num_images_per_prompt": 2, "num_inference_steps": 2,
         "negative_prompt": ["", "red"]},
    ),
    ("DDIM", {"prompt": LONG, "num_inference_steps": 2}),
    ("DDIM", {"prompt": "", "num_inference_steps": 2}),
    ("LCM", FOX),
    ("LCM", {**FOX, "num_inference_steps": 2, "guidance_scale": 1.5}),
]  # fmt: skip
# The same that begin with a picture: its height and width besides.
CHANGES: list[tuple[str, dict[str, Any], tuple[int, int]]] = [
    ("PNDM", {**FOX, "num_inference_steps": 6, "strength": 0.5}, (32, 32)),
    ("DDIM", {**FOX, "num_inference_steps": 5}, (35, 26)),
    ("EulerDiscrete", {**FOX, "num_inference_steps": 4, "strength": 0.6}, (32, 32)),
    ("DPMSolverMultistep", {**FOX, "num_inference_steps": 4, "strength": 1.0}, (32, 32)),
    ("DDIM", {**FOX, "num_inference_steps": 4, "num_images_per_prompt": 2}, (32, 32)),
    ("LCM", FOX, (32, 32)),
]
ODD = ["", " ", "A  Red\n\tfox's", "don't we'll 1984", "ünïcödé e\u0301 日本 🦊", "...!?", LONG,
       "ﬁ İ ß", "a<|endoftext|>fox <|startoftext|> snow", "the_fox-and the</w>snow",
       "\u200bfox\u00a0and"]  # fmt: skip
