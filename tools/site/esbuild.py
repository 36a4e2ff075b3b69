"""Calls esbuild with what all our bundles have in common.

Python files may be imported as text: the page's example programs are real .py files. It knows
no entry point.
"""

from __future__ import annotations

import subprocess

from tools.site.sources import SiteError, Sources

COMMON = (
    "--bundle",
    "--format=esm",
    "--target=es2022",
    "--minify",
    "--legal-comments=eof",
    "--log-level=warning",
    "--loader:.py=text",
    "--loader:.wasm=binary",
    "--out-extension:.js=.mjs",
)


def run(sources: Sources, *arguments: str) -> None:
    command = [str(sources.node_modules / ".bin/esbuild"), *arguments, *COMMON]
    done = subprocess.run(command, cwd=sources.root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SiteError(f"esbuild could not bundle {arguments[0]}:\n{done.stderr}")
