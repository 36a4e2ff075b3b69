"""A copy of the assembled site to put things into: pages, model folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def copy_site(site: Path, target: Path) -> Path:
    """Copy the site; quick, since a file is linked where the file system can."""
    return Path(shutil.copytree(site, target, dirs_exist_ok=True, copy_function=_link))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def without_a_function(site: Path, target: Path) -> Path:
    """A copy whose onnxruntime-web lacks one of the functions beneath its public API."""
    lacking = "return instance && { ...instance, _OrtGetTensorData: undefined };"

    def change(text: str) -> str:
        assert text.count("return instance;") == 2
        return text.replace("return instance;", lacking, 1)

    return altered(site, target, "runtime-*/intab/ort_module.mjs", change)


def altered(site: Path, target: Path, name: str, change: Callable[[str], str]) -> Path:
    """A copy in which the text of the file that `name` matches is another."""
    if target != site:
        copy_site(site, target)
    [path] = target.glob(name)
    text = path.read_text("utf-8")
    path.unlink()  # the site's own file is linked here
    path.write_text(change(text), "utf-8")
    return target
