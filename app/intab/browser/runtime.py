"""The browser's runtime: its fetch, its stores, its onnxruntime-web, and where models/ lies."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyodide_js
from pyodide.ffi import JsException

from intab.browser.archives import BrowserArchives
from intab.browser.cache import KINDS, BrowserStore, lock
from intab.browser.decoder import OnnxDecoder, open_decoder
from intab.browser.fetch import BrowserFetch, BrowserMemory, JsBody
from intab.browser.ffi import js_array, js_worker, reason
from intab.browser.keeping import OnnxKeeping, open_keeping
from intab.browser.onnx import OnnxNetwork, open_network
from intab.engine.io.protocols import Services
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.graphs import DecoderGraphs, Graph
from intab.engine.runtime.limits import Limits
from intab.engine.runtime.threads import Start, candidates, parse_measured, starts
from intab.engine.storage.stores import Stores
from intab.errors import DeviceError, PromptError

if TYPE_CHECKING:
    from PIL.Image import Image

    from intab.engine.media.sound import Sound
    from intab.engine.media.sound_files import SoundFile


class BrowserRuntime:
    """Loads and runs models in a worker of the page."""

    def __init__(self) -> None:
        stores = Stores({kind: partial(BrowserStore, kind) for kind in KINDS})
        if chosen := os.environ.get("INTAB_STORE"):
            stores.use(chosen)
        self.services: Services[JsBody] = Services(
            BrowserFetch(), BrowserMemory(), stores, lock, BrowserArchives(), stores.use
        )
        self.devices: tuple[str, ...] = tuple(js_worker().devices().to_py())
        self._remarks: dict[str, str] = {}
        self._int8_remarks: dict[str, str] = {}
        self._measured = False

    async def objection(self, candidate: Candidate) -> str:
        """What the GPU's adapter tells against it."""
        if candidate.device != "webgpu":
            return ""
        return str(await js_worker().gpuObjection(candidate.dtype.endswith("16")))

    def limits(self, device: str) -> Limits:
        """What this browser can hold."""
        return Limits(**json.loads(js_worker().limits(device)))

    async def prepare(self, device: str) -> None:
        """Fetch and start onnxruntime-web for `device`, with fewer threads where many fail."""
        failures: list[str] = []
        cause: JsException | None = None
        for way in await self._starts(device):
            try:
                await js_worker().prepare(device, way.threads)
            except JsException as exc:
                cause = exc
                failures.append(f"{way.threads} threads did not start ({reason(exc)})")
            else:
                self._remarks.setdefault(device, "; ".join(failures) or way.reason)
                if device == "wasm":
                    self._int8_remarks[device] = await _int8_remark()
                return
        raise DeviceError(
            f"onnxruntime-web did not start for {device} ({reason(cause)}): reload the page."
        ) from cause

    async def _starts(self, device: str) -> list[Start]:
        """The ways to start, to be tried in turn; a GPU's processor has little to do."""
        if device != "wasm":
            return [Start(1)]
        measured = parse_measured(str(await js_worker().measuredThreads()))
        self._measured = measured.fresh
        return starts(js_worker().cores(), measured.seconds)

    def remark(self, device: str, *, int8: bool) -> str:
        """What was found about the number of threads, and which kernel computes int8 products."""
        about = [self._remarks, self._int8_remarks] if int8 else [self._remarks]
        return "; ".join(filter(None, (each.get(device, "") for each in about)))

    def identity(self, device: str) -> str:
        """The browser, the site's runtime, the threads and the int8 kernel; unknown of a GPU, whose
        driver a page is not told."""
        if device != "wasm":
            return ""
        return f"{js_worker().identity()} {self._int8_remarks.get(device, '')}"

    async def data_files(self, graph: JsBody) -> list[str]:
        """Read from the graph, whose bytes stay in JavaScript."""
        return list(json.loads(js_worker().externalFiles(graph.js_body)))

    async def open(self, graph: Graph[JsBody], device: str) -> OnnxNetwork:
        """Make a network; once one computes in WebAssembly, its threads are worth measuring."""
        network = await open_network(graph, device)
        self._measure_threads(device)
        return network

    async def open_decoder(self, graphs: DecoderGraphs[JsBody], device: str) -> OnnxDecoder:
        """Make a decoder, likewise."""
        decoder = await open_decoder(graphs, device)
        self._measure_threads(device)
        return decoder

    async def open_keeping(self, graph: Graph[JsBody], device: str) -> OnnxKeeping:
        """Make a network whose outputs may stay, likewise."""
        network = await open_keeping(graph, device)
        self._measure_threads(device)
        return network

    async def read_file(self, path: str) -> bytes:
        """Of the interpreter's own file system, into which a page or a program puts files."""
        return _read(path)

    async def decode_sound(self, data: bytes, file: SoundFile) -> Sound:
        """By the browser."""
        from intab.browser.sounds import decode_sound

        return await decode_sound(data, file)

    def _measure_threads(self, device: str) -> None:
        if device == "wasm" and not self._measured:
            js_worker().measureThreads(js_array(candidates(js_worker().cores())))
            self._measured = True

    async def read_picture(self, source: Any) -> Image:
        """A picture of an address, bytes, an array, a PIL.Image, or of JavaScript's."""
        from intab.browser.pictures import read_picture

        return await read_picture(source, self.services, page_address())

    async def bring(self, package: str) -> None:
        """Load the wheel beside the interpreter, once."""
        try:
            await pyodide_js.loadPackage(package)
        except JsException as exc:
            raise DeviceError(
                f"{package} is not to be had from this site ({reason(exc)}): put its wheel beside "
                "the interpreter and its name into pyodide-lock.json, or use CPython."
            ) from exc

    def peak_memory(self) -> int | None:
        """WebAssembly's, which never shrinks: Python's heap and onnxruntime's."""
        peak = js_worker().peakMemory(pyodide_js)
        return None if peak is None else int(peak)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or str(exc)
        raise PromptError(
            f"The file {path} cannot be read ({why}): programs of a page have a file system of "
            "their own, so write it there or pass its bytes."
        ) from exc


async def _int8_remark() -> str:
    """Which kernel computes int8 products."""
    objection = await js_worker().int8Objection()
    by = f"onnxruntime's own kernel ({objection})" if objection else "relaxed SIMD"
    return f"int8 products by {by}"


def models_address() -> str:
    """The address of the models/ folder of the site that serves us."""
    return str(js_worker().root) + "models/"


def page_address() -> str | None:
    """The address of the page that has this worker, None where that has not told it."""
    return os.environ.get("INTAB_PAGE")
