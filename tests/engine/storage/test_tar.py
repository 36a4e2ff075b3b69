"""Tar archives: what is written can be read, and by tarfile; what a model has not is refused."""

from __future__ import annotations

import contextlib
import io
import random
import tarfile

import pytest

from intab.engine.io.ranges import Span
from intab.engine.storage import tar
from intab.errors import ManifestError
from tests.engine.support.fakes import FakeArchive

NAMES = ["a", "m/config.json", "m/onnx/model.onnx_data", "m/" + "long" * 60 + ".bin", "m/ü ñ.txt"]


def write(files: dict[str, bytes]) -> bytes:
    """An archive as an export writes it."""
    parts = [
        tar.header(n, len(d)).encode() + d + tar.padding(len(d)).encode() for n, d in files.items()
    ]
    return b"".join(parts) + tar.END.encode()


def made(*members: tarfile.TarInfo) -> bytes:
    """An archive as tarfile writes it, of empty files unless they have a size."""
    file = io.BytesIO()
    with tarfile.TarFile(fileobj=file, mode="w") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return file.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize("seed", range(20))
def test_what_is_written_is_read(seed: int) -> None:
    coin = random.Random(seed)
    chosen = coin.sample(NAMES, coin.randrange(1, len(NAMES) + 1))
    files = {name: coin.randbytes(coin.choice([0, 1, 511, 512, 513, 3000])) for name in chosen}
    data = write(files)
    spans = tar.read_members(FakeArchive(data))
    assert {name: data[span.start : span.end] for name, span in spans.items()} == files
    with tarfile.TarFile(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == list(files)
        assert [archive.extractfile(name).read() for name in files] == list(files.values())  # type: ignore[union-attr]


def test_very_large_files_have_a_place() -> None:
    size = 9 * 2**30  # more than an old header can say
    header = tar.header("large", size)
    with pytest.raises(ManifestError, match="broken-off"):
        tar.read_members(FakeArchive(header.encode()))


def test_folders_and_empty_parts_of_names_do_not_matter() -> None:
    data = made(member("./", tarfile.DIRTYPE), member("./m", tarfile.DIRTYPE), member("./m//a"))
    assert list(tar.read_members(FakeArchive(data))) == ["m/a"]


@pytest.mark.parametrize("name", ["/a", "../a", "m/../../a", "m/..", "..\\a", "."])
def test_a_name_that_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(ManifestError, match="leads out of its folder"):
        tar.read_members(FakeArchive(made(member(name))))


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
def test_links_and_devices(kind: bytes) -> None:
    with pytest.raises(ManifestError, match="a link or something else"):
        tar.read_members(FakeArchive(made(member("m/a", kind, "/etc/passwd"))))


def test_a_name_twice() -> None:
    with pytest.raises(ManifestError, match="holds m/a twice"):
        tar.read_members(FakeArchive(made(member("m/a"), member("./m//a"))))


@pytest.mark.parametrize("size", [-1, -1000])
def test_a_size_below_nothing(size: int) -> None:
    info = member("m/a")
    info.size = size
    with pytest.raises(ManifestError, match=r"damaged"):
        tar.read_members(FakeArchive(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"x" * 2000, b"\x1f\x8b" + b"0" * 1000])
def test_what_is_no_archive(data: bytes) -> None:
    with pytest.raises(ManifestError, match="not a tar archive"):
        tar.read_members(FakeArchive(data))


def test_headers_that_are_too_large_are_not_read() -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**30
    asked: list[Span] = []

    class Watched(FakeArchive):
        size = 2**31

        def read(self, span: Span) -> bytes:
            asked.append(span)
            return super().read(span)

    with pytest.raises(ManifestError, match="headers are too large"):
        tar.read_members(Watched(header.tobuf(tarfile.GNU_FORMAT)))
    assert max(span.size for span in asked) == 512


def test_any_damage_is_read_or_refused() -> None:
    for seed in range(500):
        coin = random.Random(seed)
        data = bytearray(write({name: coin.randbytes(coin.randrange(600)) for name in NAMES}))
        for _ in range(coin.randrange(1, 6)):
            data[coin.randrange(len(data))] = coin.randrange(256)
        cut = coin.randrange(len(data)) if coin.random() < 0.3 else len(data)
        archive = FakeArchive(bytes(data[:cut]))
        with contextlib.suppress(ManifestError):
            spans = tar.read_members(archive)
            assert all(0 <= s.start <= s.end <= archive.size for s in spans.values()), seed
