"""Fakes for the engine's tests, which run in CPython and, the same files, inside Pyodide."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest
from tokenizers import AddedToken, decoders, pre_tokenizers
from tokenizers import Tokenizer as Backend
from tokenizers.models import BPE

from intab.engine.media.sound import Sound
from intab.engine.media.sound_files import SoundFile
from intab.engine.model import Model, Texts
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.decoder import Decoder
from intab.engine.runtime.graphs import DecoderGraphs, Graph
from intab.engine.runtime.keeping import KeepingNetwork
from intab.engine.runtime.limits import Limits
from intab.engine.runtime.network import Network
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import DownloadError
from tests.engine.support.fakes import FakeBody, FakeFetch, FakeStore, fake_means
from tests.engine.support.networks import EOS, FakeNetwork, ToyNetwork, make_plan

TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
SHORT = (
    "{% for m in messages %}{{ m.role[0] }}{{ m.content }}|{% endfor %}"
    "{% if add_generation_prompt %}a{% endif %}"
)


def byte_tokenizer_json() -> str:
    """A byte-level BPE without merges: 256 bytes and one special token, <|end|>."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Backend(BPE({token: number for number, token in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken("<|end|>", special=True)])
    return str(backend.to_str())


class FakeRuntime:
    """Opens a FakeNetwork as a decoder for whatever bytes it is given, `b"broken"` excepted, and as
    a network what `graphs` has for them."""

    def __init__(self, files: dict[str, bytes | Exception], script: Sequence[int] = ()) -> None:
        self.fetch = FakeFetch(files)
        self.store = FakeStore()
        self.services = fake_means(self.fetch, self.store)
        self.devices: tuple[str, ...] = ("wasm", "webgpu")
        self.script = script
        self.objections: dict[tuple[str, str], str] = {}
        self.prepared: list[str] = []
        self.remarks: dict[str, str] = {}
        self.opened: list[Graph[FakeBody]] = []
        self.graphs: dict[bytes, Network] = {}  # by the bytes of their graphs
        self.identities: dict[str, str] = {}
        self.limits_of: dict[str, Limits] = {}
        self.read: dict[str, bytes] = {}  # files that a user may name

    def limits(self, device: str) -> Limits:
        return self.limits_of.get(device, Limits())

    async def objection(self, candidate: Candidate) -> str:
        return self.objections.get((candidate.device, candidate.dtype), "")

    async def prepare(self, device: str) -> None:
        self.prepared.append(device)

    def remark(self, device: str, *, int8: bool) -> str:
        about = [device, "int8"] if int8 else [device]
        return "; ".join(self.remarks[name] for name in about if name in self.remarks)

    def identity(self, device: str) -> str:
        return self.identities.get(device, "")

    async def data_files(self, graph: FakeBody) -> list[str]:
        """What comes after "weights in ", each name in a line."""
        return graph.data.decode(errors="replace").partition("weights in ")[2].splitlines()

    async def open(self, graph: Graph[FakeBody], device: str) -> Network:
        self.opened.append(graph)
        if graph.body.data == b"broken":
            raise DownloadError("broken")
        return self.graphs[graph.body.data]

    async def open_decoder(self, graphs: DecoderGraphs[FakeBody], device: str) -> Decoder:
        self.opened.append(graphs.graph)
        if graphs.graph.body.data == b"broken":
            raise DownloadError("broken")
        return FakeNetwork(self.script)

    async def open_keeping(self, graph: Graph[FakeBody], device: str) -> KeepingNetwork:
        return cast("KeepingNetwork", await self.open(graph, device))

    async def read_picture(self, source: Any) -> Any:
        return source

    async def read_file(self, path: str) -> bytes:
        return self.read[path]

    async def decode_sound(self, data: bytes, file: SoundFile) -> Sound:
        raise NotImplementedError

    async def bring(self, package: str) -> None:
        """Everything is here."""

    def peak_memory(self) -> int | None:
        return 1000


CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "max_position_embeddings": 64,
    "eos_token_id": EOS,
}


def model_files(**changed: Any) -> dict[str, bytes | Exception]:
    """A model folder at models/tiny/; a file that is changed to None is not there."""
    files: dict[str, Any] = {
        "config.json": CONFIG,
        "tokenizer.json": byte_tokenizer_json(),
        "tokenizer_config.json": {"eos_token": "<|end|>", "chat_template": TEMPLATE},
        "onnx/model_quantized.onnx": b"graph",
    }
    files.update(changed)
    return {f"models/tiny/{k}": as_bytes(v) for k, v in files.items() if v is not None}


def as_bytes(value: Any) -> bytes | Exception:
    """A file's content: dicts become JSON."""
    if isinstance(value, (bytes, Exception)):
        return value
    return (value if isinstance(value, str) else json.dumps(value)).encode()


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer(byte_tokenizer_json())


@dataclass
class Maker:
    """Makes models over fakes: `maker("text", **config)` answers with that text, then ends."""

    tokenizer: Tokenizer

    def __call__(
        self, answer: str = "", generation: Mapping[str, Any] | None = None, **config: Any
    ) -> tuple[Model, FakeNetwork]:
        network = FakeNetwork(self.tokenizer.encode(answer))
        texts = Texts(
            self.tokenizer, {**CONFIG, **config}, generation or {}, {}, {"default": TEMPLATE}
        )
        return Model("tiny", "q8", "for the test", network, texts), network


@pytest.fixture
def make_model(tokenizer: Tokenizer) -> Maker:
    return Maker(tokenizer)


@pytest.fixture
def toy(tokenizer: Tokenizer) -> tuple[Model, ToyNetwork]:
    """A model whose answers depend on every id before them."""
    network = ToyNetwork(make_plan(all_rows=False))
    texts = Texts(tokenizer, CONFIG, {"max_new_tokens": 5}, {}, {"default": SHORT})
    return Model("toy", "q8", "for the test", network, texts), network
