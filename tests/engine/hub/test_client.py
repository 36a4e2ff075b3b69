"""A hub's token, mirrors, refusals, commits and lists in pages, over a fake."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest

from intab.engine.hub.client import MOST_PAGES, list_files, pin, reach
from intab.engine.hub.listing import read_manifest
from intab.engine.hub.locate import locate
from intab.engine.io.protocols import Notice
from intab.engine.loading.loader import Loader
from intab.engine.storage.keys import parse_chunk_key
from intab.errors import (
    DownloadError,
    ManifestError,
    ModelNotFoundError,
    PolicyError,
    TemporaryError,
)
from tests.engine.conftest import FakeRuntime, model_files
from tests.engine.support.fakes import FakeFetch, FakeReply, fake_means

HUB, MIRROR = "https://hub", "https://mirror"
OLD, NEW = "a" * 40, "b" * 40
TOKEN = "hf_secret"  # noqa: S105


@dataclass
class FakeHub(FakeFetch):
    """Answers as files say; `private` models need the token. Remembers who was given one."""

    private: bool = False
    down: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    statuses: dict[str, int] = field(default_factory=dict)

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> FakeReply:
        if token:
            self.given.add(address.split("/")[2])
        if address.startswith(self.down):
            raise TemporaryError("unreachable")
        if self.private and token != TOKEN:
            return FakeReply(401, {})
        if status := self.statuses.get(address.split("/")[2]):
            return FakeReply(status, {})
        reply = await super().request(address, span, method)
        link = self.links.get(address)
        return replace(reply, headers={**reply.headers, "link": link}) if link else reply


def listing(*paths: str) -> bytes:
    return json.dumps([{"type": "file", "path": p, "size": 1} for p in paths]).encode()


def tree(host: str = HUB, revision: str = "main") -> str:
    return f"{host}/api/models/org/name/tree/{revision}?recursive=true"


async def manifest_of(hub: FakeHub, endpoint: Any = HUB, token: str = "") -> set[str]:
    """The files' names, as a load learns of them."""
    location = locate("org/name", "models", endpoint, token=token)
    services = reach(fake_means(hub), location)
    return set((await read_manifest(services, await pin(services, location))).files)


async def test_the_token_is_sent_to_the_hub_and_to_no_mirror() -> None:
    hub = FakeHub({tree(MIRROR): listing("x")}, down=(HUB,))
    assert await manifest_of(hub, (HUB, MIRROR), TOKEN) == {"x"}
    assert hub.given == {"hub"}


async def test_a_private_model_is_had_with_the_token_only() -> None:
    hub = FakeHub({tree(): listing("x")}, private=True)
    with pytest.raises(DownloadError, match=r"private or gated.*token=") as caught:
        await manifest_of(hub)
    assert not isinstance(caught.value, TemporaryError)
    assert await manifest_of(hub, token=TOKEN) == {"x"}


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_refused_is_not_shown(status: int) -> None:
    hub = FakeHub({}, statuses={"hub": status})
    with pytest.raises(DownloadError, match="https://hub refused the token") as caught:
        await manifest_of(hub, token=TOKEN)
    assert TOKEN not in str(caught.value)


async def test_an_unknown_model_may_be_a_private_one() -> None:
    with pytest.raises(ModelNotFoundError, match=r"knows no org/name@main.*give a token"):
        await manifest_of(FakeHub({}))
    with pytest.raises(ModelNotFoundError, match=r"check the id and the revision\.$"):
        await manifest_of(FakeHub({}), token=TOKEN)


async def test_the_next_mirror_is_asked_and_stays_the_first_to_be_asked() -> None:
    mirrors = (HUB, "https://one", MIRROR)
    files: dict[str, bytes | Exception] = {tree(MIRROR): listing("x")}
    hub = FakeHub(files, down=(HUB,), statuses={"one": 503})
    assert await manifest_of(hub, mirrors) == {"x"}
    assert [address.split("/")[2] for address in hub.asked] == ["mirror"] * len(hub.asked)


async def test_a_mirror_is_asked_where_the_page_s_policy_does_not_allow_the_hub() -> None:
    class Policy(FakeHub):
        async def request(self, address: str, *how: Any, **more: Any) -> FakeReply:
            if address.startswith(HUB + "/"):
                raise PolicyError("not allowed")
            return await super().request(address, *how, **more)

    assert await manifest_of(Policy({tree(MIRROR): listing("x")}), (HUB, MIRROR)) == {"x"}
    with pytest.raises(PolicyError, match=r"not allowed$"):
        await manifest_of(Policy({}), HUB)


async def test_no_mirror_can_be_reached() -> None:
    with pytest.raises(DownloadError, match="unreachable It was tried"):
        await manifest_of(FakeHub({}, down=(HUB, MIRROR)), (HUB, MIRROR))


@pytest.mark.parametrize(
    "link", [f"<{HUB}/next>; rel=\"next\"", "</next>; rel=next", f'<{MIRROR}/next>; rel="next"']
)  # fmt: skip
async def test_a_listing_goes_on(link: str) -> None:
    hub = FakeHub({tree(): listing("x"), f"{HUB}/next": listing("y")}, links={tree(): link})
    assert await manifest_of(hub, (HUB, MIRROR), TOKEN) == {"x", "y"}
    assert hub.given == {"hub"}


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ('<https://elsewhere/next>; rel="next"', "https://elsewhere/next, which is not the hub"),
        ('<https://hub.elsewhere/next>; rel="next"', "which is not the hub"),
        (f'<{tree()}>; rel="next"', "never ends"),
    ],
)
async def test_a_listing_that_leads_away_or_round(link: str, says: str) -> None:
    hub = FakeHub({tree(): listing("x")}, links={tree(): link})
    with pytest.raises(ManifestError, match=says):
        await manifest_of(hub, token=TOKEN)
    assert hub.given == {"hub"}
    assert len(hub.asked) == 2  # the commit and one page


async def test_a_listing_of_too_many_pages() -> None:
    pages = [tree(), *(f"{HUB}/{number}" for number in range(MOST_PAGES))]
    files: dict[str, bytes | Exception] = dict.fromkeys(pages, listing("x"))
    links = {page: f'<{then}>; rel="next"' for page, then in pairwise(pages)}
    with pytest.raises(ManifestError, match="org/name has over 100 pages"):
        await manifest_of(FakeHub(files, links=links))
    del links[pages[MOST_PAGES - 1]]
    assert await manifest_of(FakeHub(files, links=links)) == {"x"}


async def test_what_links_elsewhere_is_not_the_end() -> None:
    hub = FakeHub({tree(): listing("x")}, links={tree(): f'<{HUB}/first>; rel="prev"'})
    assert await manifest_of(hub) == {"x"}


async def test_a_commit_is_not_looked_up_and_nonsense_is_none() -> None:
    hub = FakeHub({f"{HUB}/api/models/org/name/revision/main": b'{"sha": "../x"}'})
    branch, commit = (locate(f"org/name@{r}", "models", HUB) for r in ("main", OLD))
    assert await pin(fake_means(hub), branch) == branch
    assert (await pin(fake_means(hub), commit)).commit == OLD
    assert len(hub.asked) == 1


async def test_files_are_listed_at_the_commit() -> None:
    hub = FakeHub({tree(revision=OLD): listing("x")})
    repository = locate("org/name", "models", HUB).repository
    assert repository is not None
    [entry] = await list_files(fake_means(hub), repository, OLD)
    assert entry["path"] == "x"


class Visitor:
    """Someone who loads org/name from a hub whose branch moves."""

    def __init__(self) -> None:
        self.runtime = FakeRuntime({})
        self.hub = FakeHub({})
        self.runtime.services = fake_means(self.hub, self.runtime.store)
        self.notices: list[Notice] = []

    def publish(self, commit: str, **files: Any) -> None:
        """Move main to that commit."""
        base = "models/tiny/"
        found = {k.removeprefix(base): v for k, v in model_files(**files).items()}
        self.hub.files |= {f"{HUB}/org/name/resolve/{commit}/{k}": v for k, v in found.items()}
        self.hub.files[tree(revision=commit)] = json.dumps(
            [{"type": "file", "path": k, "size": len(v)} for k, v in found.items()]  # type: ignore[arg-type]
        ).encode()
        self.hub.files[f"{HUB}/api/models/org/name/revision/main"] = json.dumps(
            {"sha": commit}
        ).encode()

    async def load(self, **options: Any) -> bytes:
        """Load as a new page does; the graph's bytes."""
        loader = Loader(self.runtime, "https://site/models", HUB)
        loader.listeners.on_notice = self.notices.append
        await loader.load("org/name", **options)
        return self.runtime.opened[-1].body.data


async def test_all_files_are_of_the_commit_that_the_branch_stands_for() -> None:
    visitor = Visitor()
    visitor.publish(OLD)
    await visitor.load()
    resolved = [address for address in visitor.hub.asked if "/resolve/" in address]
    assert resolved
    assert all(f"/resolve/{OLD}/" in address for address in resolved)
    visitor.publish(NEW, **{"onnx/model_quantized.onnx": b"newer"})
    assert await visitor.load() == b"newer"
    keys = [parse_chunk_key(text) for text in visitor.runtime.store.bodies]
    assert len({key.file for key in keys if key}) == len([key for key in keys if key])


async def test_without_the_hub_it_is_loaded_as_it_was() -> None:
    visitor = Visitor()
    visitor.publish(OLD)
    await visitor.load()
    visitor.hub.down = (HUB,)
    assert await visitor.load() == b"graph"
    assert [notice.kind for notice in visitor.notices] == ["offline"]


async def test_the_token_is_in_nothing_that_is_kept_or_told() -> None:
    visitor = Visitor()
    visitor.hub.private = True
    visitor.publish(OLD)
    await visitor.load(token=TOKEN)
    told = [*visitor.runtime.store.bodies, *visitor.hub.asked, *map(repr, visitor.notices)]
    kept = [body.data.decode() for body in visitor.runtime.store.bodies.values()]
    assert not [text for text in (*told, *kept) if TOKEN in text]


async def test_a_loader_s_token_is_for_its_own_hub() -> None:
    visitor = Visitor()
    visitor.publish(OLD)
    loader = Loader(visitor.runtime, "https://site/models", HUB)
    loader.token = TOKEN
    with pytest.raises(ModelNotFoundError):
        await loader.load("org/name", endpoint=MIRROR)
    assert visitor.hub.given == set()
    await loader.load("org/name", endpoint=(HUB, MIRROR))
    assert visitor.hub.given == {"hub"}
