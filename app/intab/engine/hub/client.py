"""A Hugging Face compatible hub: its token, its mirrors, its answers, its lists of files.

A branch moves. So it is asked once which commit a revision stands for, and all of a model's files
come from that one. https://huggingface.co/docs/hub/api
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Generic
from urllib.parse import urljoin

from intab.engine.hub.locate import Location, Repository
from intab.engine.io.protocols import B, Fetch, Reply, Services
from intab.engine.io.retry import RetryPolicy
from intab.engine.io.small_files import get_answer, get_json
from intab.engine.io.untrusted import file_name, hex_digits, load_json, shown, text, whole
from intab.errors import (
    DownloadError,
    ManifestError,
    ModelNotFoundError,
    PolicyError,
    TemporaryError,
)

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
MOST_PAGES = 100  # of a listing; the hub has 1,000 files on one
_NEXT = re.compile(r'<([^>]*)>[^,]*\brel="?next"?')


class HubFetch(Generic[B]):
    """Asks a hub, with the token, and its mirrors, without; says what a refusal means."""

    def __init__(self, fetch: Fetch[B], repository: Repository) -> None:
        self._fetch = fetch
        self._repository = repository
        self._turn = 0  # of the endpoint that answered last

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> Reply[B]:
        """Ask the endpoint that answered last; if it cannot be reached, each of the others."""
        endpoints = self._repository.endpoints
        path = address.removeprefix(endpoints[0] + "/")
        last = self._turn + len(endpoints) - 1
        for turn in range(self._turn, last):
            try:
                reply = await self._ask(turn % len(endpoints), path, span, method)
            except (TemporaryError, PolicyError):
                continue
            if reply.status < 500:
                return reply
            await reply.close()
        return await self._ask(last % len(endpoints), path, span, method)

    async def listing(self, address: str) -> list[str] | None:
        """None: a hub has a listing of its own."""
        return None

    async def _ask(self, turn: int, path: str, span: str, method: str) -> Reply[B]:
        endpoint = self._repository.endpoints[turn]
        token = "" if turn else self._repository.token
        reply = await self._fetch.request(f"{endpoint}/{path}", span, method, token)
        if reply.status in (401, 403):
            await reply.close()
            raise _refusal(endpoint, self._repository.id, token)
        if reply.status < 500:
            self._turn = turn
        return reply


def _refusal(endpoint: str, name: str, token: str) -> DownloadError:
    if token:
        return DownloadError(
            f"{endpoint} refused the token: it is wrong, has expired, or its owner has no access "
            f"to {name}; ask for that at {endpoint}/{name}, or give another token."
        )
    return DownloadError(
        f"{endpoint} does not show {name}: the model is private or gated, or there is none. Give a "
        f"token of someone who has access: intab.load({name!r}, token=...)."
    )


def reach(services: Services[B], location: Location) -> Services[B]:
    """The means to get a model from where it is."""
    if location.repository is None:
        return services
    return replace(services, fetch=HubFetch(services.fetch, location.repository))


async def pin(
    services: Services[Any], location: Location, retry_policy: RetryPolicy | None = None
) -> Location:
    """The location at the commit that its revision stands for now, if the hub tells."""
    repository = location.repository
    if repository is None:
        return location
    if _COMMIT.fullmatch(repository.revision):
        return location.at(repository.revision)
    data = await get_json(services, repository.description, retry_policy) or {}
    told = _COMMIT.fullmatch(str(data.get("sha")))
    return location.at(told[0]) if told else location


async def list_files(
    services: Services[Any],
    repository: Repository,
    revision: str,
    retry_policy: RetryPolicy | None = None,
) -> list[dict[str, Any]]:
    """The hub's entries of all files: `path`, `size`, and `lfs` with the sha256 of large ones."""
    address = repository.listing(revision)
    entries: list[dict[str, Any]] = []
    seen: set[str] = set()
    while address:
        if address in seen:
            raise ManifestError(f"{address} is a listing that never ends: is it a hub?")
        if len(seen) == MOST_PAGES:
            raise ManifestError(
                f"The file listing of {repository.id} has over {MOST_PAGES} pages: is it a hub, "
                "and one model's repository?"
            )
        seen.add(address)
        page, address = await _read_page(services, repository, address, retry_policy)
        entries += page
    return entries


async def _read_page(
    services: Services[Any], repository: Repository, address: str, retry_policy: RetryPolicy | None
) -> tuple[list[dict[str, Any]], str]:
    """The files of one page of a listing, and the address of the next page or ""."""
    answer = await get_answer(services, address, retry_policy)
    if answer is None:
        raise _unknown(repository)
    body, headers = answer
    entries = _parse_listing(body.text(), address)
    link = _NEXT.search(headers.get("link", ""))
    return entries, _next_page(repository, urljoin(address, link[1])) if link else ""


def _parse_listing(json: str, address: str) -> list[dict[str, Any]]:
    try:
        entries = load_json(json)
        if not isinstance(entries, list):
            raise ValueError(f"it is no list but {shown(entries)}")  # noqa: TRY301, TRY004
        return list(filter(None, map(_file_entry, entries)))
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise ManifestError(
            f"{address} did not answer with a file listing ({exc}): is it a hub?"
        ) from exc


def _file_entry(entry: Any) -> dict[str, Any] | None:
    """A file's path, size and `lfs`, judged; None for a folder, and for a name that no folder of a
    model can have: then nothing asks for it either."""
    if text(entry["type"]) != "file":
        return None
    path, large = text(entry["path"]), entry.get("lfs")
    found = {"path": path, "size": whole(entry["size"])}
    if large:
        found["lfs"] = {"size": whole(large["size"]), "oid": hex_digits(large["oid"])}
    try:
        file_name(path)
    except ValueError:
        return None
    return found


def _next_page(repository: Repository, address: str) -> str:
    """A mirror names itself there; any host but it and the hub must not be asked."""
    for endpoint in repository.endpoints:
        if address.startswith(endpoint + "/"):
            return repository.endpoints[0] + address.removeprefix(endpoint)
    raise ManifestError(
        f"The file listing of {repository.id} goes on at {address}, which is not the hub: is "
        "something on the way changing its answers?"
    )


def _unknown(repository: Repository) -> ModelNotFoundError:
    hint = "; a private model is shown only to those who give a token (intab.load(..., token=...))"
    return ModelNotFoundError(
        f"The hub knows no {repository.id}@{repository.revision}: check the id and the revision"
        f"{'' if repository.token else hint}."
    )
