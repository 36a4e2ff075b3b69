"""Puts the site together.

The new site grows beside the old one and takes its place at the end, so that a server which is
running never sees half of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import intab
from tools.site import compress, esbuild, licences, offline, page, runtime, visit
from tools.site.sources import Sources, files_under


def assemble(sources: Sources, target: Path) -> None:
    draft = target.with_name(f"{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    _fill(sources, draft)
    _replace(target, draft)


def _fill(sources: Sources, site: Path) -> None:
    names = page.bundle(sources, site)
    names["runtime"] = runtime.build(sources, site)
    page.fill(sources.root / "pyscript.toml", names, site / "pyscript.toml")
    _add_stable_names(site, names["runtime"])
    page.fill(sources.app / "page/python.mjs", names, site / "intab/python.mjs")
    esbuild.run(sources, "app/page/disk.mjs", f"--outfile={site / 'intab/disk.mjs'}")
    for name in ("manifest.webmanifest", "icon.svg"):
        shutil.copyfile(sources.app / name, site / name)
    names["files.json"] = offline.write_list(site)
    names["version"] = intab.__version__
    offline.bundle_service_worker(sources, site)
    copy_models(sources.models, site / "models")
    _copy_docs(sources, site)
    licences.write(sources, site, names)
    compress.add_variants(site, sources.cache / "compressed")
    # The page says how much the visit is, and is small itself.
    page.fill(sources.app / "index.html", names | visit.placeholders(site), site / "index.html")
    compress.add_variants(site, sources.cache / "compressed")


def _add_stable_names(site: Path, runtime_name: str) -> None:
    """For pages that embed us; a second copy of PyScript would be a second PyScript."""
    for name in ("intab/without_eval.mjs", "pyscript/core.js"):
        (site / name).parent.mkdir()
        (site / name).write_text(f'export * from "../{runtime_name}/{name}";\n', encoding="utf-8")
    shutil.copyfile(site / runtime_name / "pyscript/core.css", site / "pyscript/core.css")


def _copy_docs(sources: Sources, site: Path) -> None:
    """As they are written; and the picture by which others show a link to the page."""
    (site / "docs").mkdir()
    for path in sources.texts():
        shutil.copyfile(path, site / path.relative_to(sources.root))
    shutil.copyfile(sources.app / "card.png", site / "card.png")


def copy_models(models: Path, target: Path) -> None:
    """Every model folder: one with a config.json, whatever else models/ holds."""
    for config in sorted(models.glob("*/config.json")):
        for path in files_under(config.parent):
            copy = target / path.relative_to(models)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _replace(target: Path, draft: Path) -> None:
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    draft.rename(target)
    shutil.rmtree(old, ignore_errors=True)
