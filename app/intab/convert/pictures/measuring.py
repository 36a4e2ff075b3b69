"""How near a graph's numbers are to float32's, as PSNR: of each graph, and of a whole picture.

Each graph is fed what it gets where a picture is made: a prompt's ids, seeded noise, what the
float32 graphs before it make of them. Native onnxruntime computes in floats whatever it has no
kernel in halves for, so what no half can hold is looked for in the float32 graph (`largest`).
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from intab.convert.pictures.folder import DECODER, TEXT
from intab.convert.pictures.halves import with_peaks
from intab.convert.pictures.network import NativeNetwork, run_now
from intab.convert.saving import save
from intab.engine.loading.model_files import make_tokenizer
from intab.engine.runtime.network import Arrays, Network
from intab.engine.tasks.diffusion import networks
from intab.engine.tasks.diffusion.files import Settings
from intab.engine.tasks.diffusion.guidance import guidance_embedding
from intab.engine.tasks.diffusion.held import HeldGraphs
from intab.engine.tasks.diffusion.options import TEXT_TO_IMAGE
from intab.engine.tasks.diffusion.pipeline import DiffusionPipeline
from intab.engine.tasks.diffusion.prompts import Prompts
from intab.engine.text.assets import Texts
from intab.engine.text.chat_template import find_templates
from intab.errors import ConvertError, IntabError

Floats = NDArray[Any]
PROMPT, SEED, STEPS = "a red fox", 0, 8
TIMES = (1.0, 499.0, 999.0)  # at which a UNet is asked
EQUAL = 200.0  # dB, of what differs in nothing
MASK = 1e30  # what is larger hides what shall not be seen, and may become the largest half


def psnr(wanted: Floats, found: Floats, peak: float = 0.0) -> float:
    """Decibels, by `peak` or by the span of what is wanted; EQUAL at most, ConvertError for numbers
    that are not finite.

    >>> psnr(np.array([0.0, 1.0]), np.array([0.1, 1.1]))
    20.0
    """
    if not np.isfinite(found).all():
        raise ConvertError("it gives numbers that are not finite")
    error = math.sqrt(np.mean(np.square(wanted.astype(np.float64) - found)))
    span = peak or float(wanted.max() - wanted.min())
    return round(min(20 * math.log10(span / error), EQUAL), 2) if error and span else EQUAL


class Samples:
    """What each role is fed, and what float32 makes of it; `graphs` are the float32 ones by role.

    Each is run once, when it is asked for, and one is open at a time.
    """

    def __init__(self, graphs: Mapping[str, Path], texts: Mapping[str, str]) -> None:
        self._graphs, self._settings = graphs, Settings.of(texts)
        self._prompts = Prompts(texts, self._settings.most_tokens)
        self._wanted: dict[str, Floats] = {}

    def wanted(self, role: str) -> Floats:
        """The float32 graph's answer; ConvertError if it is not finite."""
        if role not in self._wanted:
            found = self.answer(role, self._graphs[role])
            if not np.isfinite(found).all():
                raise ConvertError(f"The {role} gives numbers that are not finite in float32.")
            self._wanted[role] = found
        return self._wanted[role]

    def answer(self, role: str, path: Path) -> Floats:
        """What a graph of that role makes of the samples."""
        return self._answer(role, NativeNetwork(path))

    def largest(self, role: str, model: ir.Model) -> float:
        """The largest number that a float32 graph computes on the way; the graph is changed."""
        names = with_peaks(model)
        with tempfile.TemporaryDirectory() as folder:
            save(model, Path(folder), "model.onnx")
            watched = _Watched(Path(folder) / "model.onnx", names)
            self._answer(role, watched)
        return watched.largest

    def _answer(self, role: str, network: Network) -> Floats:
        try:
            return run_now(getattr(self, f"_{role}")(network))
        except ConvertError:
            raise
        except IntabError as exc:
            raise ConvertError(f"The {role} is none of Stable Diffusion's. {exc}") from exc

    async def _text_encoder(self, network: Network) -> Floats:
        ids = self._prompts.ids([PROMPT] * networks.rows_at_once(network))
        return await networks.encode_text(network, ids)

    async def _unet(self, network: Network) -> Floats:
        networks.check_unet(network, self._settings.latent_channels)
        latents = np.repeat(self._noise(), networks.rows_at_once(network), 0)
        states = np.resize(self.wanted(TEXT), (len(latents), *self.wanted(TEXT).shape[1:]))
        width = self._settings.guidance_width
        scale = None if width is None else guidance_embedding(7.5, width).repeat(len(latents), 0)
        found = [await networks.predict(network, latents, t, states, scale) for t in TIMES]
        return np.concatenate(found)

    async def _vae_decoder(self, network: Network) -> Floats:
        latents = self._noise() / np.float32(self._settings.scaling_factor)
        return await networks.decode(network, latents)

    async def _vae_encoder(self, network: Network) -> Floats:
        pixels = np.clip(self.wanted(DECODER), -1, 1)
        return await networks.encode(network, pixels, self._noise())

    def _noise(self) -> Floats:
        """Seeded latents [1, channels, height, width] of a picture of the model's own size."""
        shape = (1, self._settings.latent_channels, *self._settings.sample_size)
        return np.random.default_rng(SEED).standard_normal(shape, np.float32)


class _Watched(NativeNetwork):
    """A graph with the largest number of what each node makes among its outputs."""

    def __init__(self, path: Path, peaks: Sequence[str]) -> None:
        super().__init__(path)
        self._peaks, self.largest = peaks, 0.0

    async def run(
        self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> Arrays:
        """The same, having seen the peaks."""
        found = await super().run(feeds, [*(outputs or ()), *self._peaks])
        peaks = (float(found.pop(name)) for name in self._peaks)
        self.largest = max([self.largest, *(peak for peak in peaks if peak < MASK)])
        return found


def draw(graphs: Mapping[str, Path], texts: Mapping[str, str]) -> Floats:
    """The picture [1, height, width, 3] from 0 to 1 that graphs make by the engine's own loop."""
    return run_now(_draw(graphs, texts))


async def _draw(graphs: Mapping[str, Path], texts: Mapping[str, str]) -> Floats:
    async def opens(_: str, path: Any) -> Network:
        return NativeNetwork(path)

    async def bring(package: str) -> None:
        """Nothing: no picture is made of the numbers."""

    held: HeldGraphs[Any] = HeldGraphs(dict[str, Any](graphs), opens, in_turns=True)
    whole = Texts(make_tokenizer({}, {}), {}, {}, {}, find_templates({}, {}), texts)
    pipeline = DiffusionPipeline("text-to-image", TEXT_TO_IMAGE, held, whole)
    pipeline.bring = bring
    options = {"num_inference_steps": STEPS, "seed": SEED, "output_type": "np"}
    found: Floats = (await pipeline(PROMPT, **options)).images
    return found
