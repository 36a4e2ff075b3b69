"""From the fastest way to run a model down to the one that works, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from intab.engine.hub.locate import locate
from intab.engine.hub.manifest import Manifest, SelfTest
from intab.engine.hub.roles import from_dtypes
from intab.engine.hub.variants import Variants, make_variants
from intab.engine.loading.load import load_model
from intab.engine.runtime.candidates import Candidate, check, first_that_works, list_candidates
from intab.engine.runtime.decoder import Decoder
from intab.engine.runtime.graphs import DecoderGraphs
from intab.engine.types import Logits
from intab.errors import DeviceError, ManifestError, RunError
from tests.engine.conftest import FakeRuntime, model_files
from tests.engine.support.fakes import FakeBody
from tests.engine.support.networks import FakeNetwork, FakeSession, ToyNetwork

BOTH = ("wasm", "webgpu")
PROMPT = (72, 101, 108)


def folder(*dtypes: str, **devices: tuple[str, ...]) -> Variants:
    graphs = from_dtypes({dtype: (f"{dtype}.onnx",) for dtype in dtypes})
    return make_variants(Manifest({}, graphs, devices=devices))


def measured(**perplexity: float) -> Variants:
    graphs = from_dtypes({dtype: (f"{dtype}.onnx",) for dtype in perplexity})
    return make_variants(Manifest({}, graphs, perplexity=perplexity))


def names(candidates: Sequence[Candidate]) -> list[str]:
    return [str(candidate) for candidate in candidates]


def test_the_gpu_comes_first_with_the_dtypes_it_is_fast_with() -> None:
    candidates = list_candidates(folder("q8", "q4", "q4f16"), BOTH, None, None)
    assert names(candidates) == ["q4f16 on webgpu", "q4 on webgpu", "q8 on wasm"]
    assert candidates[0].reason == "best on webgpu of q8, q4, q4f16"
    assert candidates[1].reason == "next best on webgpu of q8, q4, q4f16"


def test_without_such_a_dtype_or_without_webgpu_it_is_the_processor() -> None:
    assert names(list_candidates(folder("q8", "fp32"), BOTH, None, None)) == ["q8 on wasm"]
    assert names(list_candidates(folder("q8", "q4"), ("wasm",), None, None)) == ["q8 on wasm"]
    assert names(list_candidates(folder("q8", "q4"), ("cpu",), None, None)) == ["q8 on cpu"]


def test_what_was_asked_for_is_all_there_is() -> None:
    some = folder("q8", "q4", "q4f16")
    assert names(list_candidates(some, BOTH, "wasm", None)) == ["q8 on wasm"]
    assert names(list_candidates(some, BOTH, "webgpu", None)) == ["q4f16 on webgpu", "q4 on webgpu"]
    assert names(list_candidates(folder("q8"), BOTH, "webgpu", None)) == ["q8 on webgpu"]
    assert list_candidates(some, BOTH, "webgpu", "q8") == [
        Candidate("webgpu", "q8", "as asked for")
    ]
    assert list_candidates(some, BOTH, None, "q4") == [Candidate("wasm", "q4", "as asked for")]


def test_a_dtype_that_is_wrong_on_webgpu_is_not_tried_there() -> None:
    some = folder("q8", "q4", "q4f16", q4f16=("wasm",), q4=("webgpu",))
    assert names(list_candidates(some, BOTH, None, None)) == ["q4 on webgpu", "q8 on wasm"]
    assert names(list_candidates(some, BOTH, "webgpu", None)) == ["q4 on webgpu"]
    assert names(list_candidates(some, BOTH, "wasm", "q4")) == ["q4 on wasm"]
    with pytest.raises(DeviceError, match="q4f16 computes something else on webgpu: choose wasm"):
        list_candidates(some, BOTH, "webgpu", "q4f16")
    none = folder("q4", q4=("wasm",))
    assert names(list_candidates(none, BOTH, None, None)) == ["q4 on wasm"]
    with pytest.raises(DeviceError, match="None of the model's dtypes is for webgpu"):
        list_candidates(none, BOTH, "webgpu", None)


def test_a_dtype_that_loses_much_gives_way_to_a_better_one() -> None:
    some = measured(fp32=10, q8=10.1, q4=10.4, q4f16=10.6)
    candidates = list_candidates(some, BOTH, None, None)
    assert names(candidates) == ["q4 on webgpu", "q8 on wasm"]
    assert candidates[-1].reason == (
        "best on wasm of fp32, q8, q4, q4f16; not q4f16: it loses 6% of perplexity"
    )
    some = measured(fp32=10, q8=12.4, q4=11, q4f16=11)
    assert names(list_candidates(some, BOTH, None, None)) == ["fp32 on wasm"]
    [found] = list_candidates(some, BOTH, "webgpu", None)
    assert str(found) == "fp32 on webgpu"
    assert found.reason.endswith(
        "not q4f16: it loses 10% of perplexity; not q4: it loses 10% of perplexity"
    )


def test_a_better_dtype_that_does_not_fit_is_not_taken() -> None:
    some = measured(fp32=10, q8=12.4, q4=11)

    def fits(dtype: str, device: str) -> bool:
        return dtype != "fp32"

    assert names(list_candidates(some, BOTH, None, None, fits)) == ["q4 on webgpu", "q8 on wasm"]
    assert names(list_candidates(some, BOTH, "webgpu", None, fits)) == ["q4 on webgpu"]


def test_what_loses_much_is_taken_if_it_is_asked_for_or_alone() -> None:
    some = measured(fp32=10, q8=12.4)
    assert names(list_candidates(some, BOTH, None, "q8")) == ["q8 on wasm"]
    alone = make_variants(Manifest({}, from_dtypes({"q4": ("q4.onnx",)}), perplexity={"q4": 12}))
    assert names(list_candidates(alone, BOTH, None, None)) == ["q4 on webgpu", "q4 on wasm"]


def test_losses_are_against_fp32_or_the_best_there_is() -> None:
    assert measured(fp32=10, q8=12).loss("q8") == pytest.approx(0.2)
    assert measured(q8=10, q4=11).loss("q4") == pytest.approx(0.1)
    assert measured(q8=10).loss("q4") == 0


LADDER = [
    Candidate("webgpu", "q4f16", "a"),
    Candidate("webgpu", "q4", "b"),
    Candidate("wasm", "q8", "c"),
]


async def test_it_ends_at_the_first_rung_that_works() -> None:
    tried = []

    async def attempt(candidate: Candidate) -> str:
        tried.append(str(candidate))
        if candidate.dtype == "q4":
            raise DeviceError("no such kernel")
        return "network"

    runtime = FakeRuntime({})
    runtime.objections = {("webgpu", "q4f16"): "no float16"}
    found = await first_that_works(LADDER, runtime, attempt)
    assert tried == ["q4 on webgpu", "q8 on wasm"]
    assert (found.reached, found.candidate) == ("network", LADDER[2])
    assert found.reason == "c; not q4f16 on webgpu: no float16; not q4 on webgpu: no such kernel"


async def test_if_none_works_the_error_names_them_all() -> None:
    async def attempt(candidate: Candidate) -> str:
        raise DeviceError(f"{candidate.device} failed")

    with pytest.raises(DeviceError, match=r"^wasm failed; not q4f16 .* failed; not q4 .* failed$"):
        await first_that_works(LADDER, FakeRuntime({}), attempt)


async def test_what_is_no_matter_of_the_device_ends_the_climb() -> None:
    async def attempt(candidate: Candidate) -> str:
        raise ManifestError("the folder is wrong")

    with pytest.raises(ManifestError):
        await first_that_works(LADDER, FakeRuntime({}), attempt)


async def recorded() -> tuple[int, ...]:
    """What the toy says after the prompt."""
    session, new, ids = ToyNetwork().session(), list(PROMPT), []
    for _ in range(6):
        new = [int((await session.step([new]))[0, -1].argmax())]
        ids += new
    return tuple(ids)


async def test_the_recorded_ids_pass() -> None:
    network = ToyNetwork()
    await check(network, SelfTest(PROMPT, {"q8": await recorded()}), "q8")
    assert len(network.sessions[0].steps) == 4
    assert network.sessions[0].closed


async def test_nothing_recorded_is_nothing_to_check() -> None:
    network = ToyNetwork()
    await check(network, None, "q8")
    await check(network, SelfTest(PROMPT, {"q4": (1,)}), "q8")
    assert not network.sessions


async def test_other_ids_say_which() -> None:
    right = await recorded()
    for wrong in ((right[1] + 1) % 256, 999):
        network = ToyNetwork()
        with pytest.raises(DeviceError, match=rf"gives the token {right[1]} where {wrong} is"):
            await check(network, SelfTest(PROMPT, {"q8": (right[0], wrong)}), "q8")
        assert network.sessions[0].closed


class RowSession(FakeSession):
    """Gives one and the same row of logits, or fails."""

    def __init__(self, row: Sequence[float] | RunError) -> None:
        super().__init__([])
        self.row = row

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        if isinstance(self.row, RunError):
            raise self.row
        return np.array([[self.row] * rows], np.float32)


class RowNetwork(FakeNetwork):
    def __init__(self, row: Sequence[float] | RunError) -> None:
        super().__init__()
        self.row = row

    def session(self, padding: Sequence[int] = (0,)) -> FakeSession:
        return RowSession(self.row)


async def test_of_two_that_are_almost_equal_each_is_right() -> None:
    """As a dtype decides between them, so do others not."""
    network = RowNetwork([0, 0, 5, 4.8, 4.0])
    for near in (2, 3):
        await check(network, SelfTest(PROMPT, {"q8": (near,)}), "q8")
    with pytest.raises(DeviceError, match="the token 2 where 4 is right"):
        await check(network, SelfTest(PROMPT, {"q8": (4,)}), "q8")


async def test_numbers_that_are_not_finite_are_found() -> None:
    with pytest.raises(DeviceError, match="not finite"):
        await check(RowNetwork([1, float("nan")]), SelfTest(PROMPT, {"q8": (1,)}), "q8")


async def test_numbers_that_are_all_the_same_are_no_answer() -> None:
    """As of a GPU buffer that was never written to."""
    with pytest.raises(DeviceError, match="computes something else"):
        await check(RowNetwork([0, 0, 0]), SelfTest(PROMPT, {"q8": (0,)}), "q8")


async def test_a_run_that_fails_is_the_device_s_fault() -> None:
    network = RowNetwork(RunError("out of memory"))
    with pytest.raises(DeviceError, match=r"does not run on fake .out of memory."):
        await check(network, SelfTest(PROMPT, {"q8": (1,)}), "q8")


class WrongGpu(FakeRuntime):
    """Its WebGPU recites something, its wasm computes."""

    async def open_decoder(self, graphs: DecoderGraphs[FakeBody], device: str) -> Decoder:
        network = await super().open_decoder(graphs, device)
        if device != "webgpu":
            return ToyNetwork()
        assert isinstance(network, FakeNetwork)
        self.on_gpu = network
        return network


async def folder_with_a_self_test() -> dict[str, bytes | Exception]:
    graphs = {"q4": "onnx/model_q4.onnx", "q8": "onnx/model_quantized.onnx"}
    manifest = {
        "format": 1,
        "files": {name: {} for name in graphs.values()},
        "dtypes": {dtype: [name] for dtype, name in graphs.items()},
        "self_test": {"prompt_ids": PROMPT, "greedy_ids": await recorded()},
    }
    return model_files(**{"intab.json": manifest, graphs["q4"]: b"q4", graphs["q8"]: b"q8"})


async def test_a_model_is_loaded_where_its_self_test_passes() -> None:
    runtime = WrongGpu(await folder_with_a_self_test(), script=[5])
    model = await load_model(locate("tiny", "models"), runtime)
    assert (model.dtype, model.device) == ("q8", "toy")
    assert model.reason.startswith("best on wasm of q4, q8; not q4 on webgpu: fake gives the token")
    assert [graph.body.data for graph in runtime.opened] == [b"q4", b"q8"]
    assert runtime.prepared == ["webgpu", "wasm"]


async def test_what_a_device_objects_to_is_not_fetched() -> None:
    runtime = WrongGpu(await folder_with_a_self_test())
    runtime.objections = {("webgpu", "q4"): "the GPU is emulated here"}
    model = await load_model(locate("tiny", "models"), runtime)
    assert model.reason.endswith("not q4 on webgpu: the GPU is emulated here")
    assert not any("model_q4" in request for request in runtime.fetch.asked)
    assert runtime.prepared == ["wasm"]


async def test_a_network_that_fails_its_test_is_closed() -> None:
    runtime = WrongGpu(await folder_with_a_self_test(), script=[5])
    with pytest.raises(DeviceError, match="computes something else"):
        await load_model(locate("tiny", "models"), runtime, device="webgpu")
    assert runtime.on_gpu.closed


@pytest.mark.parametrize("wrong", [257, 999])
@pytest.mark.parametrize("where", ["prompt_ids", "greedy_ids"])
async def test_a_self_test_of_other_ids(wrong: int, where: str) -> None:
    """The file is wrong, not a device: no other one is tried."""
    test = {"prompt_ids": PROMPT, "greedy_ids": await recorded(), where: [*PROMPT, wrong]}
    files = await folder_with_a_self_test()
    described = json.loads(files["models/tiny/intab.json"])  # type: ignore[arg-type]
    files["models/tiny/intab.json"] = json.dumps({**described, "self_test": test}).encode()
    runtime = WrongGpu(files)
    with pytest.raises(ManifestError, match=f"the id {wrong}, and the model's are 0 to 256"):
        await load_model(locate("tiny", "models"), runtime)
    assert len(runtime.opened) == 1
    assert runtime.on_gpu.closed
