"""How hosts tell that a file is not there: a fake server with the habits of real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.engine.support.fakes import FakeFetch, FakeReply

HTML = {"content-type": "text/html; charset=utf-8"}


def _says(status: int, text: str = "", **headers: str) -> Callable[[str], FakeReply]:
    """An answer whose text may name the path; its headers are written with underscores."""

    def answer(path: str) -> FakeReply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return FakeReply(status, named, text.format(path).encode())

    return answer


ABSENT = {
    "404": _says(404),
    "410": _says(410),
    "S3": _says(403, "<?xml version='1.0'?><Error/>", content_type="application/xml"),
    "400": _says(400, "{{}}", content_type="application/json"),
    "a page": _says(200, "<!doctype html>", content_type="text/html; charset=utf-8"),
    "xhtml": _says(200, "<html/>", content_type="application/xhtml+xml"),
    "a text": _says(200, "Not found", content_type="text/plain"),
    "a text that names it": _says(200, "Cannot GET /m/{}: no such file."),
    "a page without its type": _says(200, "\n<!doctype html><p>{}"),
    "nothing": _says(200),
}


@dataclass
class Host(FakeFetch):
    """A server whose answers about what it has not are one of ABSENT's; HEAD may be refused."""

    habit: str = "404"
    head: int = 200
    base: str = "https://host/m/"

    async def request(
        self, address: str, span: str = "", method: str = "GET", token: str = ""
    ) -> FakeReply:
        reply = await super().request(address, span, method, token)
        if method == "HEAD" and self.head != 200:
            return FakeReply(self.head, {})
        if reply.status != 404:
            return reply
        absent = ABSENT[self.habit](address.removeprefix(self.base))
        return FakeReply(absent.status, absent.headers, b"") if method == "HEAD" else absent
