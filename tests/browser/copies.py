"""A copy of the assembled site to put things into: pages, model folders."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def copy_site(site: Path, target: Path) -> Path:
    """Copy the site; quick, since a file is linked where the file system can."""
    return Path(shutil.copytree(site, target, dirs_exist_ok=True, copy_function=_link))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
