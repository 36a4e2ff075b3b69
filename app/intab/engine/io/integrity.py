"""What a manifest says of a file, held against what came."""

from __future__ import annotations

from intab.engine.io.protocols import Body
from intab.errors import DamagedError, ManifestError

# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
_POINTER = "version https://git-lfs.github.com/spec/"
_POINTER_MOST = 1024  # bytes


def check_pointer(name: str, body: Body) -> None:
    """ManifestError if a file is what Git has in place of a large one."""
    if body.size >= _POINTER_MOST:
        return
    try:
        text = body.text()
    except ManifestError:  # no text
        return
    if text.startswith(_POINTER):
        raise ManifestError(
            f"{name} is a Git LFS pointer, not the file itself: run `git lfs pull` in the clone "
            "that it is from, or download the file, then load again."
        )


def check_size(name: str, size: int, expected: int) -> None:
    """DamagedError unless a file is as long as expected; -1 expects nothing."""
    if expected not in (-1, size):
        raise DamagedError(
            f"{name} has {size:,} bytes, the manifest says {expected:,}: "
            "the file is truncated or was replaced; reload the page to fetch it again."
        )


def check_digest(name: str, digest: str, expected: str) -> None:
    """DamagedError unless a file has the expected sha256; "" expects nothing."""
    if expected and digest != expected:
        raise DamagedError(
            f"{name} is damaged (its sha256 differs from the manifest's): "
            "reload the page to fetch it again."
        )
