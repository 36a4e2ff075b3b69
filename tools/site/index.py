"""An index of the wheels beside the site, for Pythons that the site did not start.

    await micropip.install("intab", index_urls="https://example.org/intab/simple")

Folders with an index.html, which every static server can give: https://peps.python.org/pep-0503/.
JSON would need a media type that hosts of files have no name for. The wheels are those of the
runtime, where they lie.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

HEAD = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="pypi:repository-version" content="1.0">\n<title>{title}</title>\n</head>\n<body>\n'
)


def write(site: Path, runtime: str) -> None:
    """Write `simple/` from the lock of the runtime."""
    lock = site / runtime / "pyodide/pyodide-lock.json"
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    for name, entry in packages.items():
        file = entry["file_name"]
        address = f"../../{runtime}/pyodide/{quote(file)}#sha256={entry['sha256']}"
        _write_page(site / "simple" / name, f"Wheels of {name}", {address: file.split("/")[-1]})
    _write_page(site / "simple", "Wheels of this site", {f"{name}/": name for name in packages})


def _write_page(folder: Path, title: str, links: Mapping[str, str]) -> None:
    """An index.html of links: address -> text."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f'<a href="{html.escape(address)}">{html.escape(text)}</a><br>\n'
        for address, text in links.items()
    ]
    text = "".join([HEAD.format(title=html.escape(title)), *lines, "</body>\n</html>\n"])
    (folder / "index.html").write_text(text, encoding="utf-8")
