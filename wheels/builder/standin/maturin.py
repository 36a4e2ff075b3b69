"""Stands in for maturin while pip downloads a source distribution.

pip insists on the package's metadata, and the real maturin would ask cargo for it. The metadata
is in the source distribution already, so that downloading needs no Rust.
"""

from __future__ import annotations

import email
import shutil
from pathlib import Path


def prepare_metadata_for_build_wheel(folder: str, _config: object = None) -> str:
    """The one hook that pip calls, with the source distribution as working directory."""
    package = email.message_from_bytes(Path("PKG-INFO").read_bytes())
    dist_info = Path(folder) / f"{package['Name']}-{package['Version']}.dist-info"
    dist_info.mkdir()
    shutil.copyfile("PKG-INFO", dist_info / "METADATA")
    return dist_info.name
