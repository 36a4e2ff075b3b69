"""Whether a file exists is told by the server, or is an error: never a guess."""

from __future__ import annotations

import pytest

from intab.engine.io.protocols import Services
from intab.engine.io.small_files import exists
from intab.errors import DownloadError, TemporaryError
from tests.engine.support.fakes import FakeBody, FakeFetch, FakeReply, fake_means


def answering(status: int) -> Services[FakeBody]:
    """A server with one answer."""

    class Fetch(FakeFetch):
        async def request(
            self, address: str, span: str = "", method: str = "GET", token: str = ""
        ) -> FakeReply:
            return FakeReply(status, {})

    return fake_means(Fetch({}))


@pytest.mark.parametrize("status", [200, 400, 403, 404, 405, 410, 501])
async def test_whether_a_file_exists(status: int) -> None:
    assert await exists(answering(status), "https://host/a") is (status == 200)


@pytest.mark.parametrize("status", [302, 401, 429, 500, 503])
async def test_a_server_that_does_not_say_whether_it_exists(status: int) -> None:
    with pytest.raises(DownloadError, match=str(status)):
        await exists(answering(status), "https://host/a")


@pytest.mark.parametrize("there", [True, False])
async def test_a_server_whose_parts_nobody_can_read_is_asked_for_the_whole(there: bool) -> None:
    """Chromium fails where a server refuses HEAD and compresses what it is asked a byte of."""

    class Fetch(FakeFetch):
        async def request(
            self, address: str, span: str = "", method: str = "GET", token: str = ""
        ) -> FakeReply:
            reply = await super().request(address, span, method)
            if span:
                raise TemporaryError("Failed to fetch")
            return FakeReply(405, {}) if method == "HEAD" else reply

    fetch = Fetch({"https://host/a": b"x"} if there else {})
    assert await exists(fake_means(fetch), "https://host/a") is there
    assert fetch.asked[-1] == "GET https://host/a"
