"""text-to-image and image-to-image: graphs in diffusers' folders, opened and tried.

>>> pipe = await intab.pipeline("text-to-image", "org/name")
>>> found = await pipe("a fox in the snow", seed=1)
>>> found.images[0].save("fox.png")
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from intab.engine.hub.roles import Need
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress, Progress
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.graphs import Graph
from intab.engine.runtime.limits import EXPANDED, held_together
from intab.engine.runtime.network import Network
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import Parts
from intab.engine.tasks.diffusion import networks
from intab.engine.tasks.diffusion.files import FILES
from intab.engine.tasks.diffusion.held import HeldGraphs
from intab.engine.tasks.diffusion.options import IMAGE_TO_IMAGE, TEXT_TO_IMAGE
from intab.engine.tasks.diffusion.pipeline import DiffusionPipeline
from intab.errors import DeviceError, RunError, UnsupportedModelError

_TEXT, _UNET, _DECODER, _ENCODER = "text_encoder", "unet", "vae_decoder", "vae_encoder"
OTHER_MODELS = ("text_encoder_2", "text_encoder_3", "transformer")
_TRIED = 8  # latents to a side, the least that UNets of four levels take


class DiffusionTask:
    """A Task whose graphs may be held one after the other."""

    graph = "a UNet that takes noise away"
    tokenizer = False
    config = False
    texts: Sequence[str] = FILES

    def __init__(self, name: str, options: Sequence[str], roles: Sequence[str]) -> None:
        self.name, self._options = name, options
        self.needs = tuple(Need((role,), in_turns=True) for role in roles)

    def check(self, config: ModelConfig) -> None:
        """Nothing is known of a UNet before it is there."""

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """UnsupportedModelError for models of another kind, before anything is fetched."""
        other = next((role for role in OTHER_MODELS if role in variants.manifest.roles), "")
        if other:
            raise UnsupportedModelError(
                f"The folder has {other}/, as Stable Diffusion XL, 3 and Flux have: known here are "
                "Stable Diffusion 1 and 2, SD-Turbo and LCM. Choose one of these."
            )

    async def open(
        self, runtime: Runtime[B], parts: Parts[B], report: OnProgress
    ) -> DiffusionPipeline:
        """The pipeline, each of whose graphs is tried once."""
        graphs = _held(runtime, parts)
        try:
            pipeline = DiffusionPipeline(self.name, self._options, graphs, parts.texts)
            pipeline.read, pipeline.bring = runtime.read_picture, runtime.bring
            report(Progress("warm up"))
            await _try(pipeline, [need.roles[0] for need in self.needs])
        except RunError as exc:
            await graphs.close()
            raise DeviceError(
                f"The model loads but does not run on {parts.candidate.device} ({exc}): "
                "choose another dtype or device."
            ) from exc
        except BaseException:
            await graphs.close()
            raise
        return pipeline


def _held(runtime: Runtime[B], parts: Parts[B]) -> HeldGraphs[B]:
    async def opens(role: str, graph: Graph[B]) -> Network:
        network = await runtime.open(graph, parts.device_of(role))
        try:
            await parts.settle()
        except BaseException:
            await network.close()
            raise
        return network

    together = held_together(_weights(parts), runtime.limits(parts.candidate.device))
    return HeldGraphs(dict(parts.graphs), opens, in_turns=not together)


def _weights(parts: Parts[Any]) -> int:
    """The bytes of all graphs once they are loaded, by what came of them."""
    variants, total = parts.variants, 0
    for part in variants.parts[parts.candidate.dtype]:
        graph = parts.graphs[part.role]
        size = graph.body.size + sum(body.size for body in graph.external_data.values())
        total += size * EXPANDED if variants.manifest.expands(part.dtype) else size
    return total


async def _try(pipeline: DiffusionPipeline, roles: Sequence[str]) -> None:
    """Run each graph once on little; DeviceError where numbers are not finite."""
    settings, graphs = pipeline.settings, pipeline.graphs
    text = await graphs.get(_TEXT)
    ids = pipeline.prompts.ids(["a"]).repeat(networks.rows_at_once(text), 0)
    states = (await networks.encode_text(text, ids))[:1]
    _check_finite(_TEXT, states)
    unet = await graphs.get(_UNET)
    networks.check_unet(unet, settings.latent_channels)
    height, width = (side or _TRIED for side in networks.fixed_sides(unet))
    shape = (networks.rows_at_once(unet), settings.latent_channels, height, width)
    latents = np.zeros(shape, np.float32)
    condition = pipeline.condition(1, len(latents))
    states = states.repeat(len(latents), 0)
    _check_finite(_UNET, await networks.predict(unet, latents, 1, states, condition))
    _check_finite(_DECODER, await pipeline.decoded(latents[:1]))
    if _ENCODER in roles:
        sides = (height * settings.vae_scale, width * settings.vae_scale)
        pixels = np.zeros((1, 3, *sides), np.float32)
        encoder = await graphs.get(_ENCODER)
        _check_finite(_ENCODER, await networks.encode(encoder, pixels, latents[:1]))


def _check_finite(role: str, found: Any) -> None:
    if not np.isfinite(found).all():
        raise DeviceError(
            f"The {role} gives numbers that are not finite: choose another dtype for it, such as "
            f'dtype={{"{role}": "fp32"}}, or another device.'
        )


# The first names the variants: it has most of the weights.
_ROLES = (_UNET, _TEXT, _DECODER)
TEXT_TO_IMAGE_TASK = DiffusionTask("text-to-image", TEXT_TO_IMAGE, _ROLES)
IMAGE_TO_IMAGE_TASK = DiffusionTask("image-to-image", IMAGE_TO_IMAGE, (*_ROLES, _ENCODER))
