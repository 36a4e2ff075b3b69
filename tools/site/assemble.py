"""Puts the site together.

The new site grows beside the old one and takes its place at the end, so that a server which is
running never sees half of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tools.site import compress, page, runtime
from tools.site.sources import Sources, files_under


def assemble(sources: Sources, target: Path) -> None:
    draft = target.with_name(f"{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    _fill(sources, draft)
    _replace(target, draft)


def _fill(sources: Sources, site: Path) -> None:
    names = page.bundle(sources, site)
    page.copy_pyscript(sources, site / "pyscript")
    names["runtime"] = runtime.build(sources, site)
    page.fill(sources.app / "index.html", names, site / "index.html")
    page.fill(sources.root / "pyscript.toml", names, site / "pyscript.toml")
    shutil.copyfile(sources.app / "worker.py", site / "worker.py")
    _copy_for_embedders(sources, names, site / "intab")
    copy_models(sources.models, site / "models")
    compress.add_variants(site, sources.cache / "compressed")


def _copy_for_embedders(sources: Sources, names: dict[str, str], target: Path) -> None:
    """Under stable names and unbundled: they find PyScript and the runtime beside themselves."""
    target.mkdir()
    page.fill(sources.app / "page/python.mjs", names, target / "python.mjs")
    shutil.copyfile(sources.app / "page/without_eval.mjs", target / "without_eval.mjs")


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
