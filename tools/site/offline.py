"""What the service worker needs: the list of the site's files with their digests, and itself.

The list has a digest in its name and stands for a version of the site. Not in it are the page that
names it, the licences, the documentation, and the models, which intab keeps in a store of its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from intab.cli import headers
from tools.site import esbuild
from tools.site.sources import Sources, files_under


def write_list(site: Path) -> str:
    """Write `assets/files-HASH.json` of all that is there by now; its address."""
    files = {path.relative_to(site).as_posix(): integrity_of(path) for path in files_under(site)}
    text = json.dumps(files, indent=1)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8].upper()
    address = f"assets/files-{digest}.json"
    (site / address).write_text(text, encoding="utf-8")
    return address


def integrity_of(path: Path) -> str:
    """As `fetch` takes it: https://www.w3.org/TR/SRI/"""
    return f"sha256-{base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()}"


def bundle_service_worker(sources: Sources, site: Path) -> None:
    """With the same headers and the same idea of fixed addresses that `intab serve` has."""
    isolation = {**headers.ISOLATION, "Cross-Origin-Resource-Policy": "same-origin"}
    facts = json.dumps({"isolation": isolation, "hashed": headers.HASHED})
    target = site / "service-worker.mjs"
    esbuild.run(sources, "app/service-worker.mjs", f"--define:SITE={facts}", f"--outfile={target}")
