"""A folder without intab.json, on hosts that tell of a missing file otherwise than by 404."""

from __future__ import annotations

import pytest

from intab.engine.hub.listing import read_manifest
from intab.engine.hub.locate import locate
from intab.engine.hub.manifest import Manifest
from intab.engine.hub.probing import StandIn, look_into
from intab.engine.hub.variants import make_variants
from intab.engine.io.protocols import Services
from intab.engine.io.ranges import A_BYTE
from intab.engine.io.small_files import get_whole
from intab.errors import DownloadError, ManifestError, TemporaryError
from tests.engine.conftest import model_files
from tests.engine.support.fakes import FakeBody, FakeReply, fake_means
from tests.engine.support.hosts import ABSENT, Host

BASE = "https://host/m/"


def files() -> dict[str, bytes | Exception]:
    extra = {"onnx/model.onnx": b"\x08\x0a" + bytes(5000), "onnx/model.onnx_data": b"1"}
    made = model_files(**extra)
    return {name.replace("models/tiny/", BASE): data for name, data in made.items()}


async def manifest_from(host: Host) -> Manifest:
    return await read_manifest(fake_means(host), locate(BASE, "models"))


@pytest.mark.parametrize("head", [200, 403, 405, 501, 400])
@pytest.mark.parametrize("habit", ABSENT)
async def test_what_a_host_has_is_found(habit: str, head: int) -> None:
    manifest = await manifest_from(Host(files(), habit=habit, head=head))
    assert manifest == await manifest_from(Host(files()))
    assert set(make_variants(manifest).dtypes) == {"fp32", "q8"}
    assert "tokenizer_config.json" in manifest.files
    assert "generation_config.json" not in manifest.files


@pytest.mark.parametrize("habit", ABSENT)
async def test_a_host_s_intab_json_is_read(habit: str) -> None:
    host = Host({BASE + "intab.json": b' {"a": 1}'}, habit=habit)
    described, _ = await look_into(fake_means(host), locate(BASE, "models"))
    assert described == {"a": 1}


@pytest.mark.parametrize("text", [b"{", b"[1]", b"[", b"\xef\xbb\xbf {,}"])
async def test_an_intab_json_that_is_wrong_is_an_error(text: bytes) -> None:
    host = Host({BASE + "intab.json": text})
    with pytest.raises(ManifestError, match=r"intab\.json"):
        await look_into(fake_means(host), locate(BASE, "models"))


async def test_on_a_disk_whatever_is_there_is_meant() -> None:
    host = Host({"/srv/m/intab.json": b"Not found"})
    with pytest.raises(ManifestError, match="not valid JSON"):
        await look_into(fake_means(host), locate("/srv/m", "models"))


async def test_a_sign_in_that_is_asked_for_is_no_absence() -> None:
    host = Host({}, habit="404", head=401)
    with pytest.raises(DownloadError, match="HEAD: the server answered 401"):
        await manifest_from(host)


@pytest.mark.parametrize(
    ("habit", "says"),
    [
        ("S3", r"\(GET: the server answered 403\).*or it is not there"),
        ("400", r"\(GET: the server answered 400\): check the address"),
        ("a page", "a web page instead of the file"),
    ],
)
async def test_a_file_that_is_needed_is_an_error_that_says_what_came(habit: str, says: str) -> None:
    with pytest.raises(DownloadError, match=says):
        await get_whole(fake_means(Host({}, habit=habit)), BASE + "config.json")


@pytest.mark.parametrize("large", [b"n" * 10_000, b"\xff" * 5])
async def test_what_is_longer_or_no_text_is_no_stand_in(large: bytes) -> None:
    host = Host({BASE + "x": large}, habit="a text", ranges=False)
    _, services = await look_into(fake_means(host), locate(BASE, "models"))
    there: Services[FakeBody] = services
    reply = await there.fetch.request(BASE + "x", method="HEAD")
    assert reply.status == 200
    assert (await there.fetch.request(BASE + "y", method="HEAD")).status == 404


def test_a_stand_in_may_name_the_file() -> None:
    stand_in = StandIn("no /m/intab.json here", BASE)
    assert stand_in.is_for(BASE + "onnx/a.onnx", "no /m/onnx/a.onnx here")
    assert not stand_in.is_for(BASE + "onnx/a.onnx", "no /m/onnx/b.onnx here")


async def test_a_stand_in_whose_beginning_cannot_be_asked_for() -> None:
    """Chromium fails where a server compresses what it is asked a part of."""

    class Coding(Host):
        async def request(
            self, address: str, span: str = "", method: str = "GET", token: str = ""
        ) -> FakeReply:
            if span:
                raise TemporaryError("Failed to fetch")
            return await super().request(address, span, method, token)

    host = Coding({BASE + "x": b"n" * 10_000}, habit="a text")
    _, services = await look_into(fake_means(host), locate(BASE, "models"))
    assert (await services.fetch.request(BASE + "x", method="HEAD")).status == 200
    assert (await services.fetch.request(BASE + "y", method="HEAD")).status == 404
    assert (await services.fetch.request(BASE + "y", A_BYTE)).status == 404
