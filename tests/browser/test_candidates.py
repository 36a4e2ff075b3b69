"""Candidates in real browsers: WebGPU in software, which must be there, and none at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from intab.engine.text.tokenizer import Tokenizer
from tests.browser.conftest import Stock, serve_command
from tests.browser.copies import altered
from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.engine.conftest import byte_tokenizer_json
from tests.support.graphs import Form, reference, write_model

PROMPT = Tokenizer(byte_tokenizer_json()).encode("Hello")
ANSWER = reference(PROMPT, 12)
GRAPH = "onnx/model.onnx"


def write_ladder(folder: Path, **greedy_ids: Any) -> None:
    """One graph in float32 that passes for several dtypes, with what each should answer."""
    write_model(folder, Form())
    manifest = {
        "format": 1,
        "files": {GRAPH: {}, "config.json": {}, "tokenizer.json": {}},
        "dtypes": {dtype: [GRAPH] for dtype in greedy_ids},
        "self_test": {"prompt_ids": PROMPT, "greedy_ids": greedy_ids},
    }
    (folder / "intab.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def address(stock: Stock, served: str) -> str:
    write_ladder(stock("right"), q4=ANSWER, fp32=ANSWER)
    write_ladder(stock("wrong"), q4f16=[1, 2], q4=ANSWER, fp32=ANSWER)
    return served


def loading(name: str, **options: str) -> str:
    return f"""
        import intab, json
        model = await intab.load({name!r}, **{options!r})
        answer = await model.generate("Hello", max_new_tokens=12)
        print(json.dumps([model.dtype, model.device, model.reason, answer.ids]))
    """


@pytest.fixture(scope="module")
def with_gpu(returning_with_gpu: Returning, address: str) -> Iterator[Visitor]:
    yield from visits(returning_with_gpu, address)


def test_webgpu_answers_as_wasm_does(with_gpu: Visitor) -> None:
    dtype, device, reason, ids = printed_json(with_gpu, loading("right", device="webgpu"))
    assert (dtype, device, reason) == ("q4", "webgpu", "best on webgpu of q4, fp32")
    assert ids == printed_json(with_gpu, loading("right", device="wasm"))[3] == ANSWER


FETCHED = """
    import js, json
    names = [entry.name.split("/")[-1] for entry in js.performance.getEntriesByType("resource")]
    print(json.dumps([name for name in names if name.endswith(".wasm")]))
"""


def test_webgpu_without_jspi_answers_the_same(
    webgpu_browser: Browser, with_gpu: Visitor, site: Path, tmp_path: Path
) -> None:
    answer = printed_json(with_gpu, loading("right", device="webgpu"))
    assert "ort-wasm-simd-threaded.jspi.wasm" in printed_json(with_gpu, FETCHED)
    without = "delete WebAssembly.Suspending;\n"
    folder = tmp_path / "site"
    altered(site, folder, "runtime-*/intab/worker.mjs", lambda text: without + text)
    write_ladder(folder / "models/right", q4=ANSWER, fp32=ANSWER)
    with serve_command(folder) as served:
        page = webgpu_browser.new_page()
        visitor = Visitor(page).open(served)
        assert printed_json(visitor, loading("right", device="webgpu")) == answer
        assert "ort-wasm-simd-threaded.asyncify.wasm" in printed_json(visitor, FETCHED)
        page.close()


def test_a_rung_that_answers_wrongly_is_left(with_gpu: Visitor) -> None:
    dtype, device, reason, ids = printed_json(with_gpu, loading("wrong", device="webgpu"))
    assert (dtype, device, ids) == ("q4", "webgpu", ANSWER)
    assert "not q4f16 on webgpu: " in reason


def test_an_emulated_gpu_is_not_chosen_unasked(with_gpu: Visitor) -> None:
    dtype, device, reason, ids = printed_json(with_gpu, loading("right"))
    assert (dtype, device.split(",")[0], ids) == ("fp32", "wasm", ANSWER)
    left = "not q4 on webgpu: the GPU is emulated here"
    assert reason == f"best on wasm of q4, fp32; {left}"
    expect(with_gpu.device).to_have_text(f"right, {dtype} on {device} ({reason})")


def test_without_a_gpu_it_is_wasm(later: Page, address: str) -> None:
    visitor = Visitor(later).open(address)
    dtype, device, _, ids = printed_json(visitor, loading("right"))
    assert (dtype, device.split(",")[0], ids) == ("fp32", "wasm", ANSWER)


LOSING = """
    import intab
    from intab.errors import RunError

    for losses in range(2):
        model = await intab.load("right", device="webgpu")
        assert (await model.generate("Hello", max_new_tokens=12)).ids == tuple({answer})
        gpu = model._decoder.network.js_network.runner.device
        seen, told = [], 3 * losses
        if not losses:
            gpu.destroy()
            await gpu.lost
        try:
            async for chunk in model.stream("Hello", max_new_tokens=12, eos_token_id=[]):
                seen += chunk.ids
                if len(seen) == told:
                    gpu.destroy()
        except RunError as exc:
            assert str(exc).startswith("The GPU was lost ("), exc
        else:
            raise AssertionError("it runs without a GPU")
        assert tuple(seen) == tuple({answer})[:len(seen)], seen  # what came stays
        assert len(seen) >= told
    model = await intab.load("right")
    print(model.device.split(",")[0], model.reason)
"""


def test_a_lost_gpu_is_met_with_a_rebuild_once(webgpu_browser: Browser, address: str) -> None:
    page = webgpu_browser.new_page()  # and a process, which is to lose its GPU
    printed = Visitor(page).open(address).run(LOSING.format(answer=ANSWER))
    wanted = "best on wasm of q4, fp32; not q4 on webgpu: the GPU was lost 2 times"
    assert printed.strip() == f"wasm {wanted}"
    page.close()
