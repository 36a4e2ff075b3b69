"""Builds `runtime-HASH/`: what the worker loads, addressed by the digest of its contents.

The digest covers every file's path and bytes, so the folder may be cached for ever. All that a page
of this version loads after its own module lies here.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from kernels.places import PlaceError, find_places
from tools.site import completions, esbuild, lock, packages, page, probe, slim, snapshots, wheels
from tools.site.offline import integrity_of
from tools.site.sources import SiteError, Sources, files_under, sha256_of

PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
# The plain build, the WebGPU one (asyncify) and the one for browsers with JSPI.
ORT = (
    "ort.wasm.min.mjs",
    "ort.webgpu.min.mjs",
    "ort.jspi.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
    "ort-wasm-simd-threaded.jspi.mjs",
    "ort-wasm-simd-threaded.jspi.wasm",
)
KERNELS = (
    "constants.mjs",
    "hook.mjs",
    "int8.mjs",
    "int8.wasm",
    "module.mjs",
    "origins.mjs",
    "self_test.mjs",
    "thread.mjs",
)


def build(sources: Sources, site: Path) -> str:
    """Fill `site/runtime-HASH` and return that name."""
    draft = site / "runtime-draft"
    copy_named(sources.node_modules / "pyodide", PYODIDE, draft / "pyodide")
    _add_start(sources, draft / "pyodide")
    copy_named(sources.node_modules / "onnxruntime-web/dist", ORT, draft / "ort")
    _add_kernels(sources, draft)
    _bundle_worker(sources, draft / "intab")
    _add_wheels(sources, draft / "pyodide")
    _add_pyscript(sources, draft)
    completions.write(draft / "completions.json")
    name = f"runtime-{digest_of(draft)[:16]}"
    draft.rename(site / name)
    return name


def copy_named(source: Path, names: tuple[str, ...], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        if not (source / name).exists():
            raise SiteError(f"{source / name} is missing; try: rm -r node_modules && make site")
        shutil.copyfile(source / name, target / name)


def _add_start(sources: Sources, target: Path) -> None:
    """What starts Pyodide, and the snapshot of a Pyodide that has started."""
    snapshot = target / "python.snapshot"
    snapshot.write_bytes(snapshots.made(sources))
    esbuild.run(
        sources,
        str(sources.browser / "start.mjs"),
        f"--outfile={target / 'start.mjs'}",
        f'--define:SNAPSHOT="{integrity_of(snapshot)}"',
        "--external:./pyodide.mjs",
        "--external:../intab/early.mjs",
    )


def _bundle_worker(sources: Sources, target: Path) -> None:
    """The worker's one module; npm's packages inside it, onnxruntime-web left beside it."""
    entry = "app/intab/browser/js/worker.mjs"
    if not (sources.root / entry).exists():
        raise SiteError(f"{sources.root / entry} is missing: the worker's JavaScript starts there.")
    esbuild.run(sources, entry, f"--outfile={target / 'worker.mjs'}", "--external:./early.mjs")
    for name in ("early.mjs", "ort/probe.mjs"):
        path = sources.browser / name
        esbuild.run(sources, str(path), f"--outfile={target / path.name}")
    copy_named(sources.browser, ("capture.mjs",), target)
    copy_named(sources.browser / "ort", ("ort_module.mjs",), target)
    probe.write(target)


def _add_kernels(sources: Sources, draft: Path) -> None:
    """The int8 kernel, and where in this very onnxruntime-web it belongs."""
    copy_named(sources.kernels, KERNELS, draft / "kernels")
    copy_named(sources.browser / "ort", ("protobuf.mjs",), draft / "kernels")
    try:
        found = find_places(draft / "ort")
    except PlaceError as error:
        raise SiteError(f"The int8 kernel does not fit this onnxruntime-web: {error}.") from error
    (draft / "kernels/places.mjs").write_text(found.module(), encoding="utf-8")


def _add_wheels(sources: Sources, target: Path) -> None:
    own = wheels.collect(sources)
    added = packages.collect(sources, own)
    wheels.check_complete([*own, *added])
    own = [slim.slim(wheel, sources.cache / "slim") for wheel in own]
    for wheel in own:
        shutil.copyfile(wheel.path, target / wheel.path.name)
    for wheel in added:
        (target / lock.ADDED).mkdir(exist_ok=True)
        shutil.copyfile(wheel.path, target / lock.ADDED / wheel.path.name)
    upstream = sources.node_modules / "pyodide/pyodide-lock.json"
    lock.write(upstream, own, target / "pyodide-lock.json", added)


def _add_pyscript(sources: Sources, target: Path) -> None:
    """PyScript unmodified, how we use it, and what its worker runs."""
    page.copy_pyscript(sources, target / "pyscript")
    page.fill(sources.root / "pyscript.toml", {"runtime": "."}, target / "pyscript.toml")
    shutil.copyfile(sources.app / "page/without_eval.mjs", target / "intab/without_eval.mjs")
    shutil.copyfile(sources.app / "worker.py", target / "worker.py")


def digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in files_under(folder):
        digest.update(f"{path.relative_to(folder)} {sha256_of(path)}\n".encode())
    return digest.hexdigest()
