"""Finds the checkpoint that is to be converted: a folder, or a hub's, whose files are fetched.

    with checkpoint_of("org/name@main", Path("MODEL"), say) as folder: ...

$HF_ENDPOINT and $HF_TOKEN choose the hub and the user, as for huggingface_hub. What was fetched
lies beside the model folder until that is written: a conversion that fails costs no download.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from intab.convert.gguf.finding import is_gguf
from intab.convert.progress import Say
from intab.convert.staging import check_place, check_room
from intab.engine.hub.manifest import is_text_file
from intab.errors import ConvertError, IntabError

CHUNK = 64 * 2**20  # bytes that are asked for at once, and are in memory
_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(@[\w./-]+)?", re.ASCII)
_NEEDED = ("config.json", "tokenizer.json", "model.safetensors.index.json")


@contextmanager
def checkpoint_of(spec: str, out: Path, say: Say) -> Iterator[Path]:
    """The folder or GGUF file that `spec` names, or a folder with the hub's repository's files."""
    folder = Path(spec).expanduser()
    if folder.is_dir() or (is_gguf(folder) and folder.is_file()):
        yield folder
        return
    if folder.exists():
        raise ConvertError(f"{spec} is a file: give the folder that it lies in, or a GGUF file.")
    if not _ID.fullmatch(spec):
        raise ConvertError(
            f"{spec} is not there: give a checkpoint's folder, or a hub's id such as org/name, or "
            "a GGUF file."
        )
    check_place(out)
    fetched = out.parent / f"{out.name}.checkpoint"
    asyncio.run(_fetch(spec, fetched, say))
    yield fetched
    shutil.rmtree(fetched)


async def _fetch(spec: str, folder: Path, say: Say) -> None:
    """Fetch what a conversion reads; files that are there already stay."""
    from intab.engine.hub.client import list_files, pin, reach
    from intab.engine.hub.locate import DEFAULT_ENDPOINT, locate
    from intab.native.runtime import NativeRuntime, endpoint, token

    location = locate(spec, "", endpoint() or DEFAULT_ENDPOINT, token=token())
    services = reach(NativeRuntime().services, location)
    try:
        location = await pin(services, location)
        if location.repository is None:
            raise ConvertError(f"{spec} is no hub's id such as org/name.")
        listed = await list_files(
            services, location.repository, location.commit or location.revision
        )
    except IntabError as exc:
        raise ConvertError(f"There is no folder {spec} here, and the hub: {exc}") from exc
    wanted = choose(listed, spec)
    left = [entry for entry in wanted if not _is_there(folder, entry)]
    check_room(folder, sum(_size(entry) for entry in left))
    total, done = max(sum(map(_size, left)), 1), 0
    for entry in left:
        say(f"fetching {entry['path']}", done / total)
        await _fetch_file(services, location.file(entry["path"]), folder, entry)
        done += _size(entry)


def choose(listed: list[dict[str, Any]], spec: str) -> list[dict[str, Any]]:
    """The files that a conversion reads; ConvertError where the weights are not safetensors."""
    names = {entry["path"] for entry in listed}
    weights = {"model.safetensors"} & names or {
        name for name in names if re.fullmatch(r"model-\d+-of-\d+\.safetensors", name)
    }
    if not weights or "config.json" not in names:
        if found := sorted(name for name in names if name.lower().endswith(".gguf")):
            raise ConvertError(
                f"{spec} has GGUF files ({', '.join(found[:4])}): download one, and give its path."
            )
        there = ", ".join(sorted(names)[:8]) or "nothing"
        raise ConvertError(
            f"{spec} has no config.json with model.safetensors (there is: {there}): choose a "
            "repository with safetensors in transformers' layout."
        )
    texts = {name for name in names if name in _NEEDED or is_text_file(name)}
    wanted = weights | {name for name in texts if ".." not in name.split("/")}
    return [entry for entry in listed if entry["path"] in wanted]


def _size(entry: dict[str, Any]) -> int:
    return int((entry.get("lfs") or entry)["size"])


def _is_there(folder: Path, entry: dict[str, Any]) -> bool:
    path = folder / entry["path"]
    if not path.is_file() or path.stat().st_size != _size(entry):
        return False
    return _matches(path, entry)


def _matches(path: Path, entry: dict[str, Any]) -> bool:
    """Whether a file has the sha256 that the hub tells of large ones."""
    told = (entry.get("lfs") or {}).get("oid")
    if told is None:
        return True
    with path.open("rb") as file:
        return bool(hashlib.file_digest(file, "sha256").hexdigest() == told)


async def _fetch_file(services: Any, address: str, folder: Path, entry: dict[str, Any]) -> None:
    path, size = folder / entry["path"], _size(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            while file.tell() < size:
                file.write(await _ask(services, address, file.tell(), size))
    except IntabError as exc:
        raise ConvertError(
            f"{entry['path']} could not be fetched ({exc}): run the same command again, which "
            "goes on with the files that are there."
        ) from exc
    if part.stat().st_size != size or not _matches(part, entry):
        part.unlink()
        raise ConvertError(f"{entry['path']} came damaged from the hub: run the command again.")
    part.replace(path)


async def _ask(services: Any, address: str, start: int, size: int) -> bytes:
    """The bytes from `start` on, at most CHUNK; all of them where a server knows no Range."""
    last = min(start + CHUNK, size) - 1
    reply = await services.fetch.request(address, f"bytes={start}-{last}" if size else "")
    try:
        if reply.status not in (200, 206) or (reply.status == 200 and start):
            raise ConvertError(f"{address} answered {reply.status}")
        data: bytes = (await reply.body(lambda count: None)).bytes()
    finally:
        await reply.close()
    if not data:
        raise ConvertError(f"{address} sent nothing")
    return data
