"""A file that `export.py` wrote, or a tar of a folder that tells where it is from, is stored.

Nothing is stored before all of the archive was found right, so a damaged or foreign one leaves
nothing behind; nor does an import that is broken off, unless the whole process dies, and then what
is left are right chunks, which the next load or import goes on with. What was stored of the model
before is deleted when the new is whole.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

from intab.engine.hub.locate import Location
from intab.engine.hub.manifest import Manifest, describe, parse_manifest
from intab.engine.io.file_entry import FileEntry
from intab.engine.io.progress import Tally
from intab.engine.io.protocols import Archive, B, OnProgress, Services, silent
from intab.engine.io.ranges import Span, plan
from intab.engine.io.responses import LONGEST_VERSION
from intab.engine.io.small_files import parse_object
from intab.engine.io.tasks import start
from intab.engine.io.untrusted import text
from intab.engine.storage import tar
from intab.engine.storage.export import MANIFEST
from intab.engine.storage.keys import ChunkKey, ModelKey, parse_chunk_key
from intab.engine.storage.model_cache import lock_name
from intab.errors import DamagedError, ManifestError, StorageError

_LARGEST_MANIFEST = 16 * 1024 * 1024


@dataclass(frozen=True)
class _Origin:
    """Where an archived model is from: what `source` of its intab.json says."""

    address: str
    revision: str
    commit: str
    versions: dict[str, str]


@dataclass(frozen=True)
class _Part(Generic[B]):
    """A chunk in an archive; its bytes had the digest of its key."""

    key: ChunkKey
    body: B


async def import_model(
    services: Services[B], source: Any, location: Location | None, on_progress: OnProgress = silent
) -> ModelKey:
    """Store the model of an archive as the one at `location`, or else as the one it was. Its
    progress has the stages "check" and "import"."""
    archive = await services.archives.open(source)
    members, data = _read(archive)
    manifest, origin = parse_manifest(data), _origin(data)
    _check_members(manifest, members)
    key = ModelKey(origin.address, origin.revision)
    name = _name(data, origin)
    if location:
        key, name = ModelKey(location.address, location.revision), location.name
    parts: list[_Part[B]] = []
    sizes = {file: entry.size for file, entry in manifest.files.items()}
    checked, stored = (
        Tally(sizes, on_progress, services.clock.now, stage) for stage in ("check", "import")
    )
    for file, entry in manifest.files.items():
        whole = ChunkKey(
            key, file, entry.sha256, origin.versions.get(file, ""), entry.size, Span(0, 0), ""
        )
        parts += await _verified(archive, members[file], entry, whole, checked)
    record = _record(name, origin, manifest, [part.key for part in parts])
    async with services.lock(lock_name(key)):
        await _replace(services, key, parts, services.memory.encode(record), stored)
    return key


def _read(archive: Archive[B]) -> tuple[dict[str, Span], dict[str, Any]]:
    """The files' places by their names in the model's folder, and intab.json."""
    members = tar.read_members(archive)
    first = next(iter(members), "")
    folder, _, name = first.rpartition("/")
    if name != MANIFEST:
        raise ManifestError(
            f"The archive does not begin with {MANIFEST} but with {first or 'nothing'}: it was not "
            "made by intab.storage.export."
        )
    span = members.pop(first)
    if span.size > _LARGEST_MANIFEST:
        raise ManifestError(f"{MANIFEST} of the archive is too large to be one.")
    prefix = f"{folder}/" if folder else ""
    foreign = [name for name in members if not name.startswith(prefix)]
    if foreign:
        raise ManifestError(f"The archive holds more than one folder: {first} and {foreign[0]}.")
    places = {name.removeprefix(prefix): place for name, place in members.items()}
    return places, parse_object(archive.body(span).text(), MANIFEST)


def _origin(data: dict[str, Any]) -> _Origin:
    source = data.get("source")
    told = source if isinstance(source, dict) else {}
    versions = told.get("versions")
    try:
        if not isinstance(versions, dict):
            raise ValueError("versions must be an object")  # noqa: TRY301, TRY004
        address, revision, commit = (text(told.get(k)) for k in ("address", "revision", "commit"))
        judged = {text(name): text(version, LONGEST_VERSION) for name, version in versions.items()}
    except ValueError as exc:
        raise ManifestError(
            f"{MANIFEST} of the archive does not say where the model is from: it was not made by "
            "intab.storage.export. Unpack it, and load the folder."
        ) from exc
    return _Origin(address, revision, commit, judged)


def _name(data: dict[str, Any], origin: _Origin) -> str:
    try:
        return text(data.get("name")) or origin.address
    except ValueError:
        return origin.address


def _check_members(manifest: Manifest, members: dict[str, Span]) -> None:
    """ManifestError unless the archive holds just what its intab.json says, by names, sizes
    and hashes."""
    for name, entry in manifest.files.items():
        if name not in members:
            raise ManifestError(f"The archive lacks {name}: it is damaged; export it once more.")
        if entry.size != members[name].size or not (entry.sha256 or entry.chunks or not entry.size):
            raise ManifestError(
                f"{MANIFEST} of the archive does not have the size and the sha256 of {name}."
            )
    unknown = [name for name in members if name not in manifest.files]
    if unknown:
        raise ManifestError(f"The archive holds {unknown[0]}, of which {MANIFEST} knows nothing.")


async def _verified(
    archive: Archive[B], place: Span, entry: FileEntry, whole: ChunkKey, tally: Tally
) -> list[_Part[B]]:
    """A file's chunks; DamagedError if a hash is not the expected one."""
    parts = []
    for span in plan(entry.size, entry.chunk) or [Span(0, 0)]:
        body = archive.body(Span(place.start + span.start, place.start + span.end))
        digest = await body.sha256()
        _check(whole.file, digest, entry.digest_of(span))
        parts.append(_Part(replace(whole, span=span, digest=digest), body))
        tally.arrived(whole.file, body.size)
    if entry.sha256:
        digest = parts[0].key.digest if len(parts) == 1 else await archive.body(place).sha256()
        _check(whole.file, digest, entry.sha256)
    return parts


def _check(name: str, digest: str, expected: str) -> None:
    if expected and digest != expected:
        raise DamagedError(
            f"{name} in the archive is damaged (its sha256 differs from {MANIFEST}'s): "
            "copy or export it once more."
        )


def _record(name: str, origin: _Origin, manifest: Manifest, keys: Sequence[ChunkKey]) -> str:
    """The note about the model that a load would have left."""
    verified = {
        file: {
            "sha256": entry.sha256,
            "chunks": sorted(key.digest for key in keys if key.file == file),
        }
        for file, entry in manifest.files.items()
        if entry.sha256
    }
    record = {"format": 1, "name": name, "commit": origin.commit, "verified": verified}
    record |= {"manifest": describe(manifest), "files": list(manifest.files)}
    return json.dumps(record, sort_keys=True)


async def _replace(
    services: Services[B], key: ModelKey, parts: Sequence[_Part[B]], record: B, tally: Tally
) -> None:
    """Put the new beside the old, then say so, then delete the old."""
    chunks = [each for each in await services.store.keys() if _is_of(each, key)]
    new = {str(part.key): part for part in parts}
    missing = [each for each in new if each not in chunks]
    await _check_room(services, sum(new[each].key.span.size for each in missing))
    told = False

    async def tell() -> None:
        nonlocal told
        await services.store.put(key.record, record)
        told = True

    try:
        for each, part in new.items():
            if each in missing:
                await _put(services, each, part)
            tally.arrived(part.key.file, part.body.size)
        await _finish(tell())
    except BaseException:
        for each in () if told else missing:
            await services.store.delete(each)
        raise
    for each in chunks:
        if each not in new:
            await services.store.delete(each)


def _is_of(text_key: str, model: ModelKey) -> bool:
    key = parse_chunk_key(text_key)
    return key is not None and key.model == model


async def _put(services: Services[B], key: str, part: _Part[B]) -> None:
    if await part.body.sha256() != part.key.digest:
        raise DamagedError("The archive was changed while it was imported: import it once more.")
    await _finish(services.store.put(key, part.body))


async def _finish(work: Coroutine[Any, Any, None]) -> None:
    """A store cannot be stopped: a cancelled import waits, so that all it put can be deleted."""
    putting = start(work)
    try:
        await asyncio.shield(putting)
    finally:
        await asyncio.wait({putting})


async def _check_room(services: Services[Any], needed: int) -> None:
    free = (await services.store.room()).free
    if free is not None and needed > free:
        raise StorageError(
            f"The archive needs {needed:,} bytes, and there is room for {free:,}: free disk space, "
            "or delete other models with intab.storage.delete."
        )
