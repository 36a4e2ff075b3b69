"""Bundles the page's modules and style with esbuild, and fills in the placeholders.

It knows no Python.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from tools.site import esbuild
from tools.site.sources import SiteError, Sources

PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
ENTRIES = {"page.mjs": "app/page/page.mjs", "style.css": "app/style.css"}


def bundle(sources: Sources, site: Path) -> dict[str, str]:
    """Write `assets/`; return each placeholder with the hashed name it stands for."""
    for entry in ENTRIES.values():
        if not (sources.root / entry).exists():
            raise SiteError(f"{sources.root / entry} is missing: the page is made from it.")
    made = _esbuild(sources, site)
    return {
        placeholder: str(made[entry].relative_to(site)) for placeholder, entry in ENTRIES.items()
    }


def _esbuild(sources: Sources, site: Path) -> dict[str, Path]:
    metafile = site / "metafile.json"
    esbuild.run(
        sources,
        *ENTRIES.values(),
        "--splitting",
        "--entry-names=[name]-[hash]",
        "--chunk-names=[name]-[hash]",
        f"--outdir={site / 'assets'}",
        f"--metafile={metafile}",
    )
    outputs = json.loads(metafile.read_text(encoding="utf-8"))["outputs"]
    metafile.unlink()
    return {
        facts["entryPoint"]: (sources.root / output).resolve()
        for output, facts in outputs.items()
        if "entryPoint" in facts
    }


def copy_pyscript(sources: Sources, target: Path) -> None:
    """PyScript unmodified, less its source maps."""
    source = sources.node_modules / "@pyscript/core/dist"
    target.mkdir()
    for path in sorted(source.iterdir()):
        if path.suffix in {".js", ".css"}:
            shutil.copyfile(path, target / path.name)


def fill(template: Path, values: dict[str, str], target: Path) -> None:
    """Copy a template with its placeholders replaced; one without a value is an error."""
    if not template.exists():
        raise SiteError(f"{template} is missing: the site is made from it.")
    text = template.read_text(encoding="utf-8")
    unknown = sorted(set(PLACEHOLDER.findall(text)) - set(values))
    if unknown:
        raise SiteError(
            f"{template.name} has unknown placeholders: {', '.join(unknown)}; "
            f"known are {', '.join(sorted(values))}."
        )
    target.write_text(PLACEHOLDER.sub(lambda found: values[found[1]], text), encoding="utf-8")
