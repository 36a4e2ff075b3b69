"""A GPU that computes many ids otherwise than few is found out before anybody asks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from intab.engine.hub.locate import locate
from intab.engine.hub.manifest import EXPANDING, LongTest, Manifest, SelfTest
from intab.engine.loading.load import load_model
from intab.engine.loading.model_files import read_texts
from intab.engine.model import Texts
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.decoder import Decoder
from intab.engine.runtime.graphs import DecoderGraphs
from intab.engine.tasks import webgpu_checks as webgpu
from intab.engine.tasks.webgpu_checks import PIECES, check_bounds, check_many, made_pieces
from intab.engine.types import Logits
from intab.errors import DeviceError, RunError
from tests.engine.conftest import CONFIG, FakeRuntime, byte_tokenizer_json, model_files
from tests.engine.support.fakes import FakeBody
from tests.engine.support.networks import ToyNetwork, ToySession

LONG = {**CONFIG, "max_position_embeddings": 128}


class TiledSession(ToySession):
    """Computes a step with 32 ids and more as if the first were not there."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        logits = await super().step(ids, rows)
        assert isinstance(self.network, GpuNetwork)
        if len(ids[0]) >= self.network.tile:
            self.ids = [row[1:] for row in self.ids]
            return await super().step([[]], rows)
        return logits


class GpuNetwork(ToyNetwork):
    """Wrong for steps with `tile` ids and more."""

    device = "webgpu"

    def __init__(self, tile: int = 1000) -> None:
        super().__init__()
        self.tile = tile

    def session(self, padding: Sequence[int] = (0,)) -> ToySession:
        return TiledSession(self, padding, [[] for _ in padding])


def texts(config: dict[str, Any] = LONG) -> Texts:
    return read_texts({"tokenizer.json": FakeBody(byte_tokenizer_json().encode())}, config)


def manifest(test: SelfTest | None = None, options: dict[str, str] | None = None) -> Manifest:
    return Manifest({}, {"model": {"q4": ("q4.onnx",), "q8": ("q8.onnx",)}}, options or {}, test)


async def recorded() -> LongTest:
    """What a network that is right says after two pieces, and then."""
    pieces = tuple(tuple(range(n)) for n in PIECES)
    session, best = ToyNetwork().session(), list[int]()
    for ids in pieces:
        best.append(int((await session.step([ids]))[0, -1].argmax()))
    for _ in range(2):
        best.append(int((await session.step([best[-1:]]))[0, -1].argmax()))
    return LongTest(pieces, {"q4": tuple(best)})


def steps(network: ToyNetwork) -> list[list[int]]:
    """The sizes of each session's steps."""
    return [[len(ids[0]) for ids in session.steps] for session in network.sessions]


async def test_many_ids_and_few_must_agree() -> None:
    network = GpuNetwork()
    await check_many(network, manifest(), "q4", texts())
    assert steps(network) == [[40, 33, 1], [16, 16, 8, 16, 16, 1, 1]]
    assert all(session.closed for session in network.sessions)


@pytest.mark.parametrize(("tile", "count"), [(32, 40), (40, 40), (17, 40)])
async def test_a_step_of_many_that_is_wrong_is_found(tile: int, count: int) -> None:
    network = GpuNetwork(tile)
    with pytest.raises(DeviceError, match=f"webgpu gives other logits for {count} ids in one step"):
        await check_many(network, manifest(), "q4", texts())
    assert all(session.closed for session in network.sessions)


async def test_so_is_one_with_numbers_that_are_none() -> None:
    class Nothing(GpuNetwork):
        def session(self, padding: Sequence[int] = (0,)) -> ToySession:
            session = super().session(padding)
            session.step = nothing  # type: ignore[method-assign]
            return session

    async def nothing(ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        return np.full((1, rows, 9), np.nan, np.float32)

    with pytest.raises(DeviceError, match="it computes something else"):
        await check_many(Nothing(), manifest(), "q4", texts())


async def test_where_ids_are_recorded_they_are_what_must_follow() -> None:
    test = SelfTest((1,), {}, await recorded())
    network = GpuNetwork()
    await check_many(network, manifest(test), "q4", texts())
    assert steps(network) == [[40, 33, 1, 1], [16, 16, 8, 16, 16, 1, 1, 1]]
    assert all(session.closed for session in network.sessions)
    assert test.long
    for place in range(4):
        best = list(test.long.greedy_ids["q4"])
        best[place] = (best[place] + 1) % 257
        other = LongTest(test.long.pieces, {"q4": tuple(best)})
        with pytest.raises(DeviceError, match=f"the token .* where {best[place]} is right"):
            await check_many(network, manifest(SelfTest((1,), {}, other)), "q4", texts())


async def test_they_are_compared_too() -> None:
    test = SelfTest((1,), {}, await recorded())
    with pytest.raises(DeviceError, match="gives other logits for 40 ids"):
        await check_many(GpuNetwork(32), manifest(test), "q4", texts())


async def test_int8_must_answer_as_recorded() -> None:
    long = await recorded()
    network = GpuNetwork()
    both = LongTest(long.pieces, {"q8": long.greedy_ids["q4"]})
    await check_many(network, manifest(SelfTest((1,), {}, both)), "q8", texts())
    assert steps(network) == [[40, 33, 1, 1], []]


async def test_a_dtype_without_recorded_ids_is_compared() -> None:
    test = SelfTest((1,), {}, LongTest(((1, 2), (3,)), {"q4f16": (1, 2)}))
    with pytest.raises(DeviceError, match="gives other logits"):
        await check_many(GpuNetwork(32), manifest(test), "q4", texts())


async def test_int8_has_a_scale_for_each_step_and_is_not_compared() -> None:
    network = GpuNetwork(32)
    await check_many(network, manifest(), "q8", texts())
    assert not network.sessions
    with pytest.raises(DeviceError, match="gives other logits"):
        await check_many(network, manifest(options=EXPANDING), "q8", texts())


async def test_a_run_that_fails_is_the_device_s_fault() -> None:
    network = GpuNetwork()
    network.session = failing  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match=r"does not run on webgpu .out of memory."):
        await check_many(network, manifest(), "q4", texts())


def failing(padding: Sequence[int] = (0,)) -> ToySession:
    session = GpuNetwork().session()

    async def step(ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        raise RunError("out of memory")

    session.step = step  # type: ignore[method-assign]
    return session


@pytest.mark.parametrize(
    ("most", "counts"),
    [(None, [40, 33, 1]), (64, [40, 23, 1]), (41, [40, 1]), (8, [7, 1]), (1, [1])],
)
def test_made_ids_fit_the_context_and_the_vocabulary(most: int | None, counts: list[int]) -> None:
    found = made_pieces(texts({**CONFIG, "max_position_embeddings": most}))
    assert [len(piece) for piece in found] == counts
    assert all(0 <= token < 257 for piece in found for token in piece)


class TwoDevices(FakeRuntime):
    """Its WebGPU is wrong for many ids, its wasm right."""

    async def open_decoder(self, graphs: DecoderGraphs[FakeBody], device: str) -> Decoder:
        await super().open_decoder(graphs, device)
        return GpuNetwork(32) if device == "webgpu" else ToyNetwork()


def folder(**config: Any) -> dict[str, bytes | Exception]:
    return model_files(**{"onnx/model_q4.onnx": b"q4", "config.json": {**LONG, **config}})


async def test_the_next_device_is_taken_and_the_reason_told() -> None:
    model = await load_model(locate("tiny", "models"), TwoDevices(folder()))
    assert (model.dtype, model.device) == ("q8", "toy")
    assert "not q4 on webgpu: webgpu gives other logits for 40 ids in one step" in model.reason
    with pytest.raises(DeviceError, match="40 ids in one step"):
        await load_model(locate("tiny", "models"), TwoDevices(folder()), device="webgpu")


async def test_wasm_is_not_asked_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webgpu, "PIECES", ())  # would fail
    assert (await load_model(locate("tiny", "models"), TwoDevices(folder()), device="wasm")).dtype


@pytest.mark.parametrize(
    "config", [{"attn_logit_softcapping": 30.0, "model_type": "other"}, {"model_type": "gemma2"}]
)
async def test_bounded_scores_are_left_to_wasm_where_nothing_would_tell(
    config: dict[str, Any],
) -> None:
    runtime = TwoDevices(folder(**config))
    model = await load_model(locate("tiny", "models"), runtime)
    assert model.dtype == "q8"
    assert "not q4 on webgpu: webgpu may leave out what bounds" in model.reason
    assert not any("model_q4" in request for request in runtime.fetch.asked if "GET" in request)


@pytest.mark.parametrize(
    ("candidate", "test", "config"),
    [
        (Candidate("wasm", "q4", ""), None, {"attn_logit_softcapping": 50.0}),
        (Candidate("webgpu", "q4", ""), None, {"attn_logit_softcapping": None}),
        (
            Candidate("webgpu", "q4", ""),
            None,
            {"attn_logit_softcapping": 9.0, "model_type": "gemma3"},
        ),
        (
            Candidate("webgpu", "q4", ""),
            None,
            {"model_type": "gemma2", "attn_logit_softcapping": None},
        ),
        (
            Candidate("webgpu", "q4", ""),
            SelfTest((1,), {"q4": (2,)}),
            {"attn_logit_softcapping": 50.0},
        ),
    ],
)
def test_others_are_not(
    candidate: Candidate, test: SelfTest | None, config: dict[str, Any]
) -> None:
    check_bounds(candidate, manifest(test), config)
