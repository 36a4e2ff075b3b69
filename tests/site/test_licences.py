"""The site carries the licence and the notices of all that it ships, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools.site import esbuild, licences
from tools.site.licences import Component, check, owners
from tools.site.sources import SiteError, Sources

RUNTIME = "runtime-0123456789abcdef"
ENTRIES = [
    "app/page/page.mjs",
    "app/page/disk.mjs",
    "app/service-worker.mjs",
    "app/intab/browser/js/worker.mjs",
]
# Words that each text must have: whose it is, and what it allows.
WORDS = {
    "intab": ["Permission is hereby granted"],
    "CPython": ["PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2", "Mersenne Twister"],
    "pyodide": ["Mozilla Public License Version 2.0", "github.com/pyodide/pyodide"],
    "pillow": ["Fredrik Lundh"],
    "Pillow's libraries": ["Independent JPEG Group", "libtiff", "libwebp", "FreeType", "zlib"],
    "Pyodide's libraries": ["Emscripten authors", "musl", "SQLite", "bzip2", "libffi", "zlib"],
    "onnxruntime-web": ["Microsoft Corporation", "protobuf", "XNNPACK", "Eigen"],
    "numpy": ["NumPy Developers", "pocketfft", "Max-Planck-Society", "University of Tennessee"],
    "llguidance": ["Permission is hereby granted", "derivre", "serde"],
    "tokenizers": ["Apache License", "onig", "serde"],
    "jinja2": ["Pallets"],
    "markupsafe": ["Pallets"],
    "micropip": ["Mozilla Public License"],
    "@pyscript/core": ["Apache License"],
    "PyScript's bundles": ["xterm.js", "Gildas Lormeau", "Marijn Haverbeke"],
    "@codemirror/view": ["Marijn Haverbeke"],
    "@lezer/lr": ["Marijn Haverbeke"],
    "hash-wasm": ["Permission is hereby granted"],
    "models/default": ["CDLA-Sharing-1.0", "Apache-2.0", "CC BY 4.0"],
}


@pytest.fixture(scope="module")
def components(site: Path) -> dict[str, Component]:
    return {one.name: one for one in licences.collect(Sources(ROOT), site)}


def test_every_file_of_the_site_has_a_licence(site: Path, components: dict[str, Component]) -> None:
    check(site, list(components.values()))
    shipped = [path for path in site.rglob("*") if path.is_file()]
    assert len(shipped) > 100


@pytest.mark.parametrize("name", WORDS)
def test_a_text_is_the_right_one(name: str, components: dict[str, Component], site: Path) -> None:
    text = (site / components[name].address).read_text(encoding="utf-8")
    assert [words for words in WORDS[name] if words not in text] == []


def test_each_is_listed_with_its_licence(site: Path, components: dict[str, Component]) -> None:
    page = (site / "licences.html").read_text(encoding="utf-8")
    linked = re.findall(r'href="\./(licences/[^"]+)"', page)
    assert sorted(linked) == sorted(one.address for one in components.values())
    assert len(set(linked)) == len(linked)
    assert all(one.licence and one.text.strip() for one in components.values())
    assert all(one.licence != licences.UNNAMED for one in components.values())
    assert all((site / address).exists() for address in linked)


def test_the_page_links_to_it(site: Path) -> None:
    assert 'href="./licences.html"' in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("entry", ENTRIES)
def test_whatever_is_bundled_is_listed(
    entry: str, tmp_path: Path, components: dict[str, Component]
) -> None:
    """By esbuild's own word on what went into a bundle."""
    metafile = tmp_path / "metafile.json"
    more = ["--external:./early.mjs", "--define:SITE={}", f"--metafile={metafile}"]
    esbuild.run(Sources(ROOT), entry, f"--outdir={tmp_path / 'out'}", *more)
    inputs = json.loads(metafile.read_text())["inputs"]
    found = [re.match(r".*node_modules/((?:@[^/]+/)?[^/]+)/", path) for path in inputs]
    assert {match[1] for match in found if match} <= set(components)


@pytest.mark.parametrize(
    "address",
    [
        "stranger.js",
        f"{RUNTIME}/pyodide/stranger.wasm",
        f"{RUNTIME}/ort/other/x.mjs",
        f"{RUNTIME}/stranger/x.js",
        "assets/font.woff2",
        "licences/x.html",
    ],
)
def test_a_stranger_is_refused(address: str, tmp_path: Path) -> None:
    path = tmp_path / address
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert owners(address) == set()
    with pytest.raises(SiteError, match=re.escape(address)):
        check(tmp_path, [Component("intab", "", "MIT", "text")])


def test_a_wheel_without_a_licence_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / RUNTIME / "pyodide"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "bare_one-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("bare_one-1.0.dist-info/METADATA", "Name: bare-one\nVersion: 1.0\n")
    [bare] = licences._wheels(tmp_path)
    assert (bare.name, bare.text) == ("bare-one", "")
    with pytest.raises(SiteError, match=r"bare_one-1\.0-py3-none-any\.whl"):
        check(tmp_path, [bare])


def test_an_added_wheel_without_a_text_must_name_its_licence(tmp_path: Path) -> None:
    folder = tmp_path / RUNTIME / "pyodide" / "packages"
    folder.mkdir(parents=True)
    for name, facts in (("bare", ""), ("Named_One", "License-Expression: MIT\n")):
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
            metadata = f"Name: {name}\nVersion: 1.0\n{facts}"
            archive.writestr(f"{name}-1.0.dist-info/METADATA", metadata)
    found = {one.name: one.text for one in licences._wheels(tmp_path)}
    assert found == {"bare": "", "named-one": "This wheel carries no licence text. It names: MIT"}
    address = f"{RUNTIME}/pyodide/packages/Named_One-1.0-py3-none-any.whl"
    assert licences.owners(address) == {"named-one"}


def test_a_model_whose_card_names_no_licence_is_listed_as_that(tmp_path: Path) -> None:
    """A visitor's own models need no card to be served."""
    folder = tmp_path / "models/mine"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    [bare] = licences._models(tmp_path)
    assert (bare.licence, bare.text) == (licences.UNNAMED, "models/mine has no README.md.\n")
    check(tmp_path, [bare])
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Mine\n")
    assert [one.licence for one in licences._models(tmp_path)] == ["mit"]


def test_a_pipeline_s_card_comes_with_the_licence_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "models/pictures"
    folder.mkdir(parents=True)
    for name, text in (("model_index.json", "{}"), ("README.md", "Ours"), ("LICENSE", "Terms")):
        (folder / name).write_text(text)
    [found] = licences._models(tmp_path)
    assert (found.name, found.text) == ("models/pictures", "Ours\n\nTerms")


def test_a_package_that_carries_no_text_has_the_usual_one(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"author": {"name": "Ada"}}')
    assert licences._usual(tmp_path, "ISC").startswith("Copyright (c) Ada\n\nPermission to use")
    with pytest.raises(SiteError, match=r"has none of Odd-1\.0"):
        licences._usual(tmp_path, "Odd-1.0")


def test_the_texts_are_those_of_the_installed_packages(components: dict[str, Component]) -> None:
    command = ["node", "-p", "require('./node_modules/pyodide/package.json').version"]
    version = subprocess.check_output(command, cwd=ROOT, text=True).strip()
    assert components["pyodide"].version == version
