"""Hashes of stored weights are made beside the network, which nobody gets before they are right."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from intab.engine.hub.locate import Location
from intab.engine.loading.load import load_model
from intab.errors import DeviceError, ModelNotFoundError
from tests.engine.conftest import FakeRuntime, model_files
from tests.engine.support.fakes import FakeBody
from tests.engine.support.networks import FakeNetwork

ADDRESS = "https://host/models/tiny/"
DATA = "onnx/model_quantized.onnx_data"
WEIGHTS = bytes(range(200))
MANIFEST = {
    "format": 1,
    "files": {
        "onnx/model_quantized.onnx": {},
        DATA: {"size": len(WEIGHTS), "sha256": hashlib.sha256(WEIGHTS).hexdigest()},
    },
    "dtypes": {"q8": ["onnx/model_quantized.onnx", DATA]},
}


class SlowBody(FakeBody):
    """Its hash comes once a network was made of it."""

    opened: asyncio.Event

    async def sha256(self) -> str:
        await self.opened.wait()
        return await super().sha256()


class Runtime(FakeRuntime):
    """Remembers the weights that it was given, and the decoders that it made."""

    def __init__(self) -> None:
        files = {"intab.json": MANIFEST, DATA: WEIGHTS}
        files["onnx/model_quantized.onnx"] = b"weights in model_quantized.onnx_data"
        super().__init__({f"https://host/{k}": v for k, v in model_files(**files).items()}, [2, 3])
        self.given: list[bytes] = []
        self.made: list[FakeNetwork] = []
        self.event = asyncio.Event()
        self.failure: Exception | None = None
        self.holds = False
        self.reached = asyncio.Event()

    async def open_decoder(self, graphs: Any, device: str) -> Any:
        [body] = graphs.graph.external_data.values()
        self.given.append(body.data)
        self.reached.set()
        if not self.holds:
            self.event.set()
        if self.failure and body.data != WEIGHTS:
            raise self.failure
        self.made.append(await super().open_decoder(graphs, device))  # type: ignore[arg-type]
        return self.made[-1]

    @property
    def stored(self) -> str:
        """The key of the stored weights."""
        [key] = [key for key in self.store.bodies if "onnx_data" in key]
        return key

    def damage(self) -> None:
        """One bit of what is stored turns, and its hash is slow."""
        body = SlowBody(bytes([WEIGHTS[0] ^ 1]) + WEIGHTS[1:])
        object.__setattr__(body, "opened", self.event)
        self.event.clear()
        self.store.bodies[self.stored] = body


async def stored_once() -> Runtime:
    runtime = Runtime()
    await load_model(Location("tiny", ADDRESS), runtime)
    runtime.given.clear()
    runtime.made.clear()
    runtime.reached.clear()
    return runtime


async def test_the_network_is_made_before_the_hash_is_there() -> None:
    runtime = await stored_once()
    body = SlowBody(WEIGHTS)
    object.__setattr__(body, "opened", runtime.event)
    runtime.event.clear()
    runtime.store.bodies[runtime.stored] = body
    await load_model(Location("tiny", ADDRESS), runtime)
    assert runtime.given == [WEIGHTS]


async def test_a_damaged_chunk_is_fetched_again_and_its_network_never_ran() -> None:
    runtime = await stored_once()
    runtime.damage()
    await load_model(Location("tiny", ADDRESS), runtime)
    wrong, right = runtime.made
    assert (wrong.closed, wrong.sessions, right.closed) == (True, [], False)
    assert runtime.given[0] != WEIGHTS == runtime.given[1]
    assert runtime.store.bodies[runtime.stored].data == WEIGHTS


async def test_where_it_cannot_be_fetched_again_the_load_ends_as_without_it() -> None:
    runtime = await stored_once()
    runtime.damage()
    del runtime.fetch.files[ADDRESS + DATA]
    with pytest.raises(ModelNotFoundError, match="There is no file at"):
        await load_model(Location("tiny", ADDRESS), runtime)
    [wrong] = runtime.made
    assert (wrong.closed, wrong.sessions) == (True, [])
    assert not [key for key in runtime.store.bodies if "onnx_data" in key]


async def test_a_network_that_fails_on_damaged_weights_is_made_of_the_right_ones() -> None:
    runtime = await stored_once()
    runtime.damage()
    runtime.failure = DeviceError("numbers that are not finite")
    await load_model(Location("tiny", ADDRESS), runtime)
    assert runtime.given[1] == WEIGHTS


async def test_a_cancelled_load_leaves_no_hash_behind() -> None:
    before = asyncio.all_tasks()  # in a browser there are others
    runtime = await stored_once()
    runtime.damage()
    runtime.holds = True
    loading = asyncio.create_task(load_model(Location("tiny", ADDRESS), runtime))
    await runtime.reached.wait()
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert asyncio.all_tasks() == before
