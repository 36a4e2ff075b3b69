"""What a first visit fetches until a model answers, in bytes over the wire: the page tells it.

A server sends the `.br` beside a file to every browser of today; one that does not sends more.
tests/browser/test_visit.py compares this list with what a browser fetches.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

# Of the runtime and of the model; the rest is small, and in the page's own bundle.
LARGE = (
    "runtime-*/pyodide/pyodide.asm.wasm",
    "runtime-*/pyodide/pyodide.asm.mjs",
    "runtime-*/pyodide/python_stdlib.zip",
    "runtime-*/pyodide/numpy-*.whl",
    "runtime-*/pyodide/tokenizers-*.whl",
    "runtime-*/pyodide/intab-*.whl",
    "runtime-*/pyodide/jinja2-*.whl",
    "runtime-*/ort/ort-wasm-simd-threaded.wasm",
    "models/default/onnx/model_quantized.onnx",
)
SMALL = (
    "assets/*.mjs",
    "assets/*.css",
    "models/default/*.json",
    "runtime-*/intab/worker.mjs",
    "runtime-*/kernels/*",
    "runtime-*/ort/ort-wasm-simd-threaded.mjs",
    "runtime-*/ort/ort.wasm.min.mjs",
    "runtime-*/pyodide/markupsafe-*.whl",
    "runtime-*/pyodide/pyodide.mjs",
    "runtime-*/pyscript/core-*.js",
)
ONLY_IF_USED = ("runtime-*/ort/*.wasm", "runtime-*/pyodide/packages/*")  # app/service-worker.mjs


def facts(site: Path) -> dict[str, Any]:
    """`sizes` of the large files, `rest` of the small ones, `later`: what is kept for visits
    offline once the model is ready."""
    sizes = {_name(site, path): wire_size(path) for path in _matching(site, LARGE)}
    small = _matching(site, SMALL)
    return {"sizes": sizes, "rest": sum(map(wire_size, small)), "later": _later(site, sizes, small)}


def _later(site: Path, sizes: dict[str, int], small: list[Path]) -> int:
    [listed] = site.glob("assets/files-*.json")
    kept = {site / name for name in json.loads(listed.read_text("utf-8")) if name not in sizes}
    return sum(map(wire_size, kept - set(small) - set(_matching(site, ONLY_IF_USED))))


def placeholders(site: Path) -> dict[str, str]:
    """What index.html says of it: to the page's program, and to a visitor."""
    found = facts(site)
    first = sum(found["sizes"].values()) + found["rest"]
    return {
        "visit": escape(json.dumps(found)),
        "first": f"{first / 1e6:.0f} MB",
        "later": f"{found['later'] / 1e6:.0f} MB",
    }


def wire_size(path: Path) -> int:
    """As a server sends it that has compressed variants."""
    variant = path.with_name(f"{path.name}.br")
    return (variant if variant.exists() else path).stat().st_size


def _matching(site: Path, patterns: tuple[str, ...]) -> list[Path]:
    found = {path for pattern in patterns for path in site.glob(pattern) if path.is_file()}
    return sorted(path for path in found if path.suffix not in {".br", ".gz"})


def _name(site: Path, path: Path) -> str:
    return path.relative_to(site).as_posix()
