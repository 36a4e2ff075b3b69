"""What the site is made of and under which licences: `licences.html` and `licences/*.txt`.

Every file of the site belongs to a component, by its address; a file that belongs to none, or to
one without a licence text, is an error. The texts come from the packages themselves; those that a
package should carry and does not are in licences/. It knows nothing of how a site is put together.
"""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from tools.site import lock, page
from tools.site.sources import SiteError, Sources, files_under, model_folders

TEXTS = Path(__file__).with_name("licences")
_NAMES = re.compile(r"(?:licen[cs]e|copying|notice)", re.IGNORECASE)
_IN_WHEEL = re.compile(r"[^/]+\.dist-info/(?:licenses/.+|(?:LICEN[CS]E|COPYING|NOTICE)[^/]*)")
_ONLY_TYPES = re.compile(r"/@types/|/undici-types$")  # nothing of them is in a bundle
UNKNOWN = "see there"
UNNAMED = "no licence named in its README.md"
_COMPRESSED = frozenset({".br", ".gz"})

# Whose a file of the site is, by its address; the first that fits. A wheel's and a model's name is
# in the address itself.
OWNERS = {
    r"runtime-[0-9a-f]{16}/pyodide/pillow-.+\.whl": ("pillow", "Pillow's libraries"),
    r"runtime-[0-9a-f]{16}/pyodide/(?:packages/)?(?P<wheel>[A-Za-z0-9_.]+?)-.+\.whl": (),
    r"models/(?P<model>[^/]+)/.+": (),
    r"runtime-[0-9a-f]{16}/pyodide/pyodide(?:\.asm\.mjs|\.asm\.wasm|\.mjs)":
        ("pyodide", "CPython", "Pyodide's libraries"),
    r"runtime-[0-9a-f]{16}/pyodide/python(?:_stdlib\.zip|\.snapshot)":
        ("pyodide", "CPython", "Pyodide's libraries"),
    r"runtime-[0-9a-f]{16}/ort/ort[\w.-]+\.(?:mjs|wasm)": ("onnxruntime-web",),
    r"runtime-[0-9a-f]{16}/pyscript/[\w-]+\.(?:js|css)": ("@pyscript/core", "PyScript's bundles"),
    # Our own, with npm's packages in the bundles; which may be there is what package.json has.
    r"(?:index|licences)\.html|pyscript\.toml|service-worker\.mjs": ("intab",),
    r"simple/(?:[\w-]+/)?index\.html": ("intab",),
    r"manifest\.webmanifest|icon\.svg|card\.png|(?:docs/)?[\w-]+\.md": ("intab",),
    r"assets/(?:page|style|files|chunk|view|blocks|menu|editor_extras)-[0-9A-Z]{8}\.(?:mjs|css|json)":
        ("intab",),
    r"(?:runtime-[0-9a-f]{16}/)?intab/[\w-]+\.(?:mjs|onnx)": ("intab",),
    r"runtime-[0-9a-f]{16}/(?:pyscript\.toml|completions\.json|worker\.py|pyodide/(?:start\.mjs|pyodide-lock\.json))":
        ("intab",),
    r"runtime-[0-9a-f]{16}/kernels/[\w-]+\.(?:mjs|wasm)": ("intab",),
    r"pyscript/core\.(?:js|css)": ("intab", "@pyscript/core"),
    r"licences/.+\.txt|gallery/[\w-]+\.webp": ("intab",),
}  # fmt: skip


@dataclass(frozen=True)
class Component:
    """Something that is shipped; `text` is its licence and the notices that go with it."""

    name: str
    version: str
    licence: str
    text: str

    @property
    def address(self) -> str:
        """Of its text, relative to the site."""
        return f"licences/{re.sub(r'[^a-z0-9.-]+', '-', self.name.lower()).strip('-')}.txt"


def write(sources: Sources, site: Path, values: dict[str, str]) -> None:
    """Add the page and the texts to an assembled site; SiteError for what has none."""
    components = collect(sources, site)
    check(site, components)
    for component in components:
        path = site / component.address
        path.parent.mkdir(exist_ok=True)
        path.write_text(component.text, encoding="utf-8")
    rows = "\n".join(map(_row, components))
    filled = {**values, "components": rows}
    page.fill(sources.app / "licences.html", filled, site / "licences.html")


def collect(sources: Sources, site: Path) -> list[Component]:
    """All that may be in the site, by name; ours first."""
    text = (sources.root / "LICENSE").read_text(encoding="utf-8")
    others = [*npm(sources.root), *_by_hand(sources), *_wheels(site), *_models(site)]
    found = {component.name: component for component in others}
    return [
        Component("intab", "", "MIT", text),
        *(found[name] for name in sorted(found, key=str.lower)),
    ]


def check(site: Path, components: list[Component]) -> None:
    """A SiteError names each file that belongs to nothing whose licence is known."""
    known = {component.name for component in components if component.text.strip()}
    lost = [address for address in _shipped(site) if not owners(address) or owners(address) - known]
    if lost:
        raise SiteError(
            f"No licence is known of {', '.join(lost)}: say in tools/site/licences.py whose it is."
        )


def owners(address: str) -> set[str]:
    """The names of the components that a file of the site belongs to; empty if it is not known."""
    for pattern, names in OWNERS.items():
        if found := re.fullmatch(pattern, address):
            parts = found.groupdict()
            if "wheel" in parts:
                return {re.sub(r"[-_.]+", "-", parts["wheel"]).lower()}
            return {f"models/{parts['model']}"} if "model" in parts else set(names)
    return set()


def _shipped(site: Path) -> Iterator[str]:
    for path in files_under(site):
        if path.suffix not in _COMPRESSED:
            yield path.relative_to(site).as_posix()


def npm(root: Path) -> Iterator[Component]:
    """Every package of package.json's dependencies, and of theirs."""
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for path, entry in lock.items():
        wanted = path and not entry.get("dev") and not entry.get("optional")
        if wanted and not _ONLY_TYPES.search(path):
            yield _package(root, path, entry)


def _package(root: Path, path: str, entry: dict[str, Any]) -> Component:
    name, licence = path.rpartition("node_modules/")[2], entry.get("license", "")
    nested = path.count("node_modules/") > 1
    shown = f"{name} {entry['version']}" if nested else name
    if name == "pyodide":
        return Component(name, entry["version"], licence, _kept("pyodide.txt"))
    if name.startswith("onnxruntime-"):
        return Component(name, entry["version"], licence, _onnxruntime())
    files = [file for file in sorted((root / path).glob("*")) if _NAMES.match(file.name)]
    texts = [file.read_text(encoding="utf-8") for file in files] or [_usual(root / path, licence)]
    return Component(shown, entry["version"], licence, "\n\n".join(texts))


def _usual(folder: Path, licence: str) -> str:
    """The text of a package that names its licence and does not carry it."""
    if not (TEXTS / licence).is_file():
        raise SiteError(
            f"{folder} has no licence text, and tools/site/licences has none of {licence}."
        )
    author = json.loads((folder / "package.json").read_text(encoding="utf-8")).get("author", "")
    name = author.get("name", "") if isinstance(author, dict) else author
    return f"Copyright (c) {name or 'the authors of ' + folder.name}\n\n{_kept(licence)}"


def _onnxruntime() -> str:
    """npm's packages have neither; those of the same project on PyPI have both."""
    files = distribution("onnxruntime").files or []
    wanted = [file for file in files if file.name in {"LICENSE", "ThirdPartyNotices.txt"}]
    texts = [file.read_text(encoding="utf-8") for file in sorted(wanted)]
    if len(texts) != 2:
        raise SiteError("The installed onnxruntime has no LICENSE and ThirdPartyNotices.txt.")
    return "\n\n".join(texts)


def _by_hand(sources: Sources) -> Iterator[Component]:
    """What lies inside others' packages."""
    facts = json.loads((sources.node_modules / "pyodide/pyodide-lock.json").read_text("utf-8"))
    yield Component("CPython", facts["info"]["python"], "PSF-2.0", _kept("cpython.txt"))
    yield Component("Pyodide's libraries", "", "see there", _kept("pyodide-libraries.txt"))
    yield Component("Pillow's libraries", "", "see there", _kept("pillow-libraries.txt"))
    yield Component("PyScript's bundles", "", "see there", _kept("pyscript-bundles.txt"))


def _kept(name: str) -> str:
    return (TEXTS / name).read_text(encoding="utf-8")


def _wheels(site: Path) -> Iterator[Component]:
    for path in sorted(site.glob("runtime-*/pyodide/**/*.whl")):
        if not path.name.startswith("intab-"):
            yield _wheel(path)


def _wheel(path: Path) -> Component:
    with zipfile.ZipFile(path) as archive:
        names = sorted(archive.namelist())
        [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
        facts = message_from_string(archive.read(metadata).decode())
        texts = [
            f"==== {name.partition('/')[2]} ====\n\n{archive.read(name).decode()}"
            for name in names
            if _IN_WHEEL.fullmatch(name)
        ]
    name = re.sub(r"[-_.]+", "-", facts["Name"]).lower()
    licence = _spdx(facts)
    if not texts and path.parent.name == lock.ADDED and licence != UNKNOWN:
        texts = [f"This wheel carries no licence text. It names: {licence}"]
    return Component(name, facts["Version"], licence, "\n\n".join(texts))


def _spdx(facts: Message) -> str:
    named = facts["License-Expression"] or facts["License"] or ""
    classifiers = [one for one in facts.get_all("Classifier", []) if one.startswith("License ::")]
    words = (
        named.splitlines()[0] if named else ", ".join(one.split(" :: ")[-1] for one in classifiers)
    )
    return words if 0 < len(words) < 60 else UNKNOWN


def _models(site: Path) -> Iterator[Component]:
    """A model's card says its licence and what it learnt from; one without is listed as that."""
    for folder in model_folders(site / "models"):
        files = [folder / name for name in ("README.md", "LICENSE")]
        text, *more = [file.read_text(encoding="utf-8") if file.exists() else "" for file in files]
        licence = re.search(r"^license: *(\S+)$", text, re.MULTILINE)
        name = f"models/{folder.name}"
        named = licence[1] if licence else UNNAMED
        texts = [text or f"{name} has no README.md.\n", *filter(None, more)]
        yield Component(name, "", named, "\n\n".join(texts))


def _row(component: Component) -> str:
    name = f"{component.name} {component.version}".strip()
    if component.version and component.name.endswith(component.version):
        name = component.name
    return (
        f'        <li><a href="./{component.address}">{html.escape(name)}</a> '
        f"<span>{html.escape(component.licence)}</span></li>"
    )
