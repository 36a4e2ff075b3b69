"""The stores that CPython has keep the contract; the folder's own errors and leftovers."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from intab import platform
from intab.engine.hub.locate import locate
from intab.engine.io.protocols import Notice
from intab.engine.io.ranges import Span
from intab.engine.storage.keys import ChunkKey, ModelKey
from intab.engine.storage.storage import Storage
from intab.engine.storage.stores import Stores
from intab.errors import StorageError
from intab.native.bodies import MemoryBody, NativeMemory
from intab.native.folder import FolderStore, default_folder
from intab.native.runtime import NativeRuntime
from tests.engine.support.fakes import FakeMemory, FakeStore
from tests.support.store_contract import NASTY, hold_to_contract, key


async def test_the_fake() -> None:
    await hold_to_contract(FakeStore(), FakeMemory())


async def test_one_of_several() -> None:
    stores = Stores({"one": FakeStore, "two": FakeStore})
    await hold_to_contract(stores, FakeMemory())
    stores.use("two")
    await hold_to_contract(stores, FakeMemory())


async def test_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"
    await hold_to_contract(FolderStore(lambda: folder), NativeMemory())
    assert not folder.exists()  # what is empty is not left behind


async def test_a_draft_is_not_taken_for_a_body(tmp_path: Path) -> None:
    (tmp_path / "0123.draft").write_bytes(b"half")
    store = FolderStore(lambda: tmp_path)
    assert await store.keys() == []
    assert (await store.room()).used == 4


async def test_a_draft_of_yesterday_is_removed(tmp_path: Path) -> None:
    for name in ("old.draft", "new.draft", "old"):
        (tmp_path / name).write_bytes(b"half")
    for name in ("old.draft", "old"):
        os.utime(tmp_path / name, (0, 0))
    assert await FolderStore(lambda: tmp_path).keys() == ["old"]
    assert (tmp_path / "new.draft").exists()
    assert not (tmp_path / "old.draft").exists()


def inside(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


LONGEST = ChunkKey(
    ModelKey("https://huggingface.co/onnx-community/Qwen3-0.6B-ONNX/resolve/main/", "main"),
    "onnx/model_q4f16.onnx",
    *("a" * 64, f'"{"b" * 64}"', 569_000_000),
    Span(8_388_608, 16_777_216),
    "c" * 64,
)


async def test_paths_are_short_enough_for_windows(tmp_path: Path) -> None:
    """Its default is 259 characters for a file and 247 for a folder."""
    store = FolderStore(lambda: tmp_path)
    names = [*NASTY, "CON", "nul.txt", "x.", "x ", "A", "a", "ä" * 90]
    for text in [str(LONGEST), str(LONGEST.model.record), *map(key, names)]:
        await store.put(text, MemoryBody(text.encode()))
        body = await store.match(text)
        assert body is not None
        assert body.text() == text
    for path in inside(tmp_path):
        assert len(path.name) <= (57 if path.is_file() else 33)
        assert re.fullmatch(r"[0-9a-f]{8,32}-[a-z0-9._-]*[a-z0-9]", path.name)


async def test_files_under_longer_names_are_still_read_and_deleted(tmp_path: Path) -> None:
    """What an earlier version has stored: a path made of the key itself."""
    store = FolderStore(lambda: tmp_path)
    older = tmp_path / re.sub(r"([^/]{100})(?=[^/])", r"\1+/", str(LONGEST))
    older.parent.mkdir(parents=True)
    older.write_bytes(b"stored before")
    assert await store.keys() == [str(LONGEST)]
    body = await store.match(str(LONGEST))
    assert body is not None
    assert (body.size, body.text()) == (13, "stored before")
    assert (await body.sha256()).startswith("e9560e")
    await store.put(str(LONGEST), MemoryBody(b"anew"))
    assert await store.keys() == [str(LONGEST)]
    body = await store.match(str(LONGEST))
    assert body is not None
    assert body.text() == "anew"
    await store.delete(str(LONGEST))
    assert inside(tmp_path) == []


async def test_a_damaged_file_is_absent_and_removed(tmp_path: Path) -> None:
    store = FolderStore(lambda: tmp_path)
    for damage in (
        b"",
        b"x",
        b"body" + b"\xff" * 12,
        b"a\1\0\0\0intabkey",
        b"\xff" * 9 + b"intabkey",
    ):
        await store.put(key("a"), MemoryBody(b"body"))
        _, path = inside(tmp_path)
        path.write_bytes(damage)
        assert await store.match(key("a")) is None
        assert await store.keys() == []
        assert not path.exists()


async def test_what_is_not_ours_is_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "diary").write_bytes(b"mine")
    store = FolderStore(lambda: tmp_path)
    services = replace(NativeRuntime().services, store=store)
    await store.put(key("a"), MemoryBody(b"body"))
    await Storage(lambda: services, lambda spec: locate(spec, "models")).delete()
    assert inside(tmp_path) == [tmp_path / "diary"]


async def test_a_body_that_vanishes_is_an_error_of_the_store(tmp_path: Path) -> None:
    store = FolderStore(lambda: tmp_path)
    await store.put(key("a"), MemoryBody(b"body"))
    body = await store.match(key("a"))
    assert body is not None
    await store.delete(key("a"))
    for read in (body.sha256, partial(NativeMemory().hold, body)):
        with pytest.raises(StorageError, match="cannot be used"):
            await read()


def test_that_nothing_is_kept_is_said_without_a_page_too() -> None:
    platform.loader.cache_clear()
    with pytest.warns(UserWarning, match="not kept: the disk is full"):
        platform.loader().listeners.on_notice(Notice("memory", "not kept: the disk is full"))
    platform.loader.cache_clear()


async def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = FolderStore(lambda: tmp_path / "file")
    with pytest.raises(StorageError, match=r"file cannot be used .*\$INTAB_CACHE"):
        await store.put(key("a"), MemoryBody(b"x"))


def test_where_the_folder_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAB_CACHE", "/here")
    assert default_folder() == Path("/here")
    monkeypatch.delenv("INTAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/there")
    assert default_folder() == Path("/there/intab")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder() == Path("~/.cache/intab").expanduser()
