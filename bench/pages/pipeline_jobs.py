"""What the worker of pipeline.html does: loads a model, then makes vectors of texts, a text of
sounds, also of long ones, or a text of another."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections.abc import AsyncGenerator
from typing import Any

import js
import numpy as np
from pyodide.ffi import create_proxy
from pyodide.http import pyfetch

import intab

js_channel = js.BroadcastChannel.new("bench")
loaded: list[Any] = []
streams: list[Any] = []


async def load(base: str, task: str = "sentence-similarity", dtype: str = "q8") -> str:
    """Load the model; what was chosen, and why."""
    loaded.append(await intab.pipeline(task, base, device="wasm", dtype=dtype))
    return f"{loaded[0].dtype} on {loaded[0].device}: {loaded[0].reason}"


async def listen(sound: str, rate: int) -> tuple[float, str]:
    """Seconds that a sound took, and what it says; the sound is float32 at an address."""
    samples = np.frombuffer(await (await pyfetch(sound)).bytes(), np.float32)
    start = time.perf_counter()
    found = await loaded[0](
        {"array": samples, "sampling_rate": rate}, generate_kwargs={"num_beams": 1}
    )
    return time.perf_counter() - start, found["text"]


async def begin(sound: str, rate: int, minutes: int, *, live: bool) -> None:
    """Begin to write down that much of a sound, again and again: as one, or in half seconds."""
    samples = np.frombuffer(await (await pyfetch(sound)).bytes(), np.float32)
    length = minutes * 60 * rate
    given = blocks(samples, length, rate // 2) if live else np.resize(samples, length)
    streams.append(loaded[0].stream(given, return_timestamps=True, num_beams=1))


async def blocks(
    samples: np.ndarray[Any, Any], length: int, size: int
) -> AsyncGenerator[np.ndarray[Any, Any]]:
    """So much of a sound, again and again, in blocks."""
    for at in range(0, length, size):
        yield samples.take(range(at, at + size), mode="wrap")


async def go_on(minutes: int) -> int:
    """Write down until so much was heard; the letters so far."""
    letters = 0
    async for so_far in streams[0]:
        letters = len(so_far.text)
        if so_far.heard >= minutes * 60:
            break
    return letters


async def collect() -> None:
    """Collect JavaScript's garbage, all of it: a visit by --js-flags=--expose-gc."""
    js.gc(js.JSON.parse('{"type": "major", "execution": "sync", "flavor": "last-resort"}'))


async def rewrite(text: str, tokens: int, beams: int) -> tuple[float, str]:
    """Seconds that a text of so many tokens took, and the text."""
    start = time.perf_counter()
    [found] = await loaded[0](text, max_new_tokens=tokens, min_new_tokens=tokens, num_beams=beams)
    return time.perf_counter() - start, found["summary_text"]


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


JOBS = {
    job.__name__: job
    for job in (load, listen, begin, go_on, collect, rewrite, encode, latency, vector, write)
}


async def do(text: str) -> None:
    job = json.loads(text)
    try:
        result: object = await JOBS[job.pop("do")](**job)
    except Exception:  # noqa: BLE001 - whatever it is, the bench must hear of it
        result = {"error": traceback.format_exc()}
    js_channel.postMessage(json.dumps(result))


js_channel.onmessage = create_proxy(lambda js_event: asyncio.ensure_future(do(js_event.data)))
js_channel.postMessage(json.dumps({"ready": True}))
