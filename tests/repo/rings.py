"""Reads Python sources and says where they break the rings of docs/architecture.md.

A source is judged by the folder it lies in. It knows nothing of pytest; test_rings.py holds the
tree, and made-up sources that must fail, against it.

    engine                pure Python and numpy: no JavaScript, no onnxruntime, no files
    browser   native      the engine's protocols over JavaScript, over onnxruntime and files
    convert               from checkpoints to graphs, in CPython
    page      cli         wiring; whatever lies in no folder chooses between the rings

The engine's packages have an order of their own (PACKAGES): each imports those that its row names.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import PurePosixPath

JAVASCRIPT = frozenset({"intab_js", "js", "polyscript", "pyodide", "pyodide_js", "pyscript"})
# Ways to a disk, a network or another module's code that a plain list of imports would not show.
NOT_PURE = frozenset(
    {"ctypes", "fileinput", "ftplib", "glob", "http", "importlib", "mmap", "multiprocessing",
     "os", "pathlib", "shutil", "signal", "socket", "socketserver", "sqlite3", "ssl",
     "subprocess", "tempfile", "urllib.request", "webbrowser", "zipfile"}
)  # fmt: skip
FOREIGN_CODE = frozenset({"Function", "eval", "run_js"})
# What imports our JavaScript where nothing of it is there yet: browser/setup.py.
IMPORTER = "(address) => import(address)"
LOOKS_LIKE_JAVASCRIPT = re.compile(
    r"\bfunction\b\s*\w*\s*\(|=>\s*[{(\w]|\b(?:const|let|var)\s+\w+\s*=|\bnew\s+[A-Z]\w*\(|\bimport\("
)


@dataclass(frozen=True)
class Ring:
    third_party: frozenset[str]
    ours: frozenset[str]  # folders and modules of intab that it may import, besides itself
    pure: bool = False


_ENGINE = frozenset({"engine", "errors"})
RINGS = {
    "engine": Ring(
        frozenset({"PIL", "jinja2", "llguidance", "numpy", "tokenizers"}),
        frozenset({"errors"}),
        pure=True,
    ),
    "browser": Ring(JAVASCRIPT | {"PIL", "numpy"}, _ENGINE),
    "native": Ring(frozenset({"PIL", "httpx", "numpy", "onnxruntime", "soundfile"}), _ENGINE),
    "page": Ring(JAVASCRIPT | {"matplotlib"}, _ENGINE | {"", "browser", "platform"}),
    "convert": Ring(
        frozenset(
            {"gguf", "ml_dtypes", "numpy", "onnx_ir", "onnxruntime", "safetensors", "tokenizers"}
        ),
        _ENGINE,
    ),
    "cli": Ring(
        frozenset({"numpy", "rich", "starlette", "uvicorn"}), _ENGINE | {"", "convert", "native"}
    ),
    "errors": Ring(frozenset(), frozenset(), pure=True),
    # intab/__init__.py, platform.py, __main__.py: they name the parts and choose.
    "": Ring(frozenset({"PIL"}), _ENGINE | {"", "browser", "cli", "native", "platform"}),
}


# What each package and module of the engine may import of the others, besides itself.
PACKAGES: dict[str, frozenset[str]] = {
    "io": frozenset(),
    "hub": frozenset({"io"}),
    "storage": frozenset({"io", "hub"}),
    "types": frozenset(),
    "model_config": frozenset(),
    "media": frozenset(),
    "diffusion": frozenset(),
    "runtime": frozenset({"io", "hub", "types", "model_config", "media"}),
    "text": frozenset({"io", "types", "model_config"}),
    "constrain": frozenset({"io", "types", "text"}),
    "replies": frozenset({"io", "types", "text", "constrain"}),
    "generation": frozenset(
        {"io", "types", "model_config", "runtime", "text", "constrain", "replies"}
    ),
    "chat": frozenset({"types", "runtime", "text", "replies", "generation"}),
    "model": frozenset({"types", "model_config", "runtime", "text", "generation", "chat"}),
    "tasks": frozenset(
        {"io", "hub", "types", "model_config", "media", "diffusion", "runtime", "text"}
        | {"generation", "model"}
    ),
    "loading": frozenset(
        {"io", "hub", "storage", "types", "model_config", "runtime", "text", "generation"}
        | {"model", "tasks"}
    ),
    "display": frozenset({"types", "media", "generation"}),
    "worker": frozenset({"io", "storage", "generation", "display", "loading", "model"}),
}


def violations(path: PurePosixPath, source: str) -> list[str]:
    """What is wrong with one source; `path` is relative to the package intab."""
    tree = ast.parse(source)
    name = ring_of(path)
    found = [*wrong_imports(path, name, tree), *foreign_code(tree)]
    if name == "engine":
        found += against_the_order(path, tree)
    if RINGS[name].pure:
        found += opened_files(tree)
    return [f"{path}: {problem}" for problem in found]


def ring_of(path: PurePosixPath) -> str:
    part = path.parts[0]
    name = part.removesuffix(".py") if part.endswith(".py") else part
    if len(path.parts) > 1 and name not in RINGS:
        raise ValueError(f"{path} lies in no ring: give its folder one in tests/repo/rings.py")
    return name if name in RINGS else ""


def wrong_imports(path: PurePosixPath, name: str, tree: ast.AST) -> Iterator[str]:
    for module in imported(path, tree):
        if not allowed(name, module):
            yield f"may not import {module}"


def against_the_order(path: PurePosixPath, tree: ast.AST) -> Iterator[str]:
    """Imports between the engine's packages that PACKAGES does not have."""
    own = package_of(".".join(("intab", *path.with_suffix("").parts)))
    if own and own not in PACKAGES:
        yield f"engine/{own} has no row in PACKAGES of tests/repo/rings.py"
        return
    for module in imported(path, tree):
        other = package_of(module)
        if own and other and other not in PACKAGES[own] | {own}:
            yield f"engine/{own} may not import engine/{other} ({module})"


def package_of(module: str) -> str:
    """The part of the engine that a module lies in, "" for what is not the engine's."""
    parts = module.split(".")
    inside = parts[:2] == ["intab", "engine"] and len(parts) > 2 and parts[2] != "__init__"
    return parts[2] if inside else ""


def allowed(name: str, module: str) -> bool:
    ring, top = RINGS[name], module.partition(".")[0]
    if top == "intab":
        part = ".".join(module.split(".")[1:2])
        return part in ring.ours | {name}
    if top in sys.stdlib_module_names:
        return not (ring.pure and (top in NOT_PURE or module in NOT_PURE))
    return top in ring.third_party


def imported(path: PurePosixPath, tree: ast.AST) -> Iterator[str]:
    """Absolute names of all modules imported, at whatever depth."""
    package = ("intab", *path.parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            # `from intab import engine` imports a module, `from intab.engine import x` a name.
            whole = module in {"intab", "intab.engine"}
            names = [f"{module}.{alias.name}" for alias in node.names] if whole else []
            yield from names or [module]


def opened_files(tree: ast.AST) -> Iterator[str]:
    """The builtin and io's; a protocol's method may well be called open."""
    for call in calls_of(tree, {"open"}):
        if ast.unparse(call.func) in {"open", "io.open"}:
            yield f"opens a file in line {call.lineno}"


def foreign_code(tree: ast.AST) -> Iterator[str]:
    """JavaScript belongs into .mjs files: no string of it, nothing that runs a string as such."""
    for call in calls_of(tree, FOREIGN_CODE):
        if ast.unparse(call) == "run_js(IMPORTER)":
            continue
        if isinstance(call.func, ast.Attribute) or ast.unparse(call.func) != "eval":
            yield f"runs JavaScript from a string in line {call.lineno}"
    for text in strings(tree):
        if text.value != IMPORTER and LOOKS_LIKE_JAVASCRIPT.search(str(text.value)):
            yield f"holds JavaScript in a string in line {text.lineno}"


def calls_of(tree: ast.AST, names: Set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
            if (called.id if isinstance(called, ast.Name) else called) in names:
                yield node


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """String literals, docstrings excepted."""
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node
