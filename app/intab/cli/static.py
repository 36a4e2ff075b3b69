"""The ASGI application of `intab serve`: one folder, read only.

Starlette's StaticFiles finds files and refuses what leaves the folder, its FileResponse does
Range. Added here: ETags made from content, pre-compressed variants, our headers, a stricter idea
of which addresses exist, and of who may be asked for: a page of another name that was made to lead
here (DNS rebinding) gets nothing. It knows nothing of ports and terminals.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import stat
from collections.abc import Sequence, Set
from functools import lru_cache
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intab.cli import headers

# Best first: content coding and the suffix of its file.
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# An encoded slash, backslash or NUL has no business inside a name.
_SUSPICIOUS = re.compile(rb"%(?:2f|5c|00)|[\\\0]", re.IGNORECASE)
LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANY_ADDRESS = "*"


def make_app(
    folder: Path,
    *,
    isolation: bool = True,
    connect: Sequence[str] = headers.HUB,
    hosts: Sequence[str] = (),
    cors: bool = False,
) -> ASGIApp:
    """`hosts` are the names and addresses it answers to besides this machine's own for itself;
    ANY_ADDRESS among them stands for every numeric one."""
    site = Starlette(routes=[Mount("/", SiteFiles(directory=folder, html=True))])
    known = for_hosts(site, (*LOOPBACK, *hosts))
    return with_headers(known, headers.security(isolation=isolation, connect=connect, cors=cors))


def for_hosts(app: ASGIApp, hosts: Sequence[str]) -> ASGIApp:
    """Answer only those who ask for one of these hosts, whatever the port."""
    names = frozenset(map(plain_host, hosts))
    shown = ", ".join(sorted(names - {ANY_ADDRESS}))
    refusal = PlainTextResponse(
        f"This server answers to {shown}: use one of these names, or start it with another: "
        "intab serve --host ADDRESS --host NAME\n",
        status_code=421,
    )

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        known = scope["type"] != "http" or is_known(Headers(scope=scope).get("host", ""), names)
        await (app if known else refusal)(scope, receive, send)

    return checked


def is_known(host: str, names: Set[str]) -> bool:
    """Whether a Host header has one of the names; numbers cannot be made to lead elsewhere."""
    name = plain_host(host)
    return name in names or (ANY_ADDRESS in names and is_address(name))


def plain_host(host: str) -> str:
    """A host without its port, in the one spelling that is compared.

    >>> [plain_host(text) for text in ("Box.lan.:8000", "[::1]:80", "0:0::1", "127.0.0.1:1")]
    ['box.lan', '::1', '::1', '127.0.0.1']
    """
    name = host.lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    return str(ipaddress.ip_address(name)) if is_address(name) else name.rstrip(".")


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def with_headers(app: ASGIApp, extra: dict[str, str]) -> ASGIApp:
    """Add headers to every answer that does not have them, from wherever it comes."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in extra.items():
                    answer.setdefault(name, value)
            await send(message)

        await app(scope, receive, send_more)

    return wrapped


class MegabyteSteps(FileResponse):
    """Wasm and model files are large; the default step is 64 KiB."""

    chunk_size = 1 << 20


class SiteFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        if not is_plain(scope):
            raise HTTPException(status_code=404)
        return await super().get_response(path, scope)

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Runs in a thread, so this is where the digest of a large file is worth making."""
        full_path, facts = super().lookup_path(path)
        if facts and stat.S_ISREG(facts.st_mode):
            digest_of(full_path, facts.st_mtime_ns, facts.st_size, facts.st_ino)
        return full_path, facts

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        request = Headers(scope=scope)
        identity = Path(full_path)
        if scope["path"].endswith("/") and identity.name != "index.html":
            raise HTTPException(status_code=404)
        coding, sent = pick_variant(identity, stat_result, request, Path(self.directory or ""))
        response = MegabyteSteps(
            sent,
            status_code=status_code,
            headers=describe(identity, stat_result, coding, scope["path"]),
            media_type=headers.media_type(identity.suffix),
            stat_result=sent.stat(),
        )
        if self.is_not_modified(response.headers, request):
            return NotModifiedResponse(response.headers)
        return response


def is_plain(scope: Scope) -> bool:
    """No hidden names, no `.` or `..`, no empty segments, nothing that hides a separator."""
    if _SUSPICIOUS.search(scope.get("raw_path") or scope["path"].encode()):
        return False
    *folders, last = scope["path"].split("/")[1:]
    return all(folders) and not any(name.startswith(".") for name in [*folders, last])


def describe(
    identity: Path, facts: os.stat_result, coding: str | None, address: str
) -> dict[str, str]:
    digest = digest_of(str(identity), facts.st_mtime_ns, facts.st_size, facts.st_ino)
    found = {
        "ETag": f'"{digest}-{coding}"' if coding else f'"{digest}"',
        "Cache-Control": headers.cache_control(address),
        "Vary": "Accept-Encoding",
    }
    return {**found, "Content-Encoding": coding} if coding else found


@lru_cache(maxsize=4096)
def digest_of(path: str, mtime_ns: int, size: int, inode: int) -> str:  # noqa: ARG001
    """By content: npm dates every file the same, so a date and a size do not tell them apart."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def pick_variant(
    identity: Path, facts: os.stat_result, request: Headers, site: Path
) -> tuple[str | None, Path]:
    """The best pre-compressed file that the client takes; a range speaks of the original."""
    if "range" not in request:
        accepted = accepted_codings(request.get("accept-encoding", ""))
        for coding, suffix in ENCODINGS:
            variant = identity.with_name(identity.name + suffix)
            if coding in accepted and is_fresh(variant, facts) and is_inside(variant, site):
                return coding, variant
    return None, identity


_REFUSED = re.compile(r"q\s*=\s*0(?:\.0*)?")


def accepted_codings(header: str) -> set[str]:
    """
    >>> sorted(accepted_codings("gzip, br;q=0, zstd;q=0.5"))
    ['gzip', 'zstd']
    """
    wishes = [wish.partition(";") for wish in header.lower().split(",")]
    return {name.strip() for name, _, weight in wishes if not _REFUSED.fullmatch(weight.strip())}


def is_fresh(variant: Path, facts: os.stat_result) -> bool:
    """A variant older than its original was made from something else."""
    try:
        found = variant.stat()
    except OSError:  # none, or a link that leads nowhere
        return False
    return stat.S_ISREG(found.st_mode) and found.st_mtime_ns >= facts.st_mtime_ns


def is_inside(variant: Path, site: Path) -> bool:
    """Whether it is the site's own, and no link to something else on this machine."""
    return variant.resolve().is_relative_to(site.resolve())
