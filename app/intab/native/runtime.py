"""CPython's runtime: files or HTTP, a folder to keep models in, onnxruntime on the CPU."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intab.engine.io.protocols import Services
from intab.engine.media.sound import Sound
from intab.engine.media.sound_files import SoundFile
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.graphs import DecoderGraphs, Graph
from intab.engine.runtime.limits import Limits
from intab.engine.storage.stores import Stores
from intab.errors import PromptError
from intab.native.archives import NativeArchives
from intab.native.bodies import NativeBody, NativeMemory
from intab.native.decoder import OnnxDecoder, open_decoder
from intab.native.fetch import NativeFetch
from intab.native.folder import FolderStore
from intab.native.keeping import OnnxKeeping, open_keeping
from intab.native.onnx import OnnxNetwork, open_network
from intab.native.opening import data_files
from intab.native.pictures import check_pillow, read_picture
from intab.native.sounds import decode_sound

if TYPE_CHECKING:
    from PIL.Image import Image

_HERE = Path(__file__).resolve()
# An installed package has the default model inside it; a checkout has it beside app/.
_OWN = (_HERE.parents[1] / "models", _HERE.parents[3] / "models")


class NativeRuntime:
    """Loads and runs models in CPython."""

    devices = ("cpu",)

    def __init__(self) -> None:
        stores: Stores[NativeBody] = Stores({"folder": FolderStore})
        self.services: Services[NativeBody] = Services(
            NativeFetch(),
            NativeMemory(),
            stores,
            lambda name: nullcontext(),
            NativeArchives(),
            stores.use,
        )

    async def objection(self, candidate: Candidate) -> str:
        """Nothing is known against any."""
        return ""

    def limits(self, device: str) -> Limits:
        """None but the machine's own, which swaps before it fails."""
        return Limits()

    async def prepare(self, device: str) -> None:
        """Nothing: onnxruntime is there once it is imported."""

    def remark(self, device: str, *, int8: bool) -> str:
        """Nothing: onnxruntime itself chooses its threads."""
        return ""

    def identity(self, device: str) -> str:
        """Unknown: a folder of models may be shared by processors of many kinds."""
        return ""

    async def data_files(self, graph: NativeBody) -> list[str]:
        """Read from the graph, in a thread."""
        return await asyncio.to_thread(data_files, graph)

    async def open(self, graph: Graph[NativeBody], device: str) -> OnnxNetwork:
        """Make a network."""
        return await open_network(graph)

    async def open_decoder(self, graphs: DecoderGraphs[NativeBody], device: str) -> OnnxDecoder:
        """Make a decoder."""
        return await open_decoder(graphs)

    async def open_keeping(self, graph: Graph[NativeBody], device: str) -> OnnxKeeping:
        """Make a network whose outputs may stay."""
        return await open_keeping(graph)

    async def read_picture(self, source: Any) -> Image:
        """A picture of a path, an address, bytes, an array or a PIL.Image."""
        return await read_picture(source, self.services)

    async def read_file(self, path: str) -> bytes:
        """Of this computer."""
        return await asyncio.to_thread(read_file, path)

    async def decode_sound(self, data: bytes, file: SoundFile) -> Sound:
        """By libsndfile."""
        return await asyncio.to_thread(decode_sound, data, file)

    async def bring(self, package: str) -> None:
        """What is installed is there; DeviceError says how to install Pillow if it is not."""
        if package == "pillow":
            check_pillow()

    def peak_memory(self) -> int | None:
        """The process's; None on Windows, which has no `resource`."""
        try:
            import resource
        except ImportError:
            return None
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def read_file(path: str) -> bytes:
    """All of a file; PromptError if it cannot be read."""
    try:
        return Path(path).expanduser().read_bytes()
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or str(exc)
        raise PromptError(f"The file {path} cannot be read ({why}): check its path.") from exc


def models_folder() -> str:
    """The folder of models: $INTAB_MODELS, else ./models if it has any, else the package's own."""
    if chosen := os.environ.get("INTAB_MODELS"):
        return chosen
    here = Path("models")
    return str(next(filter(_has_models, (here, *_OWN)), here))


def _has_models(folder: Path) -> bool:
    return any(folder.glob("*/config.json"))


def endpoint() -> str | None:
    """The hub's address where $HF_ENDPOINT sets one, as for huggingface_hub."""
    return os.environ.get("HF_ENDPOINT")


def token() -> str:
    """The hub's access token where $HF_TOKEN sets one, as for huggingface_hub."""
    return os.environ.get("HF_TOKEN", "")
