"""What the worker of delivery.html does: the jobs that the desk of bench/desk.py has."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from typing import Any

import js
from pyscript import window

import intab
from intab.browser.cache import BrowserStore
from intab.engine.hub.locate import Location
from intab.engine.hub.manifest import parse_manifest
from intab.engine.io.protocols import silent
from intab.engine.loading.download import Download
from intab.engine.storage.keys import ModelKey
from intab.engine.storage.model_cache import open_model_cache
from intab.platform import loader


async def plain(address: str, keep: bool = False) -> float:
    """Seconds of one fetch of the whole file; with `keep`, the Cache API then has it too."""
    start = time.perf_counter()
    js_answer = await js.fetch(address)
    js_buffer = await js_answer.arrayBuffer()
    if keep:
        await (await js.caches.open("plain")).put(address, js.Response.new(js_buffer))
    return time.perf_counter() - start


async def deliver(base: str, name: str, keep: bool = True) -> float:
    """Seconds until a file is here, checked, and stored unless it is not to be kept."""
    services = loader().services
    js_manifest = await js.fetch(base + "intab.json")
    manifest = parse_manifest(json.loads(await js_manifest.text()))
    start = time.perf_counter()
    async with open_model_cache(services, ModelKey(base), silent, keep=keep) as model_cache:
        files = {name: manifest.files[name]}
        delivery = Download(services, model_cache, Location("m", base), files, silent, silent)
        await delivery.get(name)
        seconds = time.perf_counter() - start
        await model_cache.note()
    return seconds


async def load(base: str) -> float:
    """Seconds until a model is ready."""
    start = time.perf_counter()
    await intab.load(base, device="wasm")
    return time.perf_counter() - start


async def store(kind: str, address: str, chunk: int) -> list[float]:
    """Seconds to store a file's chunks, some at a time, and to have their bytes again."""
    place = BrowserStore(kind)
    fetched = await loader().services.fetch.request(address)
    body = await fetched.body(silent)
    js_body = body.js_body
    parts = [
        type(body)(js_body.constructor.new(js_body.read(at, min(at + chunk, body.size)).slice()))
        for at in range(0, body.size, chunk)
    ]
    keys = [f"=bench/={number}" for number in range(len(parts))]
    start = time.perf_counter()
    await _in_turns(place.put(key, part) for key, part in zip(keys, parts, strict=True))
    stored = time.perf_counter()
    await _in_turns(_bytes(place, key) for key in keys)
    restored = time.perf_counter()
    await _in_turns(place.delete(key) for key in keys)
    return [stored - start, restored - stored]


async def _bytes(place: BrowserStore, key: str) -> None:
    body = await place.match(key)
    assert body
    await body.js_body.bytes()


async def _in_turns(work: Any) -> None:
    """As many at a time as a delivery has."""
    slots = asyncio.Semaphore(6)

    async def one(item: Any) -> None:
        async with slots:
            await item

    await asyncio.gather(*map(one, work))


JOBS = {job.__name__: job for job in (plain, deliver, load, store)}


async def work() -> None:
    """Say that we are ready, then do what the desk has for us."""
    desk = str(window.location.search).removeprefix("?desk=")
    result: object = "ready"
    while True:
        await js.fetch(desk, method="POST", body=json.dumps(result))
        js_answer = await js.fetch(desk)
        job = json.loads(str(await js_answer.text()))
        try:
            result = await JOBS[job.pop("do")](**job)
        except Exception:  # noqa: BLE001 - whatever it is, the bench must hear of it
            result = {"error": traceback.format_exc()}


asyncio.ensure_future(work())  # noqa: RUF006 - the page lives as long as the worker
