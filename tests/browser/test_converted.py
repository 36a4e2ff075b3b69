"""What `intab convert` makes, in a browser: each device computes what native onnxruntime does.

The software adapter has no float16, so q4f16 and fp16 are left to devices that have it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from intab.convert import forms
from intab.convert.converter import Request, convert
from intab.convert.proving import PROMPT
from intab.convert.running import Cache, Runner
from intab.engine.hub.manifest import parse_manifest
from intab.engine.hub.variants import make_variants
from intab.engine.text.tokenizer import Tokenizer
from tests.browser.conftest import Stock, serve_command
from tests.browser.copies import copy_site
from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.convert import tiny, tiny_pairs
from tests.engine.conftest import byte_tokenizer_json

COUNT = 8
DTYPES = ("fp32", "q8", "q8f32", "q4")
# A text is other ids to each family: the engine gives a Gemma's tokenizer the pieces of its class,
# which have no spaces in this vocabulary.
IDS = Tokenizer(byte_tokenizer_json()).encode(PROMPT)


@pytest.fixture(scope="module")
def folder(stocked: Path, stock: Stock, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a tiny Llama, whose q8 has the form of larger models, and a tiny Gemma 2, whose
    bounded scores are products on WebGPU too; and two encoders with their decoders."""
    checkpoints = tmp_path_factory.mktemp("checkpoint")
    checkpoint = tiny.write_checkpoint(checkpoints / "llama", "llama")
    gemma = tiny.write_checkpoint(checkpoints / "gemma2", "gemma2")
    convert(Request(gemma, stock("bounded"), ("fp32", "q4")))
    for name in ("flan", "m2m_100"):
        pair = tiny_pairs.write_checkpoint(checkpoints / name, name)
        convert(Request(pair, stock(name), ("fp32", "q8")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms, "SMALL", 0)
        convert(Request(checkpoint, stock("converted"), DTYPES))
    return stocked


@pytest.fixture(scope="module")
def on_wasm(returning: Returning, folder: Path, served: str) -> Iterator[Visitor]:
    yield from visits(returning, served)


CHOSEN = """
    import intab, json
    model = await intab.load("converted")
    print(json.dumps([model.dtype, model.reason]))
"""


def test_int8_is_taken_and_its_kernel_named(on_wasm: Visitor) -> None:
    dtype, reason = printed_json(on_wasm, CHOSEN)
    assert dtype == "q8"
    assert reason.endswith("int8 products by relaxed SIMD")


def test_int8_is_taken_without_our_kernel_too(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    """As a browser without relaxed SIMD has it."""
    copy = copy_site(folder, tmp_path / "old")
    for kernel in copy.glob("runtime-*/kernels/int8.wasm*"):
        kernel.unlink()
    with serve_command(copy) as address:
        page = browser.new_page()
        dtype, reason = printed_json(Visitor(page).open(address), CHOSEN)
        assert dtype == "q8"
        assert "int8 products by onnxruntime's own kernel (the kernel is not there (404))" in reason
        page.close()


def native(model: Path, dtype: str) -> tuple[list[int], list[float]]:
    """The ids that native onnxruntime finds, and their log-probabilities."""
    manifest = parse_manifest(json.loads((model / "intab.json").read_text()))
    runner = Runner(model / make_variants(manifest).dtypes[dtype][0], manifest.options_for(dtype))
    fed = IDS
    cache: Cache = {}
    ids, logprobs = [], []
    for _ in range(COUNT):
        logits, cache = runner.step(fed, cache, rows=1)
        row = logits[-1].astype(np.float64)
        fed = [int(row.argmax())]
        ids += fed
        logprobs.append(float(row.max() - np.log(np.exp(row).sum())))
    return ids, logprobs


def answer(visitor: Visitor, name: str, dtype: str, device: str) -> Any:
    program = f"""
        import intab, json
        model = await intab.load({name!r}, dtype={dtype!r}, device={device!r})
        answer = await model.generate(
            {IDS!r}, max_new_tokens={COUNT}, do_sample=False, eos_token_id=[], logprobs=True
        )
        device = model.device.split(",")[0]
        print(json.dumps([device, answer.ids, [one.logprob for one in answer.logprobs]]))
    """
    return printed_json(visitor, program)


@pytest.fixture(scope="module")
def with_gpu(returning_with_gpu: Returning, folder: Path, served: str) -> Iterator[Visitor]:
    yield from visits(returning_with_gpu, served)


@pytest.mark.parametrize(
    ("name", "device", "dtype", "near"),
    [
        ("converted", "wasm", "fp32", 1e-4),
        ("converted", "wasm", "q8f32", 1e-4),
        ("converted", "wasm", "q8", 0.05),  # where each processor rounds in its own way
        # Emulated, a GPU takes its exponentials less exactly.
        ("converted", "webgpu", "fp32", 2e-3),
        ("converted", "webgpu", "q8f32", 2e-3),
        # Without the bound of its scores, it would be 0.075 off in both dtypes.
        ("bounded", "wasm", "fp32", 1e-4),
        ("bounded", "webgpu", "fp32", 2e-3),
        # Native kernels round what they multiply to int8, and WebGPU's where 128 divides the
        # inputs (those of `out` here): each in its own way.
        ("bounded", "webgpu", "q4", 0.05),
    ],
)
def test_a_device_answers_as_native_onnxruntime_does(
    folder: Path, with_gpu: Visitor, name: str, device: str, dtype: str, near: float
) -> None:
    ids, logprobs = native(folder / "models" / name, dtype)
    where, found, told = answer(with_gpu, name, dtype, device)
    assert (where, found) == (device, ids)
    assert told == pytest.approx(logprobs, abs=near)


PAIRS = """
import intab, json
found = []
for folder in ("flan", "m2m_100"):
    for dtype in ("fp32", "q8"):
        pipe = await intab.pipeline("text2text-generation", PLACE + folder, dtype=dtype)
        for beams in (1, 3):
            [answer] = await pipe("a dog ran", max_new_tokens=6, num_beams=beams)
            found.append(answer["generated_text"])
        await pipe.close()
print(json.dumps(found))
"""


def test_an_encoder_with_its_decoder_writes_what_it_writes_natively(
    on_wasm: Visitor, folder: Path
) -> None:
    program = PAIRS.replace("PLACE", repr(f"{folder / 'models'}/"))
    command = f"import asyncio\nasync def main():\n{indent(program, '    ')}\nasyncio.run(main())"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)
    found = printed_json(on_wasm, PAIRS.replace("PLACE", "''"))
    assert found == json.loads(done.stdout)
