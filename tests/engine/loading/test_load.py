"""Loading over fakes: the order of things, and one sentence for everything that is wrong."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

import pytest

from intab.engine.generation.metrics import Stopwatch
from intab.engine.hub.locate import locate
from intab.engine.io.protocols import Progress
from intab.engine.loading.load import load_model
from intab.engine.loading.loader import Loader
from intab.engine.model import Model
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits
from intab.errors import (
    DeviceError,
    DownloadError,
    ManifestError,
    ModelNotFoundError,
    RunError,
    UnsupportedModelError,
)
from tests.engine.conftest import CONFIG, FakeRuntime, byte_tokenizer_json, model_files
from tests.engine.support.networks import FakeNetwork, FakeSession, make_plan


async def load(runtime: FakeRuntime, **options: Any) -> Model:
    return await load_model(locate("tiny", "models"), runtime, **options)


def manifest(**entries: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "files": {"onnx/model_quantized.onnx": {"size": 5, **entries}},
        "dtypes": {"q8": ["onnx/model_quantized.onnx"]},
        "session_options": {"a.b": "1"},
    }


async def test_a_folder_becomes_a_model() -> None:
    runtime = FakeRuntime(model_files(), script=[])
    model = await load(runtime)
    assert (model.name, model.dtype, model.context_length) == ("tiny", "q8", 64)
    assert runtime.prepared == ["wasm"]
    assert (await model.generate("x")).finish_reason == "eos"


async def test_progress_counts_to_the_manifest_s_bytes() -> None:
    seen: list[Progress] = []
    await load(FakeRuntime(model_files(**{"intab.json": manifest()})), on_progress=seen.append)
    assert [p.stage for p in seen if p.stage != "download"] == ["describe", "start", "warm up"]
    loaded = [p.loaded for p in seen if p.stage == "download"]
    assert loaded == sorted(loaded)
    assert all(p.loaded <= p.total for p in seen)


async def test_session_options_reach_the_runtime() -> None:
    runtime = FakeRuntime(model_files(**{"intab.json": manifest()}))
    await load(runtime)
    assert runtime.opened[0].session_options == {"a.b": "1"}


async def test_external_data_is_named_as_in_the_graph() -> None:
    graph = b"weights in model_quantized.onnx_data\n./more/w%20.bin"
    files = {"onnx/model_quantized.onnx": graph, "onnx/model_quantized.onnx_data": b"weights"}
    runtime = FakeRuntime(model_files(**files, **{"onnx/more/w%20.bin": b"more"}))
    await load(runtime)
    data = runtime.opened[0].external_data
    assert {name: body.data for name, body in data.items()} == {
        "model_quantized.onnx_data": b"weights",
        "more/w%20.bin": b"more",
    }


async def test_a_nested_text_config_is_read() -> None:
    config = {**CONFIG, "text_config": {"max_position_embeddings": 32}}
    model = await load(FakeRuntime(model_files(**{"config.json": config})))
    assert model.context_length == 32


@pytest.mark.parametrize(
    ("files", "error", "says"),
    [
        ({"config.json": None}, ModelNotFoundError, "models/tiny/config.json"),
        ({"config.json": "not json"}, ManifestError, "config.json is not valid JSON"),
        ({"config.json": "<!doctype html>"}, ManifestError, "web page"),
        ({"config.json": "[]"}, ManifestError, "must hold a JSON object, not list"),
        ({"tokenizer.json": None}, ModelNotFoundError, "tokenizer.json"),
        ({"tokenizer.json": "{}"}, ManifestError, "tokenizer.json cannot be read"),
        ({"generation_config.json": "x"}, ManifestError, "generation_config.json is not valid"),
        ({"onnx/model_quantized.onnx": None}, ModelNotFoundError, "export the model to ONNX"),
        ({"onnx/model_quantized.onnx": DownloadError("cut off")}, DownloadError, "cut off"),
        ({"intab.json": "{"}, ManifestError, "intab.json is not valid JSON"),
        ({"intab.json": {"format": 1, "fils": {}}}, ManifestError, "unknown key 'fils'"),
        ({"intab.json": manifest(size=9)}, DownloadError, "has 5 bytes, the manifest says 9"),
        ({"intab.json": manifest(sha256="00")}, DownloadError, "is damaged"),
        (
            {"config.json": {**CONFIG, "is_encoder_decoder": True}},
            UnsupportedModelError,
            "encoder-decoder",
        ),
        (
            {"config.json": {**CONFIG, "architectures": ["BertForMaskedLM"]}},
            UnsupportedModelError,
            "its architecture is BertForMaskedLM",
        ),
    ],
)
async def test_what_is_wrong_is_one_sentence(
    files: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        await load(FakeRuntime(model_files(**files)))


async def test_a_right_hash_passes() -> None:
    digest = hashlib.sha256(b"graph").hexdigest()
    await load(FakeRuntime(model_files(**{"intab.json": manifest(sha256=digest)})))


async def test_devices_and_dtypes_that_are_not_there() -> None:
    with pytest.raises(DeviceError, match="no device 'tpu' here; this runtime has: wasm, webgpu"):
        await load(FakeRuntime(model_files()), device="tpu")
    with pytest.raises(DeviceError, match="no dtype 'q4'; it has: q8"):
        await load(FakeRuntime(model_files()), dtype="q4")


async def test_a_model_that_does_not_run_on_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an fp16 graph on a GPU without f16: it loads, and fails when it first computes."""

    async def fail(self: FakeSession, ids: list[int]) -> None:
        raise RunError("the device does not support f16")

    monkeypatch.setattr(FakeSession, "step", fail)
    with pytest.raises(
        DeviceError, match=r"does not run on fake \(the device does not support f16"
    ):
        await load(FakeRuntime(model_files()))


async def test_a_tokenizer_of_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.engine.support.networks.VOCABULARY", 100)
    monkeypatch.setattr("tests.engine.support.networks.EOS", 99)
    monkeypatch.setattr("tests.engine.conftest.EOS", 99)
    with pytest.raises(ManifestError, match="256 tokens, the graph only 100 logits"):
        await load(FakeRuntime(model_files()))


async def test_a_token_that_was_added_for_a_larger_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Gemma 3's for images, which its smallest models have no logits for."""
    monkeypatch.setattr("tests.engine.support.networks.VOCABULARY", 256)
    monkeypatch.setattr("tests.engine.support.networks.EOS", 255)
    monkeypatch.setattr("tests.engine.conftest.EOS", 255)
    assert (await load(FakeRuntime(model_files()))).name == "tiny"


class LastRowOnly(FakeSession):
    """Its graph does not tell that it gives no other row."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        if rows > 1:
            raise RunError("1 rows of logits came, not 2")
        return await super().step(ids)


class OneIdOnly(FakeSession):
    """As a GPU whose kernels for several rows fail."""

    async def step(self, ids: Sequence[Sequence[int]], rows: int = 1) -> Logits:
        if len(ids[0]) > 1:
            raise RunError("no such kernel")
        return await super().step(ids)


async def test_a_graph_that_gives_the_last_row_alone_is_not_guessed_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.engine.support.networks.FakeSession", LastRowOnly)
    monkeypatch.setattr(FakeNetwork, "plan", make_plan())
    script = Tokenizer(byte_tokenizer_json()).encode("abcabc")
    floats = {"onnx/model_quantized.onnx": None, "onnx/model.onnx": b"graph"}
    runtime = FakeRuntime(model_files(**floats), script)
    answer = await (await load(runtime)).generate("abcabc")  # a guess would fail
    assert answer.text == "abcabc"


async def test_a_device_that_cannot_take_several_ids_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.engine.support.networks.FakeSession", OneIdOnly)
    monkeypatch.setattr(FakeNetwork, "plan", make_plan())
    with pytest.raises(DeviceError, match=r"does not run on fake .no such kernel"):
        await load(FakeRuntime(model_files()))


async def test_the_same_name_is_the_same_model() -> None:
    runtime = FakeRuntime(model_files())
    loader = Loader(runtime, "models")
    one, two = await asyncio.gather(loader.load("tiny"), loader.load("tiny"))
    assert one is two
    assert await loader.load("tiny") is one
    assert len(runtime.opened) == 1
    assert await loader.load("tiny", dtype="q8") is not one


async def test_a_closed_model_is_loaded_anew() -> None:
    loader = Loader(FakeRuntime(model_files()), "models")
    one = await loader.load("tiny")
    await one.close()
    assert await loader.load("tiny") is not one


async def test_a_model_whose_device_was_lost_is_loaded_anew() -> None:
    loader = Loader(FakeRuntime(model_files()), "models")
    one = await loader.load("tiny")
    assert await loader.load("tiny") is one
    assert isinstance(one._decoder, FakeNetwork)
    one._decoder.lost = True
    assert await loader.load("tiny") is not one


async def test_a_failed_load_is_forgotten() -> None:
    files = model_files(**{"tokenizer.json": DownloadError("cut off")})
    loader = Loader(FakeRuntime(files), "models")
    with pytest.raises(DownloadError):
        await loader.load("tiny")
    files.update(model_files())
    assert (await loader.load("tiny")).name == "tiny"


async def test_who_stops_waiting_does_not_stop_the_load() -> None:
    loader = Loader(FakeRuntime(model_files()), "models")
    waiting = asyncio.ensure_future(loader.load("tiny"))
    other = asyncio.ensure_future(loader.load("tiny"))
    await asyncio.sleep(0)
    waiting.cancel()
    assert (await other).name == "tiny"
    assert waiting.cancelled()


async def test_listeners_hear_of_every_load() -> None:
    loader = Loader(FakeRuntime(model_files()), "models")
    stages: list[str] = []
    names: list[str] = []
    loader.listeners.on_progress = lambda progress: stages.append(progress.stage)
    loader.listeners.on_loaded = lambda model: names.append(model.name)
    mine: list[str] = []
    await loader.load("tiny", on_progress=lambda progress: mine.append(progress.stage))
    await loader.load("tiny")
    assert mine == stages
    assert stages[0] == "describe"
    assert names == ["tiny", "tiny"]


async def test_a_generation_tells_how_its_model_was_loaded() -> None:
    model = await load(FakeRuntime(model_files()))
    metrics = (await model.generate("x")).metrics
    # A browser's clock may stand still for a fake's warm-up, but not while a tokenizer is read.
    assert 0 <= metrics.warm_up_time <= metrics.load_time
    assert metrics.load_time > 0
    assert metrics.peak_memory == 1000
    batch = await model.generate(["x", "y"])
    assert [answer.metrics.load_time for answer in batch] == [metrics.load_time] * 2


def test_the_stopwatch() -> None:
    times = iter([1.0, 4.0, 6.0])
    watch = Stopwatch(lambda: next(times))
    watch.heard("start")
    watch.heard("warm up")
    setting = watch.setting(None, lambda: None)
    assert (setting.load_time, setting.warm_up_time) == (5.0, 2.0)


@pytest.mark.parametrize("described", [True, False])
async def test_chat_templates_of_every_name(described: bool) -> None:
    """By a manifest that lists them; a folder that is asked has those that transformers picks."""
    files = {
        "chat_template.jinja": "D",
        "additional_chat_templates/tool_use.jinja": "T",
        "additional_chat_templates/own.jinja": "O" if described else None,
    }
    if described:
        listed: dict[str, Any] = {"onnx/model_quantized.onnx": {}, **{name: {} for name in files}}
        files["intab.json"] = {**manifest(), "files": listed}  # type: ignore[assignment]
    model = await load(FakeRuntime(model_files(**files)))
    hello = [{"role": "user", "content": "Hello"}]
    assert model.render_chat(hello) == "D"
    assert model.render_chat(hello, tools=[]) == "T"
    if described:
        assert model.render_chat(hello, chat_template="own") == "O"
