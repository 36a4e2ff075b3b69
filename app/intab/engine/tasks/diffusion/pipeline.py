"""What a user calls: prompts -> their states -> latents without noise -> pictures.

    found = await pipe("a fox in the snow", num_inference_steps=20, seed=1)
    found.images[0].save("fox.png")

One call runs at a time. Latents stay in numpy; each part of the way asks for its graph by its role.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.diffusion.denoising import DenoisingStep, Guidance, denoise
from intab.engine.diffusion.latents import latent_shape
from intab.engine.diffusion.registry import make_scheduler
from intab.engine.diffusion.scheduler import Scheduler
from intab.engine.io.protocols import Progress
from intab.engine.media.pictures import rgb
from intab.engine.model_config import ModelConfig
from intab.engine.tasks.diffusion import networks, previews
from intab.engine.tasks.diffusion.files import Settings
from intab.engine.tasks.diffusion.guidance import guidance_embedding
from intab.engine.tasks.diffusion.held import HeldGraphs
from intab.engine.tasks.diffusion.options import Request, read_request
from intab.engine.tasks.diffusion.output import LATENT, ImagePipelineOutput, output_of
from intab.engine.tasks.diffusion.prompts import Prompts
from intab.engine.tasks.diffusion.starting import begin_at, noise_of, pixels_of, repeated
from intab.engine.tasks.pipeline import Pipeline
from intab.engine.text.assets import Texts
from intab.errors import ModelClosedError, OptionError

Floats = NDArray[Any]  # of float32
Read = Callable[[Any], Awaitable[Any]]  # whatever is a picture -> a PIL.Image
Bring = Callable[[str], Awaitable[None]]


class DiffusionPipeline(Pipeline):
    """Makes pictures; `read` reads those that it begins with, `bring` makes Pillow ready."""

    read: Read
    bring: Bring

    def __init__(self, name: str, names: Sequence[str], graphs: HeldGraphs[Any], texts: Texts):
        self._name, self._names = name, names
        self.graphs, self.texts = graphs, texts
        self.networks = graphs.networks
        self.config = ModelConfig.of(texts.config)
        self.settings = Settings.of(texts.more)
        make_scheduler(self.settings.scheduler)  # which says what is wrong with it
        self.prompts = Prompts(texts.more, self.settings.most_tokens)
        self.name = self.dtype = self.reason = ""
        self.closed = False
        self._turn = asyncio.Lock()

    @property
    def task(self) -> str:
        """Its task's name."""
        return self._name

    @property
    def device(self) -> str:
        """Where it runs and how."""
        return "nothing (closed)" if self.closed else ", ".join({**self._devices})

    @property
    def _devices(self) -> dict[str, None]:
        return dict.fromkeys(self.graphs.devices.values())

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Make pictures; docs/pipelines.md has the options.

        Args:
            inputs: the prompt, or a list of prompts; for image-to-image the picture after it.
            options: those of diffusers' pipelines; seed; on_progress, called with a `Progress` of
                the stage "run", which counts steps; on_preview and preview_steps.

        Returns:
            To be awaited: an object whose `images` are the pictures.

        Raises:
            OptionError: an option is unknown or out of range.
            PromptError: a prompt is no text, or a picture cannot be read.
            RunError: onnxruntime fails, or numbers are not finite; ModelClosedError: the pipeline
                was closed.
        """
        named = [name for name in ("prompt", "image") if name in self._names]
        if len(inputs) > len(named):
            raise OptionError(f"{self.task} takes {' and '.join(named)}, the rest by names.")
        for name, value in zip(named, inputs, strict=False):
            if name in options:
                raise OptionError(f"{name} is passed twice.")
            options[name] = value
        is_consistency = self.settings.is_consistency
        request = read_request(self.task, self._names, options, is_consistency=is_consistency)
        if "image" in named and request.image is None:
            raise OptionError(f"{self.task} needs a picture to begin with: pass image.")
        return self._make(request)

    async def _make(self, request: Request) -> ImagePipelineOutput:
        async with self._turn:
            self._check_open()
            if request.output_type == "pil" or request.image is not None:
                await self.bring("pillow")
            guidance = await self._guidance(request)
            scheduler = make_scheduler(self.settings.scheduler)
            latents, begin = await self._begin(request, scheduler)
            latents = await self._denoised(request, scheduler, latents, begin, guidance)
            if request.output_type == LATENT:
                return ImagePipelineOutput(latents)
            return output_of(await self.decoded(latents), request.output_type)

    async def _guidance(self, request: Request) -> Guidance:
        """The prompts' states, and those of the negative prompts if they are asked for."""
        states = await self._states(request.prompts, request)
        guided = request.guidance_scale > 1 and not self._embeds_scale
        negative = await self._states(request.negative_prompts, request) if guided else None
        return Guidance(states, negative, request.guidance_scale, request.guidance_rescale)

    @property
    def _embeds_scale(self) -> bool:
        """Whether the guidance scale is something that the UNet is fed."""
        return self.settings.guidance_width is not None or self.settings.is_consistency

    async def _states(self, prompts: Sequence[str], request: Request) -> Floats:
        ids = self.prompts.ids(prompts)
        found = await networks.encode_text(await self._network("text_encoder"), ids)
        repeats: Floats = np.repeat(found, request.num_images_per_prompt, axis=0)
        return repeats

    async def _begin(self, request: Request, scheduler: Scheduler) -> tuple[Floats, int]:
        """Latents to begin with, and at which timestep."""
        if request.image is None:
            scheduler.set_timesteps(request.num_inference_steps)
            shape = await self._shape(request)
            return noise_of(request, shape, scheduler), 0
        begin = begin_at(scheduler, request, is_consistency=self.settings.is_consistency)
        given = request.image if isinstance(request.image, list) else [request.image]
        pictures = [rgb(await self.read(one)) for one in given]
        clean = repeated(await self._encoded(pictures, request), request.count)
        noise = request.draw(clean.shape)
        timesteps = [scheduler.timesteps[begin]] * len(clean)
        return scheduler.add_noise(clean, noise, timesteps), begin

    async def _shape(self, request: Request) -> tuple[int, ...]:
        """Of latents: as asked for, else as the graph or the UNet's config says."""
        settings, scale = self.settings, self.settings.vae_scale
        fixed = networks.fixed_sides(await self._network("unet"))
        sides = zip(fixed, settings.sample_size, strict=True)
        usual = [(side or own) * scale for side, own in sides]
        height = usual[0] if request.height is None else request.height
        width = usual[1] if request.width is None else request.width
        shape = latent_shape(
            request.count, height, width, channels=settings.latent_channels, scale=scale
        )
        if any(want not in (None, have) for want, have in zip(fixed, shape[2:], strict=True)):
            raise OptionError(
                f"The UNet makes pictures of {usual[1]} x {usual[0]} pixels alone, not {width} x "
                f"{height}: leave height and width out."
            )
        return shape

    async def _encoded(self, pictures: Sequence[Any], request: Request) -> Floats:
        """Scaled latents of pictures."""
        settings = self.settings
        pixels = pixels_of(pictures, settings.vae_scale)
        sides = (side // settings.vae_scale for side in pixels.shape[2:])
        noise = request.draw((len(pixels), settings.latent_channels, *sides))
        found = await networks.encode(await self._network("vae_encoder"), pixels, noise)
        return (found - np.float32(settings.shift_factor)) * np.float32(settings.scaling_factor)

    async def _denoised(
        self,
        request: Request,
        scheduler: Scheduler,
        latents: Floats,
        begin: int,
        guidance: Guidance,
    ) -> Floats:
        condition = self.condition(request.guidance_scale, request.count)
        total = len(scheduler.timesteps) - begin

        async def unet(samples: Floats, timestep: float, states: Floats) -> Floats:
            network = await self._network("unet")
            return await networks.predict(network, samples, timestep, states, condition)

        async def on_step(step: DenoisingStep) -> Floats | None:
            request.on_progress(Progress("run", loaded=step.step + 1, total=total))
            if request.on_preview and (step.step + 1) % request.preview_steps == 0:
                request.on_preview(output_of(await self._preview(step.preview), "pil").images)
            return self._called_back(request, step)

        return await denoise(
            unet,
            scheduler,
            latents,
            guidance,
            begin=begin,
            draw=request.draw,
            eta=request.eta,
            on_step=on_step,
        )

    def condition(self, guidance_scale: float, count: int) -> Floats | None:
        """The guidance scale's embedding for each picture, if the UNet takes that."""
        width = self.settings.guidance_width
        return None if width is None else guidance_embedding(guidance_scale, width).repeat(count, 0)

    def _called_back(self, request: Request, step: DenoisingStep) -> Floats | None:
        """What the caller's own function makes of the latents."""
        if request.callback is None:
            return None
        found = request.callback(self, step.step, step.timestep, {"latents": step.latents})
        changed = (found or {}).get("latents")
        return None if changed is None else np.asarray(changed, np.float32)

    async def _preview(self, latents: Floats) -> Floats:
        """A picture of latents as the VAE's would be: a guess where there is one for this VAE, or
        where the UNet would have to be opened again for its own."""
        settings = self.settings
        is_known = settings.scaling_factor == previews.SCALING or self.graphs.in_turns
        if is_known and settings.latent_channels == previews.CHANNELS:
            return previews.guessed(latents)
        return await self.decoded(latents)

    async def decoded(self, latents: Floats) -> Floats:
        """What the VAE makes of scaled latents."""
        settings = self.settings
        unscaled = latents / np.float32(settings.scaling_factor) + np.float32(settings.shift_factor)
        return await networks.decode(await self._network("vae_decoder"), unscaled)

    async def _network(self, role: str) -> Any:
        self._check_open()
        return await self.graphs.get(role)

    def _check_open(self) -> None:
        if self.closed:
            raise ModelClosedError(f"The model {self.name} was closed: load it again.")

    async def close(self) -> None:
        """Give the model's memory back; it cannot be used after."""
        self.closed = True
        await self.graphs.close()
