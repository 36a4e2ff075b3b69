"""`make release`: everything that is handed out is there, checked, and the same each time."""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path

import pytest
from hatchling.builders.utils import get_reproducible_timestamp

from tests.conftest import ROOT
from tools import release
from tools.site.sources import Sources, files_under


@pytest.fixture(scope="module")
def made(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("release") / "dist"
    release.release(Sources(ROOT), site, target)
    return target


def test_all_of_it_is_there(made: Path) -> None:
    names = {path.relative_to(made).as_posix() for path in files_under(made)}
    ours = {name for name in names if name.startswith("intab-")}
    assert {Path(name).suffix for name in ours} == {".whl", ".gz"}
    recorded = {f"wheels/{path.name}" for path in (ROOT / "wheels").glob("*.whl")}
    assert names == {*ours, *recorded, "site.tar", "SHA256SUMS"}


def test_the_checksums_are_right(made: Path) -> None:
    lines = (made / "SHA256SUMS").read_text().splitlines()
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest
    assert len(lines) == len(files_under(made)) - 1


def test_the_site_unpacks_to_the_site(made: Path, site: Path) -> None:
    with tarfile.open(made / "site.tar") as archive:
        members = archive.getmembers()
        assert {member.name for member in members} == {
            path.relative_to(site.parent).as_posix() for path in files_under(site)
        }
        index = archive.extractfile("site/index.html")
        assert index
        assert index.read() == (site / "index.html").read_bytes()
    assert {(member.uid, member.mode, member.mtime) for member in members} == {
        (0, 0o644, members[0].mtime)
    }


def test_the_same_tree_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it lies, whenever its files were made, in whatever order they are listed."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for place, age in (("one", 1), ("two", 2)):
        (tmp_path / place / "site").mkdir(parents=True)
        for name in ("a", "b")[:: 1 if age == 1 else -1]:
            (tmp_path / place / "site" / name).write_text(name)
            os.utime(tmp_path / place / "site" / name, (age, age))
        seconds = get_reproducible_timestamp()
        release.pack(tmp_path / place / "site", tmp_path / place / "site.tar", seconds)
    one, two = ((tmp_path / place / "site.tar").read_bytes() for place in ("one", "two"))
    assert one == two
    with tarfile.open(tmp_path / "one/site.tar") as archive:
        assert archive.getmember("site/a").mtime == 1700000000


def test_a_second_release_takes_the_place_of_the_first(tmp_path: Path, site: Path) -> None:
    (tmp_path / "dist/wheels").mkdir(parents=True)
    (tmp_path / "dist/wheels/old.whl").touch()
    release.release(Sources(ROOT), site, tmp_path / "dist")
    assert not (tmp_path / "dist/wheels/old.whl").exists()
