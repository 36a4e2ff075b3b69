"""A folder that appears whole or not at all: written beside its place, renamed at the end."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intab.errors import ConvertError


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A folder to write into that becomes `out`; where writing fails nothing is left of it."""
    check_place(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield draft
        draft.chmod(0o755)
        draft.replace(out)
    except OSError as exc:
        if exc.errno != errno.ENOSPC:
            raise
        raise ConvertError(f"{out.parent} is full: free some room or give another --out.") from exc
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check_place(out: Path) -> None:
    """ConvertError unless a folder can become `out`."""
    if out.resolve() == Path.cwd():
        raise ConvertError("--out is the folder you are in: give it the name of a new one.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConvertError(f"{out} is there already: remove it or give another --out.")


def fits_memory(size: int) -> bool:
    """Whether `size` bytes are at most half of this machine's memory; so where it does not tell."""
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return True
    return 2 * size <= whole


def check_room(out: Path, size: int) -> None:
    """ConvertError where the disk of `out` has not `size` bytes left."""
    there = next(folder for folder in (out, *out.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    if size > free:
        raise ConvertError(
            f"The graphs need {size / 1e6:,.0f} MB and {there} has {free / 1e6:,.0f} MB left: "
            "free some room, ask for fewer --dtypes or give another --out."
        )
