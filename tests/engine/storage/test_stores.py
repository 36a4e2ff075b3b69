"""One store of several: chosen by name, and never two that are half filled."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from intab.engine.hub.locate import locate
from intab.engine.io.protocols import Notice
from intab.engine.loading.loader import Loader
from intab.engine.storage.storage import Storage
from intab.engine.storage.stores import Stores
from intab.errors import OptionError, StorageError
from tests.engine.conftest import FakeRuntime, model_files
from tests.engine.support.fakes import FakeBody, FakeFetch, FakeStore, fake_means


class Place:
    """A browser with three stores, one of which it lacks; it may refuse others."""

    def __init__(self, *refused: str) -> None:
        broken = {"lacking", *refused}
        self.kinds = {
            kind: FakeStore(broken=kind in broken) for kind in ("cache", "opfs", "lacking")
        }
        self.stores = self.visit()

    def visit(self) -> Stores[FakeBody]:
        kinds = {name: partial(self.kinds.__getitem__, name) for name in self.kinds}
        self.stores = Stores(kinds)
        return self.stores

    def held(self, kind: str) -> list[str]:
        return sorted(self.kinds[kind].bodies)


async def fill(stores: Stores[FakeBody], *keys: str) -> None:
    for key in keys:
        await stores.put(key, FakeBody(key.encode()))


async def test_it_is_a_store_and_the_first_kind_is_used() -> None:
    place = Place()
    await fill(place.stores, "a")
    assert (place.held("cache"), place.held("opfs")) == (["a"], [])


async def test_what_another_store_holds_is_moved() -> None:
    place = Place()
    await fill(place.stores, "a", "b")
    place.stores.use("opfs")
    assert sorted(await place.stores.keys()) == ["a", "b"]
    assert (place.held("cache"), place.held("opfs")) == ([], ["a", "b"])
    body = await place.stores.match("b")
    assert body is not None
    assert body.data == b"b"
    place.stores.use("cache")
    await place.stores.delete("a")
    assert (place.held("cache"), place.held("opfs")) == (["b"], [])


async def test_what_both_hold_is_not_put_again() -> None:
    place = Place()
    for kind in ("cache", "opfs"):
        place.kinds[kind].bodies["a"] = FakeBody(kind.encode())
    place.stores.use("opfs")
    body = await place.stores.match("a")
    assert body is not None
    assert body.data == b"opfs"
    assert place.held("cache") == []


async def test_a_move_that_was_broken_off_is_ended_later() -> None:
    place = Place()
    await fill(place.stores, "a", "b", "c")
    place.kinds["opfs"].full = 2
    place.stores.use("opfs")
    for _ in range(2):
        with pytest.raises(StorageError, match="quota"):
            await place.stores.keys()
    assert sorted([*place.held("cache"), *place.held("opfs")]) == ["a", "b", "c"]
    place.kinds["opfs"].full = None
    place.visit().use("opfs")
    assert sorted(await place.stores.keys()) == ["a", "b", "c"]


async def test_where_a_store_refuses_the_next_one_serves() -> None:
    place = Place("cache")
    await fill(place.stores, "a")
    assert (place.held("cache"), place.held("opfs")) == ([], ["a"])
    assert await place.visit().keys() == ["a"]


async def test_where_the_chosen_one_refuses_nothing_is_lost() -> None:
    place = Place()
    await fill(place.stores, "a")
    place.stores.use("lacking")
    await fill(place.stores, "b")
    assert (place.held("cache"), place.held("lacking")) == (["a", "b"], [])


async def test_what_the_next_one_holds_already_is_moved_together() -> None:
    place = Place()
    place.kinds["opfs"].bodies["b"] = FakeBody(b"b")
    await fill(place.stores, "a")
    place.stores.use("lacking")
    assert sorted(await place.stores.keys()) == ["a", "b"]
    assert (place.held("cache"), place.held("opfs")) == (["a", "b"], [])


async def test_a_store_that_is_full_is_not_left() -> None:
    place = Place()
    place.kinds["cache"].full = 1
    await fill(place.stores, "a")
    with pytest.raises(StorageError, match="quota"):
        await fill(place.stores, "b")
    assert (place.held("cache"), place.held("opfs")) == (["a"], [])


async def test_where_all_refuse_the_chosen_one_says_why() -> None:
    place = Place("cache", "opfs")
    with pytest.raises(StorageError, match="no store here"):
        await place.stores.keys()


async def test_a_model_is_loaded_into_memory_then_and_that_is_said() -> None:
    place, runtime = Place("cache", "opfs"), FakeRuntime(model_files())
    files = {f"https://host/{name}": data for name, data in runtime.fetch.files.items()}
    runtime.fetch.files = files
    runtime.services = replace(runtime.services, store=place.stores)
    loader, notices = Loader(runtime, "https://host/models"), list[Notice]()
    loader.listeners.on_notice = notices.append
    assert (await loader.load("tiny")).name == "tiny"
    assert [notice.kind for notice in notices] == ["memory"]


async def test_a_name_that_is_none_names_those_there_are() -> None:
    place = Place()
    with pytest.raises(OptionError, match="no store 'disk'; there are: cache, opfs, lacking"):
        place.stores.use("disk")


async def test_storage_uses_it() -> None:
    place, services = Place(), fake_means(FakeFetch({}))
    with pytest.raises(OptionError, match="'opfs'; here is but one"):
        Storage(lambda: services, lambda spec: locate(spec, "models")).use("opfs")
    several = fake_means(FakeFetch({}))
    object.__setattr__(several, "use", place.stores.use)
    Storage(lambda: several, lambda spec: locate(spec, "models")).use("opfs")
    await fill(place.stores, "a")
    assert place.held("opfs") == ["a"]
