"""What a platform provides: a `Runtime`; the browser's and CPython's are in the outer rings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from intab.engine.io.protocols import B, Services
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.decoder import Decoder
from intab.engine.runtime.graphs import DecoderGraphs, Graph
from intab.engine.runtime.keeping import KeepingNetwork
from intab.engine.runtime.limits import Limits
from intab.engine.runtime.network import Network

if TYPE_CHECKING:
    from PIL.Image import Image

    from intab.engine.media.sound import Sound
    from intab.engine.media.sound_files import SoundFile


class Runtime(Protocol[B]):
    """What a platform provides to load and run models."""

    @property
    def services(self) -> Services[B]:
        """Where files come from, where they are kept."""

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices it can run on, the default one first."""

    async def objection(self, candidate: Candidate) -> str:
        """Why it should not be tried, "" if nothing is known against it."""

    def limits(self, device: str) -> Limits:
        """What `device` can hold."""

    async def prepare(self, device: str) -> None:
        """Fetch and start whatever `device` needs, while the model is on its way."""

    def identity(self, device: str) -> str:
        """What computes on `device`, once that is prepared, so exactly that what it was once seen
        to compute it computes again; "" if that cannot be told."""

    async def data_files(self, graph: B) -> list[str]:
        """The names of the files that a graph says its weights are in, as they stand there; none
        if it is no ONNX graph, which `open` says."""

    async def open(self, graph: Graph[B], device: str) -> Network:
        """Make a network; DeviceError if that cannot be."""

    async def open_decoder(self, graphs: DecoderGraphs[B], device: str) -> Decoder:
        """Make a decoder, by `open_planned`; DeviceError or UnsupportedModelError if that cannot
        be."""

    async def open_keeping(self, graph: Graph[B], device: str) -> KeepingNetwork:
        """Make a network whose outputs may stay where they are; DeviceError if that cannot be."""

    async def read_picture(self, source: Any) -> Image:
        """A picture of whatever a user has, upright; PromptError for what is none, DeviceError if
        Pillow is missing."""

    async def read_file(self, path: str) -> bytes:
        """A file that a user names; PromptError if it cannot be read."""

    async def decode_sound(self, data: bytes, file: SoundFile) -> Sound:
        """The sound of a file that is no WAV, at its own rate if that is known; PromptError if it
        cannot be decoded, DeviceError if nothing here decodes sound."""

    def remark(self, device: str, *, int8: bool) -> str:
        """What is to be said of how `device` was prepared, "" for nothing; `int8`: for a graph
        whose products are of int8."""

    async def bring(self, package: str) -> None:
        """Make a package that not all need ready to be imported, if it is not; DeviceError if it
        should be there and cannot be had."""

    def peak_memory(self) -> int | None:
        """The most bytes that were in use so far; None if that cannot be told."""
