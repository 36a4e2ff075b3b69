"""Puts the site together.

The new site grows beside the old one and takes its place at the end, so that a server which is
running never sees half of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import intab
from tools.site import compress, esbuild, index, licences, offline, page, runtime, visit
from tools.site.sources import Sources, files_under, model_folders


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
    names["version"] = intab.__version__
    for name in ("python.mjs", "worker.mjs"):
        page.fill(sources.app / "page" / name, names, site / "intab" / name)
    for name in ("disk.mjs", "isolated.mjs"):
        esbuild.run(sources, f"app/page/{name}", f"--outfile={site / 'intab' / name}")
    for name in ("manifest.webmanifest", "icon.svg"):
        shutil.copyfile(sources.app / name, site / name)
    shutil.copytree(sources.examples / "pictures", site / "gallery")
    names["files.json"] = offline.write_list(site)
    offline.bundle_service_worker(sources, site)
    copy_models(sources.models, site / "models")
    _copy_docs(sources, site)
    licences.write(sources, site, names)
    index.write(site, names["runtime"])
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
    """Every model folder, whatever else models/ holds."""
    for folder in model_folders(models):
        for path in files_under(folder):
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
