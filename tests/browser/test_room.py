"""A cache with room, written in place in a real browser: the ids that native onnxruntime finds.

The answers cross the place where the cache is given more room.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import intab
from intab.convert.converter import Request, convert
from tests.browser.conftest import Stock
from tests.browser.copies import copy_site
from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor
from tests.convert.tiny import write_checkpoint

PROMPT = "Once upon a time there was a fox. " * 3  # 102 tokens, of 128 that there is room for
MODELS = {"llama": "fp32", "gemma2": "q4", "gpt_neox": "q8", "mistral": "q8"}
ON_WEBGPU = ("llama", "gemma2")
ON_WASM = ("llama", "gpt_neox", "mistral")
COMMON = {"max_new_tokens": 40, "eos_token_id": []}
SETTINGS = {**COMMON, "do_sample": False}
SAMPLED = {**COMMON, "top_k": 20, "temperature": 0.9, "seed": 7}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converted")
    for case, dtype in MODELS.items():
        checkpoint = write_checkpoint(folder / f"{case}-checkpoint", case)
        convert(Request(checkpoint, folder / case, (dtype,)))
    return folder


@pytest.fixture(scope="module")
def address(folders: Path, stock: Stock, served: str) -> str:
    for case in MODELS:
        copy_site(folders / case, stock(case))
    return served


def native_ids(folder: Path, settings: Mapping[str, Any] = SETTINGS) -> list[int]:
    """In a thread of its own: Playwright's event loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _native_ids(folder, settings)).result()


async def _native_ids(folder: Path, settings: Mapping[str, Any]) -> list[int]:
    model = await intab.load(str(folder))
    answer = await model.generate(PROMPT, **settings)
    await model.close()
    return list(answer.ids)


def ids_in_page(
    visitor: Visitor, case: str, device: str, settings: Mapping[str, Any] = SETTINGS
) -> list[int]:
    program = f"""
        import intab, json
        model = await intab.load({case!r}, device={device!r})
        answer = await model.generate({PROMPT!r}, **{settings!r})
        print(json.dumps([model.device.split(",")[0], answer.ids]))
        await model.close()
    """
    where, ids = printed_json(visitor, program)
    assert where == device
    return list(ids)


@pytest.mark.parametrize("case", ON_WASM)
def test_a_converted_graph_on_wasm(on_wasm: Visitor, folders: Path, case: str) -> None:
    assert ids_in_page(on_wasm, case, "wasm") == native_ids(folders / case)


@pytest.mark.parametrize("case", ON_WEBGPU)
def test_a_converted_graph_on_webgpu(on_webgpu: Visitor, folders: Path, case: str) -> None:
    assert ids_in_page(on_webgpu, case, "webgpu") == native_ids(folders / case)


def test_a_sampled_answer_on_webgpu(on_webgpu: Visitor, folders: Path) -> None:
    """Of the largest logits alone come the tokens that whole rows give natively."""
    found = ids_in_page(on_webgpu, "llama", "webgpu", SAMPLED)
    assert found == native_ids(folders / "llama", SAMPLED)


NO_ROOM = """
    import intab, json
    from intab.errors import RunError
    from pyodide.ffi import create_proxy
    model = await intab.load("llama", device="wasm")
    session, other = model._decoder.session(), model._decoder.session()
    await session.step([list(range(5, 105))])
    js_runner = model._decoder.network.js_network.runner
    part, seen = js_runner.part, []

    async def fail(*args):
        if seen:
            raise MemoryError
        js_tensor = await part(*args)
        js_tensor.dispose = create_proxy(lambda: seen.append("disposed"))
        seen.append("made")
        return js_tensor

    js_runner.part = create_proxy(fail)
    try:
        await session.step([[5] * 60])
    except RunError:
        seen.append("failed")
    del js_runner.part
    row = await session.step([[7]])
    same = await other.step([[*range(5, 105), 7]])
    print(json.dumps([seen, float(abs(row - same).max())]))
"""


def test_a_cache_that_finds_no_more_room_is_as_it_was(on_wasm: Visitor) -> None:
    *_, last = on_wasm.run(NO_ROOM).splitlines()  # Pyodide prints what is raised within a proxy
    seen, difference = json.loads(last)
    assert seen == ["made", "disposed", "failed"]
    assert difference < 1e-5
