"""The model folder: a graph a part, as optimum has them, and diffusers' files beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import AutoencoderKL
from tokenizers import Tokenizer
from torch import Tensor, nn

from pictures_recipe.denoiser import Denoiser
from pictures_recipe.parts import LENGTH, SCHEDULER, WIDTH, save_tokenizer

OPSET = 18
SIDES = {0: "batch_size", 2: "height", 3: "width"}
ROWS = {0: "batch_size", 1: "sequence_length"}


class _Graph(nn.Module):
    """A model as a graph has it: tensors in, one tensor out."""

    def __init__(self, model: nn.Module, compute: Callable[..., Tensor]) -> None:
        super().__init__()
        self.model, self._compute = model, compute

    def forward(self, *given: Tensor) -> Tensor:
        return self._compute(*given)


def export(vae: AutoencoderKL, denoiser: Denoiser, tokenizer: Tokenizer, folder: Path) -> None:
    """Write the folder, in float32."""
    latents = torch.randn(2, 4, 16, 16)
    text, unet = denoiser.text_encoder, denoiser.unet
    ids = torch.ones(2, LENGTH, dtype=torch.int32)
    _write(
        folder / "text_encoder",
        _Graph(text, lambda ids: text(ids.long()).last_hidden_state),
        {"input_ids": (ids, ROWS)},
        ("last_hidden_state", ROWS),
    )
    _write(
        folder / "unet",
        _Graph(unet, lambda x, step, states: unet(x, step, states, return_dict=False)[0]),
        {
            "sample": (latents, SIDES),
            "timestep": (torch.tensor(5), {}),
            "encoder_hidden_states": (torch.randn(2, LENGTH, WIDTH), ROWS),
        },
        ("out_sample", SIDES),
    )
    _write(
        folder / "vae_decoder",
        _Graph(vae, lambda x: vae.decode(x, return_dict=False)[0]),
        {"latent_sample": (latents, SIDES)},
        ("sample", SIDES),
    )
    _write(
        folder / "vae_encoder",
        _Graph(vae, lambda x: vae.encode(x).latent_dist.parameters),
        {"sample": (torch.randn(2, 3, 64, 64), SIDES)},
        ("latent_parameters", SIDES),
    )
    _describe(folder)
    save_tokenizer(tokenizer, folder / "tokenizer")


def _write(
    folder: Path, graph: _Graph, given: dict[str, tuple[Tensor, Any]], output: tuple[str, Any]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for module in graph.modules():
        if hasattr(module, "set_processor"):  # attention as plain products
            module.set_processor(diffusers.models.attention_processor.AttnProcessor())
    axes = {name: found for name, (_, found) in given.items() if found} | dict([output])
    torch.onnx.export(
        graph.eval(),
        tuple(tensor for tensor, _ in given.values()),
        str(folder / "model.onnx"),
        input_names=list(given),
        output_names=[output[0]],
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )
    config: Any = graph.model
    if isinstance(config, diffusers.ModelMixin):
        config.save_config(folder)
    else:
        config.config.save_pretrained(folder)


def _describe(folder: Path) -> None:
    scheduler = diffusers.DPMSolverMultistepScheduler(**SCHEDULER)
    scheduler.save_config(folder / "scheduler")
    parts = {
        "scheduler": "DPMSolverMultistepScheduler",
        "text_encoder": "CLIPTextModel",
        "tokenizer": "CLIPTokenizer",
        "unet": "UNet2DConditionModel",
        "vae": "AutoencoderKL",
    }
    library = {"text_encoder": "transformers", "tokenizer": "transformers"}
    index = {name: [library.get(name, "diffusers"), kind] for name, kind in parts.items()}
    about = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": diffusers.__version__}
    (folder / "model_index.json").write_text(json.dumps({**about, **index}, indent=1), "utf-8")
