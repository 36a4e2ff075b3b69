"""Every form of graph in a real browser gives the ids that numpy gives, on wasm and on WebGPU.

And what a network runs through does not stay: the caches of earlier steps and earlier streams.
"""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from intab.engine.text.tokenizer import Tokenizer
from tests.browser.conftest import Stock, folder_of
from tests.browser.memory import Held, WorkerMemory
from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor
from tests.conftest import ROOT
from tests.engine.conftest import byte_tokenizer_json
from tests.engine.support import session_contract
from tests.support.graphs import FORMS, Form, reference, write_model

TOKENIZER = Tokenizer(byte_tokenizer_json())
PROMPT = TOKENIZER.encode("Hello")
EXTERNAL = "external data"
HALVES = [name for name in FORMS if name.startswith("fp16")]
FULL = [name for name in FORMS if name not in HALVES]


@pytest.fixture(scope="module")
def address(forms: list[str], stock: Stock, served: str) -> str:
    """The site with a model folder for each form."""
    write_model(stock(folder_of(EXTERNAL)), Form(), external_data=True)
    return served


@pytest.fixture
def on(on_wasm: Visitor, on_webgpu: Visitor) -> dict[str, Visitor]:
    return {"wasm": on_wasm, "webgpu": on_webgpu}


def generating(name: str, device: str) -> str:
    """A program that prints where the model ran and the 12 ids that follow "Hello"."""
    return f"""
        import intab, json
        model = await intab.load({folder_of(name)!r}, device={device!r})
        answer = await model.generate("Hello", max_new_tokens=12)
        print(json.dumps([model.device, answer.ids]))
    """


@pytest.mark.parametrize("name", [*FORMS, EXTERNAL])
def test_a_form_of_graph_on_wasm(on_wasm: Visitor, name: str) -> None:
    device, ids = printed_json(on_wasm, generating(name, "wasm"))
    assert device.startswith("wasm")
    assert ids == reference(PROMPT, 12, FORMS.get(name, Form()))


@pytest.mark.parametrize("name", [*FULL, EXTERNAL])
def test_a_form_of_graph_on_webgpu(on_webgpu: Visitor, name: str) -> None:
    device, ids = printed_json(on_webgpu, generating(name, "webgpu"))
    assert device == "webgpu"
    assert ids == reference(PROMPT, 12, FORMS.get(name, Form()))


@pytest.mark.parametrize("name", HALVES)
def test_a_gpu_without_halves_says_so(on_webgpu: Visitor, name: str) -> None:
    """The software adapter has no shader-f16; the page stays usable."""
    on_webgpu.run(generating(name, "webgpu"), state="error")
    expect(on_webgpu.status).to_contain_text("f16")


@pytest.mark.parametrize("device", ["wasm", "webgpu"])
def test_two_streams_token_by_token(on: dict[str, Visitor], device: str) -> None:
    ids = printed_json(
        on[device],
        f"""
        import intab, json
        model = await intab.load("decomposed", device={device!r})
        streams = [model.stream(prompt, max_new_tokens=6) for prompt in ("Hello", "abc")]
        ids = [[], []]
        for _ in range(6):
            for kept, stream in zip(ids, streams):
                if chunk := await anext(stream, None):
                    kept.extend(chunk.ids)
        print(json.dumps(ids))
        """,
    )
    assert ids == [reference(TOKENIZER.encode(prompt), 6) for prompt in ("Hello", "abc")]


@pytest.mark.parametrize("device", ["wasm", "webgpu"])
def test_generations_at_once(on: dict[str, Visitor], device: str) -> None:
    """onnxruntime-web runs one at a time; models and streams queue by themselves."""
    ids = printed_json(
        on[device],
        f"""
        import asyncio, intab, json
        load = lambda name: intab.load(name, device={device!r})
        one, two = await asyncio.gather(load("decomposed"), load("merged-decoder"))
        calls = [model.generate(prompt, max_new_tokens=6)
                 for model in (one, two) for prompt in ("Hello", "abc")]
        print(json.dumps([answer.ids for answer in await asyncio.gather(*calls)]))
        """,
    )
    assert ids == [reference(TOKENIZER.encode(prompt), 6) for prompt in ("Hello", "abc")] * 2


CONTRACT = (ROOT / "tests/engine/support/session_contract.py").read_text("utf-8")
KEEPING = """
import intab, json
from intab.browser.ffi import js_worker

done = []
for name in {names!r}:
    model = await intab.load(name, device={device!r})
    for check in CONTRACT:
        await check(model._decoder)
        done.append([name, check.__name__])
    await model.close()
print(json.dumps([done, js_worker().liveTensors()]))
"""


@pytest.mark.parametrize("device", ["wasm", "webgpu"])
def test_sessions_keep_their_contract_and_leave_no_tensor(
    on: dict[str, Visitor], device: str
) -> None:
    names = [folder_of(name) for name in (FULL if device == "webgpu" else FORMS)]
    program = CONTRACT + KEEPING.format(names=names, device=device)
    done, live = printed_json(on[device], program)
    checks = [check.__name__ for check in session_contract.CONTRACT]
    assert done == [[name, check] for name in names for check in checks]
    assert live == 0


STEPS = 300
BEGIN = """
    import intab, sys
    model = await intab.load("default")
    sys.stream = model.stream("Once", do_sample=False, max_new_tokens=400, eos_token_id=[])
"""
ADVANCE = """
    import sys
    for _ in range({count}):
        await anext(sys.stream)
"""
CLOSE = "import sys\nawait sys.stream.aclose()\ndel sys.stream"
SHORT = """
    import intab
    model = await intab.load("default")
    for _ in range(100):
        await model.generate("Once", do_sample=False, max_new_tokens=5, eos_token_id=[])
"""


@pytest.fixture(scope="module")
def memory(on_wasm: Visitor) -> WorkerMemory:
    return WorkerMemory(on_wasm.page)


def cache_bytes() -> int:
    """What a token takes in the default model's cache: a key and a value a layer, in float32."""
    config = json.loads((ROOT / "models/default/config.json").read_text("utf-8"))
    heads = config["num_key_value_heads"] * config["head_dim"]
    return int(2 * config["num_hidden_layers"] * heads * 4)


def held_after(visitor: Visitor, memory: WorkerMemory, program: str) -> Held:
    visitor.run(program)
    return memory.held()


def test_a_long_stream_holds_one_cache_and_gives_it_back(
    on_wasm: Visitor, memory: WorkerMemory
) -> None:
    on_wasm.run(BEGIN)
    first = held_after(on_wasm, memory, ADVANCE.format(count=10))
    assert first.wasm > 0
    last = held_after(on_wasm, memory, ADVANCE.format(count=STEPS))
    every_step_s_cache = cache_bytes() * sum(range(10, STEPS + 10))
    # One cache is a 150th of that; a quarter leaves room for onnxruntime's own growing by chunks.
    assert last.total - first.total < every_step_s_cache / 4
    closed = held_after(on_wasm, memory, CLOSE)
    assert closed.buffers <= first.buffers


def test_many_short_generations_leave_nothing(on_wasm: Visitor, memory: WorkerMemory) -> None:
    before = held_after(on_wasm, memory, SHORT)
    after = held_after(on_wasm, memory, SHORT)
    assert before.wasm == after.wasm > 0
    # If each left its cache, it would be that of 500 tokens.
    assert after.buffers - before.buffers < 50 * cache_bytes()
