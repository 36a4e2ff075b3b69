"""What the worker of compute.html does: loads a model, then answers one prompt after the other."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from typing import Any

import js
from pyodide.ffi import create_proxy

import intab

js_channel = js.BroadcastChannel.new("bench")
loaded: list[intab.Model] = []


async def load(base: str, dtype: str) -> float:
    """Seconds until a model is ready."""
    start = time.perf_counter()
    loaded.append(await intab.load(base, device="wasm", dtype=dtype))
    return time.perf_counter() - start


async def answer(text: str, tokens: int, **options: Any) -> list[float]:
    """Seconds to the first token; tokens a second in the prompt, and after it."""
    answer = await loaded[0].generate(
        text, max_new_tokens=tokens, do_sample=False, eos_token_id=[], **options
    )
    metrics = answer.metrics
    return [metrics.time_to_first_token, metrics.prefill_rate, metrics.decode_rate]


async def write(text: str, answer: str, **options: Any) -> float:
    """Tokens a second of an answer that is given, its every token computed all the same."""
    model = loaded[0]
    before, wanted = len(model.encode(text)), model.encode(answer)

    def process(ids: list[int], logits: Any) -> Any:
        logits[wanted[len(ids) - before]] = 1e9
        return logits

    found = await model.generate(
        text,
        max_new_tokens=len(wanted),
        do_sample=False,
        eos_token_id=[],
        logits_processors=[process],
        **options,
    )
    return float(found.metrics.decode_rate)


JOBS = {job.__name__: job for job in (load, answer, write)}


async def do(text: str) -> None:
    job = json.loads(text)
    try:
        result: object = await JOBS[job.pop("do")](**job)
    except Exception:  # noqa: BLE001 - whatever it is, the bench must hear of it
        result = {"error": traceback.format_exc()}
    js_channel.postMessage(json.dumps(result))


js_channel.onmessage = create_proxy(lambda js_event: asyncio.ensure_future(do(js_event.data)))
js_channel.postMessage(json.dumps({"ready": True}))
