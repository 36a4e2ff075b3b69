"""A stored model becomes a file: a tar of its folder, intab.json first, that anyone can unpack and
serve.

Bytes go from the store to the file a chunk at a time, in a browser outside Python's heap.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from intab.engine.hub.manifest import describe, parse_manifest
from intab.engine.io.file_entry import FileEntry
from intab.engine.io.progress import Tally
from intab.engine.io.protocols import B, Draft, OnProgress, Services, silent
from intab.engine.io.untrusted import file_name
from intab.engine.storage import tar
from intab.engine.storage.keys import ChunkKey, ModelKey
from intab.engine.storage.model_cache import ModelCache, open_model_cache
from intab.errors import DamagedError, StorageError

MANIFEST = "intab.json"


async def export_model(
    services: Services[B], key: ModelKey, target: Any, on_progress: OnProgress = silent
) -> Any:
    """Write a model to a file; what the platform calls that file. Its progress has the stage
    "export"."""
    async with open_model_cache(services, key, silent) as model_cache:
        files = await _stored_files(model_cache)
        draft = await services.archives.create(target)
        try:
            sizes = {name: chunks[0].size for name, chunks in files.items()}
            tally = Tally(sizes, on_progress, services.clock.now, "export")
            await _write(services, draft, model_cache, files, tally)
            return await draft.close()
        except BaseException:
            with suppress(StorageError):  # the first error is raised
                await draft.abort()
            raise


async def _stored_files(model_cache: ModelCache[B]) -> dict[str, list[ChunkKey]]:
    """The chunks of all files that are there whole; an error unless those that are needed are."""
    kept = model_cache.record.get("manifest")
    entries = parse_manifest(kept).files if kept else {}
    files = {}
    for name, entry in entries.items():
        chunks = await model_cache.select(name, entry, entry.chunk)
        if chunks and sum(chunk.span.size for chunk in chunks) == chunks[0].size:
            files[name] = chunks
    missing = [name for name in model_cache.record.get("files") or [MANIFEST] if name not in files]
    if missing:
        raise StorageError(
            f"{_name(model_cache)} is not stored whole "
            f"({', '.join(missing)} lack bytes): load it once, then export it."
        )
    return files


async def _write(
    services: Services[B],
    draft: Draft[B],
    model_cache: ModelCache[B],
    files: Mapping[str, list[ChunkKey]],
    tally: Tally,
) -> None:
    async def write(text: str) -> None:
        await draft.write(services.memory.encode(text))

    text = json.dumps(_describe(model_cache, files), indent=1) + "\n"
    folder = _folder(_name(model_cache))
    size = len(text.encode())
    await write(tar.header(f"{folder}/{MANIFEST}", size) + text + tar.padding(size))
    for name, chunks in files.items():
        size = chunks[0].size
        await write(tar.header(f"{folder}/{name}", size))
        for chunk in chunks:
            body = await model_cache.match(chunk)
            if body is None:
                raise DamagedError(f"What is stored of {name} is damaged: load the model again.")
            await draft.write(body)
            tally.arrived(name, body.size)
        await write(tar.padding(size))
    await write(tar.END)


def _name(model_cache: ModelCache[Any]) -> str:
    return str(model_cache.record.get("name") or model_cache.model.base)


def _folder(name: str) -> str:
    """The archive's folder: the model's own name, if a folder can have it."""
    last = name.partition("@")[0].rstrip("/").rpartition("/")[2]
    try:
        return file_name(last)
    except ValueError:
        return "model"


def _describe(model_cache: ModelCache[Any], files: Mapping[str, list[ChunkKey]]) -> dict[str, Any]:
    """The archive's intab.json: of all files size and hashes, and where they came from."""
    manifest = parse_manifest(model_cache.record["manifest"])
    whole = {
        role: {d: names for d, names in its.items() if files.keys() >= set(names)}
        for role, its in manifest.roles.items()
    }
    roles = {role: its for role, its in whole.items() if its}
    entries = {name: _entry(chunks) for name, chunks in files.items()}
    return {
        **describe(replace(manifest, files=entries, roles=roles)),
        "name": _name(model_cache),
        "source": {
            "address": model_cache.model.base,
            "revision": model_cache.model.revision,
            "commit": model_cache.record.get("commit", ""),
            "versions": {name: chunks[0].version for name, chunks in files.items()},
        },
    }


def _entry(chunks: list[ChunkKey]) -> FileEntry:
    first = chunks[0]
    if len(chunks) == 1:
        return FileEntry(first.size, first.digest)
    return FileEntry(first.size, first.sha256, first.span.size, tuple(c.digest for c in chunks))
