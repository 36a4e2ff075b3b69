"""Visits to a faulty server, the same in CPython and, as a program, in the page.

It needs nothing but the package; what it finds is told as data, for `wrong` to judge.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import replace
from typing import Any

from intab.engine.hub.locate import Location
from intab.engine.io.file_entry import FileEntry
from intab.engine.io.protocols import Notice, Progress, Services
from intab.engine.io.retry import RetryPolicy
from intab.engine.loading.download import Download, Pace
from intab.engine.storage.keys import ModelKey, parse_chunk_key
from intab.engine.storage.model_cache import open_model_cache
from intab.errors import IntabError

NAME = "onnx/model.onnx"
CHUNK = 16 * 1024
IMPATIENT = RetryPolicy(3, first_wait=0.01, longest_wait=0.05, stall=0.5)
PATIENT = replace(IMPATIENT, stall=30)  # a server without faults may be slow on a busy machine


Result = dict[str, Any]


async def sequence(services: Services[Any], origin: str, size: int, sha256: str, seed: int) -> Any:
    """Some visits with faults, some of them broken off, and a last one without: their results."""
    coin, results = random.Random(seed), []
    base = f"{origin}/m/{seed}/"
    for _ in range(coin.randrange(1, 4)):
        await control(services, origin, coin.randrange(10**6), coin.choice([0.1, 0.3, 0.7]))
        task = asyncio.ensure_future(visit(services, base, size, sha256))
        limit = coin.uniform(0.005, 0.1) if coin.random() < 0.4 else 60
        await asyncio.wait({task}, timeout=limit)
        task.cancel()
        await asyncio.wait({task})
        results += [] if task.cancelled() else [task.result()]
    await control(services, origin, 0, 0.0)
    return [*results, await visit(services, base, size, sha256, PATIENT)]


async def control(services: Services[Any], origin: str, seed: int, chance: float) -> None:
    """Tell the server how to go wrong from now on."""
    await (await services.fetch.request(f"{origin}/control/{seed}/{chance}")).close()


async def visit(
    services: Services[Any],
    base: str,
    size: int,
    sha256: str,
    retry_policy: RetryPolicy = IMPATIENT,
) -> Result:
    """Load the file: its sha256 or the error; whether progress was right; the store's chunks."""
    services = replace(services, retry_policy=retry_policy)
    seen: list[Progress] = []
    notices: list[Notice] = []
    result: Result = {"sha256": "", "error": "", "message": ""}
    try:
        result["sha256"] = await deliver(services, base, FileEntry(size, sha256), seen, notices)
    except IntabError as exc:
        result |= {"error": type(exc).__name__, "message": str(exc)}
    loaded = [progress.loaded for progress in seen]
    told = {"monotonic": loaded == sorted(loaded), "notices": [n.text for n in notices]}
    return {**result, **told, "stored": await stored(services, base)}


async def deliver(
    services: Services[Any],
    base: str,
    entry: FileEntry,
    seen: list[Progress],
    notices: list[Notice],
) -> str:
    """The sha256 of what was delivered."""
    async with open_model_cache(services, ModelKey(base), notices.append) as model_cache:
        told = (seen.append, notices.append, Pace(CHUNK))
        delivery = Download(services, model_cache, Location("m", base), {NAME: entry}, *told)
        body = await delivery.get(NAME)
        await model_cache.note()
    if hasattr(body, "js_body"):
        body.js_body.hashing = None  # not the one that was made on the way
    return str(await body.sha256())


async def stored(services: Services[Any], base: str) -> list[list[Any]]:
    """Each stored chunk's span, the sha256 in its key and that of its bytes."""
    found = []
    for text in await services.store.keys():
        key = parse_chunk_key(text)
        if key and key.model.base == base:
            body = await services.store.match(text)
            digest = await body.sha256() if body else "nothing"
            found.append([key.span.start, key.span.end, key.digest, digest])
    return found


def wrong(result: Result, data: bytes) -> list[str]:
    """What is wrong with a visit's result, given the file; for the test, not for the page."""
    problems = []
    right = hashlib.sha256(data).hexdigest()
    if not result["error"] and result["sha256"] != right:
        problems.append("the bytes are wrong")
    if result["error"] and not result["message"].endswith((".", "...")):
        problems.append(f"not a sentence: {result['message']}")
    if not result["monotonic"]:
        problems.append("progress went back")
    for start, end, digest, actual in result["stored"]:
        of_file = hashlib.sha256(data[start:end]).hexdigest()
        if digest != actual or (result["sha256"] and digest != of_file):
            problems.append(f"the store has wrong bytes at {start}: {actual} as {digest}")
    return problems
