"""Wheels without what no program in a browser reads: headers, stubs and libraries for compilers.

What is left is theirs, byte by byte, and RECORD lists it. The same wheel gives the same bytes.
"""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

from tools.site.sources import sha256_of
from tools.site.wheels import Wheel

SUFFIXES = (".a", ".h", ".pxd", ".pyi", ".pyx")
FOLDER = "f2py"  # of numpy: it runs a Fortran compiler
DATE = (2020, 2, 2, 0, 0, 0)


def slim(wheel: Wheel, folder: Path) -> Wheel:
    """A copy in `folder`, under the same name; the wheel itself if it has nothing to leave out."""
    with zipfile.ZipFile(wheel.path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        kept = [name for name in names if is_kept(name)]
        if kept == names:
            return wheel
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / wheel.path.name
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as copy:
            for name in kept:
                content = archive.read(name)
                content = _recorded(content) if name.endswith(".dist-info/RECORD") else content
                copy.writestr(zipfile.ZipInfo(name, DATE), content, zipfile.ZIP_DEFLATED, 9)
    return replace(wheel, path=target, sha256=sha256_of(target))


def is_kept(name: str) -> bool:
    return not name.endswith(SUFFIXES) and FOLDER not in name.split("/")


def _recorded(record: bytes) -> bytes:
    lines = record.decode().splitlines(keepends=True)
    return "".join(line for line in lines if is_kept(line.split(",")[0])).encode()
