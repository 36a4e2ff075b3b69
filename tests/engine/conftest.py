"""Fakes for the engine's tests, which run in CPython and, the same files, inside Pyodide."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from tokenizers import AddedToken, decoders, pre_tokenizers
from tokenizers import Tokenizer as Backend
from tokenizers.models import BPE

from intab.engine.download import OnBytes
from intab.engine.load import Graph
from intab.engine.model import Model, Texts
from intab.engine.sampling import Logits
from intab.engine.tokenizer import Tokenizer
from intab.errors import DownloadError

EOS = 256
VOCABULARY = 257
TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def byte_tokenizer_json() -> str:
    """A byte-level BPE without merges: 256 bytes and one special token, <|end|>."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Backend(BPE({token: number for number, token in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken("<|end|>", special=True)])
    return str(backend.to_str())


@dataclass(frozen=True)
class FakeBody:
    """Bytes in memory."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def text(self) -> str:
        return self.data.decode()

    async def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass
class FakeFetch:
    """Files in a dict; an exception as the value is raised. Remembers what was asked for."""

    files: dict[str, bytes | Exception]
    asked: list[str] = field(default_factory=list)

    async def get(self, address: str, on_bytes: OnBytes | None = None) -> FakeBody | None:
        self.asked.append(address)
        await asyncio.sleep(0)
        data = self.files.get(address)
        if isinstance(data, Exception):
            raise data
        if data is not None and on_bytes:
            on_bytes(len(data))
        return None if data is None else FakeBody(data)

    async def exists(self, address: str) -> bool:
        return address in self.files


class FakeSession:
    """Answers with the ids of a script, one a step; the token after the script's end is EOS."""

    def __init__(self, script: Sequence[int]) -> None:
        self.script = list(script)
        self.steps: list[list[int]] = []
        self.closed = False

    async def step(self, ids: Sequence[int]) -> Logits:
        self.steps.append(list(ids))
        await asyncio.sleep(0)
        logits = np.zeros(VOCABULARY, np.float32)
        logits[self.script.pop(0) if self.script else EOS] = 5
        return logits

    def close(self) -> None:
        self.closed = True


class FakeNetwork:
    """Hands out sessions with the same script and keeps them for the test to look at."""

    def __init__(self, script: Sequence[int] = ()) -> None:
        self.script = script
        self.sessions: list[FakeSession] = []
        self.closed = False
        self.device = "fake"

    def session(self) -> FakeSession:
        self.sessions.append(FakeSession(self.script))
        return self.sessions[-1]

    async def close(self) -> None:
        self.closed = True


class FakeRuntime:
    """Opens a FakeNetwork for whatever bytes it is given, `b"broken"` excepted."""

    def __init__(self, files: dict[str, bytes | Exception], script: Sequence[int] = ()) -> None:
        self.fetch = FakeFetch(files)
        self.devices: tuple[str, ...] = ("wasm", "webgpu")
        self.script = script
        self.prepared: list[str] = []
        self.opened: list[Graph[FakeBody]] = []

    async def prepare(self, device: str) -> None:
        self.prepared.append(device)

    async def open(self, graph: Graph[FakeBody], device: str) -> FakeNetwork:
        self.opened.append(graph)
        if graph.body.data == b"broken":
            raise DownloadError("broken")
        return FakeNetwork(self.script)


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
        texts = Texts(self.tokenizer, {**CONFIG, **config}, generation or {}, {}, TEMPLATE)
        return Model("tiny", "q8", "for the test", network, texts), network


@pytest.fixture
def make_model(tokenizer: Tokenizer) -> Maker:
    return Maker(tokenizer)
