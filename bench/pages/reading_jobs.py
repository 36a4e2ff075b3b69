"""What the worker of reading.html does: loads a model, then makes vectors of texts."""

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
loaded: list[Any] = []


async def load(base: str) -> str:
    """Load the model; what was chosen, and why."""
    loaded.append(await intab.pipeline("sentence-similarity", base, device="wasm", dtype="q8"))
    return f"{loaded[0].dtype} on {loaded[0].device}: {loaded[0].reason}"


async def encode(texts: list[str], batch: int) -> float:
    """Seconds for all."""
    start = time.perf_counter()
    await loaded[0].encode(texts, batch_size=batch)
    return time.perf_counter() - start


async def latency(text: str, times: int) -> list[float]:
    """Milliseconds of each of several calls."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        await loaded[0].encode(text)
        found.append(1000 * (time.perf_counter() - start))
    return found


async def vector(text: str) -> list[float]:
    """What a text becomes."""
    found: list[float] = (await loaded[0].encode(text)).tolist()
    return found


async def write(text: str) -> str:
    """A token by the default model."""
    model = await intab.load("default")
    return str(await model.generate(text, max_new_tokens=1))


JOBS = {job.__name__: job for job in (load, encode, latency, vector, write)}


async def do(text: str) -> None:
    job = json.loads(text)
    try:
        result: object = await JOBS[job.pop("do")](**job)
    except Exception:  # noqa: BLE001 - whatever it is, the bench must hear of it
        result = {"error": traceback.format_exc()}
    js_channel.postMessage(json.dumps(result))


js_channel.onmessage = create_proxy(lambda js_event: asyncio.ensure_future(do(js_event.data)))
js_channel.postMessage(json.dumps({"ready": True}))
