"""What a manifest promises of a file, held against what came."""

from __future__ import annotations

from intab.errors import DamagedError


def check_size(name: str, size: int, promised: int) -> None:
    """DamagedError unless a file is as long as promised; -1 promises nothing."""
    if promised not in (-1, size):
        raise DamagedError(
            f"{name} has {size:,} bytes, the manifest says {promised:,}: "
            "the file is truncated or was replaced; reload the page to fetch it again."
        )


def check_digest(name: str, digest: str, promised: str) -> None:
    """DamagedError unless a file has the promised sha256; "" promises nothing."""
    if promised and digest != promised:
        raise DamagedError(
            f"{name} is damaged (its sha256 differs from the manifest's): "
            "reload the page to fetch it again."
        )
