"""Compiling a Rust extension for Pyodide without the Emscripten SDK.

cargo builds the standard library too (there is no prebuilt one for this target), with
unwinding, so that a panic becomes a Python exception. Cargo mixes the path of the source into
the names of functions, so it is compiled in one place whatever the checkout is called.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from . import debian, notices, shell
from .recipe import Recipe, Rust

TARGET = "wasm32-unknown-emscripten"
# What rustc and clang use for this target; all of it older than Pyodide's own needs.
FEATURES = [
    "bulk-memory",
    "bulk-memory-opt",
    "call-indirect-overlong",
    "exception-handling",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
]
EPOCH = "1704067200"  # 2024-01-01: the one date in every file we make


def empty_place(recipe: Recipe) -> Path:
    """Where this recipe is compiled, emptied."""
    place = Path(tempfile.gettempdir()) / "intab-wheels" / recipe.name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


def compile_module(recipe: Recipe, rust: Rust, source: Path, work: Path, tools: Path) -> Path:
    """Compile the patched source in `work` and return the optimised wasm."""
    debian.ensure_compilers()
    _fetch(source / rust.manifest)
    shell.run(_cargo(source / rust.manifest), source, _environment(recipe, rust, work))
    built = work / "target" / TARGET / "release" / f"{rust.library}.wasm"
    return _optimise(built, rust, work, tools)


def third_party(recipe: Recipe, rust: Rust, source: Path, work: Path) -> bytes:
    """The notices of what is linked in."""
    env = _environment(recipe, rust, work)
    return notices.third_party(source / rust.manifest, TARGET, env)


def _fetch(manifest: Path) -> None:
    """Download the crates first: their paths, which are mapped away, must be known."""
    shell.run(["/usr/bin/cargo", "fetch", "--locked", "--manifest-path", manifest], manifest.parent)


def _cargo(manifest: Path) -> list[str | Path]:
    build = ["/usr/bin/cargo", "build", "--release", "--locked", "--target", TARGET]
    return [*build, "-Zbuild-std=std,panic_unwind", "--manifest-path", manifest]


def _optimise(built: Path, rust: Rust, work: Path, tools: Path) -> Path:
    wasm_opt = debian.ensure_wasm_opt(tools)
    small = work / "module.wasm"
    features = [f"--enable-{feature}" for feature in FEATURES]
    shell.run([wasm_opt, *rust.wasm_opt, *features, built, "-o", small], work)
    return small


def _environment(recipe: Recipe, rust: Rust, work: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"/usr/bin:/usr/lib/llvm-22/bin:{os.environ['PATH']}",
        "SOURCE_DATE_EPOCH": EPOCH,
        "RUSTC_BOOTSTRAP": "1",  # -Zbuild-std
        "PYO3_NO_PYTHON": "1",  # the stable ABI needs no interpreter to ask
        "CARGO_TARGET_DIR": str(work / "target"),
        "CARGO_PROFILE_RELEASE_LTO": "fat",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "1",
        "CARGO_PROFILE_RELEASE_PANIC": "unwind",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": rust.opt_level,
        "CARGO_TARGET_WASM32_UNKNOWN_EMSCRIPTEN_LINKER": str(_linker(rust, work)),
        "CARGO_TARGET_WASM32_UNKNOWN_EMSCRIPTEN_RUSTFLAGS": " ".join(_rust_flags(work)),
        "CC_wasm32_unknown_emscripten": "clang-22",
        "AR_wasm32_unknown_emscripten": "llvm-ar-22",
        "CFLAGS_wasm32_unknown_emscripten": " ".join(_c_flags(recipe)),
    }


def _rust_flags(work: Path) -> list[str]:
    registry = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "registry/src"
    return [
        "-Crelocation-model=pic",
        "-Zemscripten-wasm-eh",
        "-Clink-self-contained=no",
        "--remap-path-prefix=/usr/lib/rustlib/src/rust=/rust",
        f"--remap-path-prefix={work.resolve()}=/build",
        *(f"--remap-path-prefix={index}=/crates" for index in registry.glob("*")),
    ]


def _c_flags(recipe: Recipe) -> list[str]:
    headers = (recipe.folder / "include").resolve()
    target = ["--target=wasm32-unknown-emscripten", "-fPIC", "-fvisibility=hidden"]
    return [*target, "-nostdlibinc", "-isystem", str(headers)]


def _linker(rust: Rust, work: Path) -> Path:
    """A program named emcc, which is how rustc recognises the flavour of its linker."""
    program = work / "emcc"
    link = Path(__file__).with_name("link.py").resolve()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {link} {rust.init} "$@"\n')
    program.chmod(0o755)
    return program
