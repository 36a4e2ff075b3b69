"""Whether a file exists is told by the server, or is an error: never a guess."""

from __future__ import annotations

import pytest

from intab.engine.io.protocols import Services, exists
from intab.errors import DownloadError
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
