"""The site assembly: its parts on small stand-ins, and the assembled site as a whole."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import zipfile
from pathlib import Path

import brotli
import pytest

from intab.cli import headers
from tests.conftest import ROOT
from tools.site import assemble, compress, index, offline, page, runtime, slim, wheels
from tools.site.__main__ import bring_up_to_date
from tools.site.sources import SiteError, Sources, files_under, sha256_of


def make_wheel(folder: Path, name: str, *, depends: tuple[str, ...] = ()) -> dict[str, object]:
    """A stand-in wheel and its entry for wheels.lock.json."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "")
    lock = folder / "wheels.lock.json"
    entries = json.loads(lock.read_text())["wheels"] if lock.exists() else {}
    entries[path.name] = {"name": name, "version": "1.0", "sha256": sha256_of(path)}
    entries[path.name] |= {"imports": [name], "depends": list(depends)}
    lock.write_text(json.dumps({"wheels": entries}))
    return entries


def test_placeholders_are_filled_in(tmp_path: Path) -> None:
    (tmp_path / "in.html").write_text('<a href="{{style.css}}">{{ runtime }}</a>')
    page.fill(tmp_path / "in.html", {"style.css": "s", "runtime": "r"}, tmp_path / "out")
    assert (tmp_path / "out").read_text() == '<a href="s">r</a>'


def test_an_unknown_placeholder_is_named(tmp_path: Path) -> None:
    (tmp_path / "in.html").write_text("{{runtime}} {{nonsense}}")
    with pytest.raises(SiteError, match="unknown placeholders: nonsense; known are runtime"):
        page.fill(tmp_path / "in.html", {"runtime": "r"}, tmp_path / "out")


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"pyscript\.toml is missing"):
        page.fill(tmp_path / "pyscript.toml", {}, tmp_path / "out")


def test_a_missing_page_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"page\.mjs is missing"):
        page.bundle(Sources(tmp_path), tmp_path)


def test_a_missing_npm_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"pyodide\.mjs is missing; try: rm -r node_modules"):
        runtime.copy_named(tmp_path, ("pyodide.mjs",), tmp_path / "out")


def test_recorded_wheels_are_read_with_what_they_need(tmp_path: Path) -> None:
    make_wheel(tmp_path, "one", depends=("two",))
    make_wheel(tmp_path, "two")
    assert [(wheel.name, wheel.depends) for wheel in wheels.recorded(tmp_path)] == [
        ("one", ("two",)),
        ("two", ()),
    ]


def test_a_wheel_that_is_not_the_recorded_one_is_refused(tmp_path: Path) -> None:
    make_wheel(tmp_path, "one")
    next(tmp_path.glob("*.whl")).write_bytes(b"other")
    with pytest.raises(SiteError, match=r"has sha256 \w+, not"):
        wheels.recorded(tmp_path)


def test_a_recorded_wheel_that_is_missing_is_named(tmp_path: Path) -> None:
    make_wheel(tmp_path, "one")
    next(tmp_path.glob("*.whl")).unlink()
    with pytest.raises(SiteError, match=r"any\.whl is missing, though"):
        wheels.recorded(tmp_path)


def test_a_missing_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"wheels\.lock\.json is missing"):
        wheels.recorded(tmp_path)


def test_what_a_wheel_needs_must_be_there() -> None:
    lonely = wheels.Wheel(Path("a.whl"), "a", "1", "", (), ("tokenizers",))
    with pytest.raises(SiteError, match="No wheel for Pyodide of tokenizers"):
        wheels.check_complete([lonely])


def test_the_same_tree_gives_the_same_wheel_without_what_no_browser_runs() -> None:
    first, second = (wheels.built(Sources(ROOT)) for _ in range(2))
    assert first.sha256 == second.sha256
    assert first.path.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(first.path) as archive:
        names = set(archive.namelist())
    assert {"intab/__init__.py", "intab/browser/worker.py"} <= names
    left_out = ("intab/browser/js/", "intab/cli/", "intab/convert/", "intab/native/")
    assert [name for name in names if name.startswith(left_out)] == []
    assert first.imports == ("intab",)


def test_the_runtime_digest_goes_by_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    before = runtime.digest_of(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    renamed = runtime.digest_of(tmp_path)
    (tmp_path / "b").write_bytes(b"2")
    assert len({before, renamed, runtime.digest_of(tmp_path)}) == 3


def test_variants_are_made_once_and_decode_to_the_original(tmp_path: Path) -> None:
    site, cache = tmp_path / "site", tmp_path / "cache"
    site.mkdir()
    original = b"export const answer = 42;\n" * 100
    for name in ("a.mjs", "same.mjs", "wheel.whl"):
        (site / name).write_bytes(original)
    (site / "small.css").write_bytes(b"p{}")
    compress.add_variants(site, cache)
    assert {path.name for path in files_under(site) if path.suffix in {".br", ".gz"}} == {
        "a.mjs.br", "a.mjs.gz", "same.mjs.br", "same.mjs.gz",
    }  # fmt: skip
    assert brotli.decompress((site / "a.mjs.br").read_bytes()) == original
    assert gzip.decompress((site / "a.mjs.gz").read_bytes()) == original
    assert len(files_under(cache)) == 2


def test_only_folders_with_a_config_are_models(tmp_path: Path) -> None:
    made = {"a/config.json", "a/onnx/model.onnx", "b/model_index.json", "b/unet/config.json"}
    for name in (*(f"models/{name}" for name in made), "models/recipe/x.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assemble.copy_models(tmp_path / "models", tmp_path / "out")
    copied = {path.relative_to(tmp_path / "out").as_posix() for path in files_under(tmp_path)
              if "out" in path.parts}  # fmt: skip
    assert copied == made


def test_an_unchanged_tree_is_not_assembled_again(site: Path) -> None:
    before = site.stat().st_ino
    bring_up_to_date(Sources(ROOT), site)
    assert site.stat().st_ino == before


def test_a_change_is_seen_by_the_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    empty = Sources(tmp_path).fingerprint()
    (tmp_path / "app/new.mjs").touch()
    assert Sources(tmp_path).fingerprint() != empty


def test_a_failed_assembly_leaves_the_old_site(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with pytest.raises(SiteError):
        bring_up_to_date(Sources(tmp_path), tmp_path / "site")
    assert (tmp_path / "site").is_dir()
    assert not (tmp_path / "site.stamp").exists()


def the_runtime(site: Path) -> Path:
    [found] = site.glob("runtime-*")
    return found


def test_the_runtime_is_named_by_its_contents(site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "runtime"
    shutil.copytree(the_runtime(site), copy, ignore=shutil.ignore_patterns("*.br", "*.gz"))
    assert the_runtime(site).name == f"runtime-{runtime.digest_of(copy)[:16]}"


def test_the_lock_names_files_that_are_there_and_match(site: Path) -> None:
    folder = the_runtime(site) / "pyodide"
    packages = json.loads((folder / "pyodide-lock.json").read_text())["packages"]
    assert set(packages) == {
        *("intab", "jinja2", "llguidance", "markupsafe", "micropip", "numpy", "pillow"),
        "tokenizers",
    }
    for entry in packages.values():
        content = (folder / entry["file_name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert set(entry["depends"]) <= set(packages)


def test_the_index_leads_to_every_wheel_of_the_lock(site: Path) -> None:
    """As pip and micropip read it: https://peps.python.org/pep-0503/"""
    packages = json.loads((the_runtime(site) / "pyodide/pyodide-lock.json").read_text())["packages"]
    links = re.compile(r'<a href="([^"#]+)(?:#sha256=(\w+))?">([^<]+)</a>')
    root = links.findall((site / "simple/index.html").read_text())
    assert root == [(f"{name}/", "", name) for name in packages]
    for name, entry in packages.items():
        folder = site / "simple" / name
        [(address, digest, text)] = links.findall((folder / "index.html").read_text())
        assert (text, digest) == (entry["file_name"], entry["sha256"])
        assert sha256_of(folder / address) == digest


def test_the_index_has_what_the_owner_added(tmp_path: Path) -> None:
    folder = tmp_path / "runtime-1/pyodide"
    folder.mkdir(parents=True)
    entry = {"file_name": "packages/a-1-py3-none-any.whl", "sha256": "0"}
    (folder / "pyodide-lock.json").write_text(json.dumps({"packages": {"a": entry}}))
    index.write(tmp_path, "runtime-1")
    address = "../../runtime-1/pyodide/packages/a-1-py3-none-any.whl#sha256=0"
    link = f'<a href="{address}">a-1-py3-none-any.whl</a>'
    assert link in (tmp_path / "simple/a/index.html").read_text()


def test_numpy_is_what_pyodide_publishes(site: Path) -> None:
    ours = json.loads((the_runtime(site) / "pyodide/pyodide-lock.json").read_text())
    theirs = json.loads((ROOT / "node_modules/pyodide/pyodide-lock.json").read_text())
    for fact in ("file_name", "version", "imports", "install_dir", "package_type"):
        assert ours["packages"]["numpy"][fact] == theirs["packages"]["numpy"][fact]
    name = theirs["packages"]["numpy"]["file_name"]
    assert sha256_of(ROOT / "wheels" / name) == theirs["packages"]["numpy"]["sha256"]
    whole = contents(ROOT / "wheels" / name)
    record = next(path for path in whole if path.endswith("RECORD"))
    sent = contents(the_runtime(site) / "pyodide" / name)
    assert {path for path in whole if slim.is_kept(path)} == set(sent)
    assert [path for path in sent if sent[path] != whole[path]] == [record]
    assert {line.split(",")[0] for line in sent[record].decode().splitlines()} == set(sent)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return {name: archive.read(name) for name in names}


def test_no_placeholder_and_no_source_map_is_left(site: Path) -> None:
    for name in ("index.html", "pyscript.toml"):
        assert "{{" not in (site / name).read_text()
    assert not list(site.rglob("*.map"))


def test_every_asset_name_is_one_the_server_keeps_for_ever(site: Path) -> None:
    assets = [path for path in files_under(site / "assets") if path.suffix in {".mjs", ".css"}]
    assert assets
    for path in assets:
        assert headers.cache_control(f"/assets/{path.name}") == headers.IMMUTABLE


def test_the_list_of_files_is_the_site_s(site: Path) -> None:
    [path] = site.glob("assets/files-*.json")
    listed = json.loads(path.read_text())
    assert path.relative_to(site).as_posix() in (site / "index.html").read_text()
    for name, integrity in listed.items():
        assert offline.integrity_of(site / name) == integrity, name
    there = {file.relative_to(site).as_posix() for file in files_under(site)}
    there = {name for name in there if not name.endswith((".br", ".gz")) and "models/" not in name}
    # Not needed to run: what is read, and the picture that others show.
    unread = ("licences", "simple/", "card.png")
    there = {name for name in there if not name.startswith(unread)}
    there = {name for name in there if not name.endswith(".md")}
    page = {"index.html", "service-worker.mjs", path.relative_to(site).as_posix()}
    assert there - page == set(listed)


def test_what_the_page_names_is_there(site: Path) -> None:
    html = (site / "index.html").read_text()
    named = re.findall(r'(?:href|src)="(?!data:|https?:|#)([^"]+)"', html)
    named += re.findall(r'"(\./runtime-[^"]+)"', (site / "pyscript.toml").read_text())
    assert any("runtime-" in name for name in named)
    for name in named:
        assert (site / name.partition("?")[0]).exists(), name
