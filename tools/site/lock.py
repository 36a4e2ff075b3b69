"""Writes the pyodide-lock.json that lies beside our copy of the interpreter.

It names only our own packages, each by a file beside it and with a sha256 that Pyodide checks
at load. The interpreter's own facts (ABI, Python version) are taken over from npm's file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pyodide_lock import PyodideLockSpec
from pyodide_lock.spec import InfoSpec, PackageSpec

from tools.site.wheels import Wheel

ADDED = "packages"  # the folder of what the site's owner added: kept offline only once it was used


def write(upstream: Path, wheels: list[Wheel], target: Path, added: Sequence[Wheel] = ()) -> None:
    info = json.loads(upstream.read_text(encoding="utf-8"))["info"]
    spec = PyodideLockSpec(
        # Pyodide 314 dropped `version` here; the library still requires it.
        info=InfoSpec(**{"version": info["abi_version"], **info}),
        packages={wheel.name: _entry(wheel) for wheel in [*wheels, *added]},
    )
    spec.check_wheel_filenames()
    for wheel in added:
        spec.packages[wheel.name].file_name = f"{ADDED}/{wheel.path.name}"
    spec.to_json(target, indent=1)


def _entry(wheel: Wheel) -> PackageSpec:
    return PackageSpec(
        name=wheel.name,
        version=wheel.version,
        file_name=wheel.path.name,
        install_dir="site",
        sha256=wheel.sha256,
        package_type="package",
        imports=list(wheel.imports),
        depends=list(wheel.depends),
    )
