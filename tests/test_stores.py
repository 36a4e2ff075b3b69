"""The stores that CPython has keep the contract; the folder's own errors and leftovers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from intab.engine.stores import Stores
from intab.errors import StorageError
from intab.native.fetch import MemoryBody, NativeMemory
from intab.native.folder import FolderStore, default_folder
from tests.engine.fakes import FakeMemory, FakeStore
from tests.store_contract import hold_to_contract, key


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
