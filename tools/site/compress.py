"""Pre-compressed variants (`.br`, `.gz`) beside the files that compress.

Compressing 27 MB of wasm takes half a minute, so each variant is kept in build/cache under the
digest of what it was made from. It knows no names but suffixes.
"""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import brotli

from tools.site.sources import files_under, sha256_of

SUFFIXES = frozenset({".css", ".html", ".js", ".json", ".mjs", ".snapshot", ".toml", ".wasm"})
# Smaller files gain nothing worth a second file.
SMALLEST = 1024
# Above this brotli's best quality takes minutes for a few per cent.
LARGE = 4 << 20


def add_variants(site: Path, cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    for path in files_under(site):
        if path.suffix in SUFFIXES and path.stat().st_size >= SMALLEST:
            _add(path, cache)


def _add(path: Path, cache: Path) -> None:
    digest = sha256_of(path)
    for suffix, compress in (("br", _brotli), ("gz", _gzip)):
        kept = cache / f"{digest}.{suffix}"
        if not kept.exists():
            _write_whole(kept, compress(path.read_bytes()))
        if kept.stat().st_size < path.stat().st_size:
            shutil.copyfile(kept, path.with_name(f"{path.name}.{suffix}"))


def _write_whole(path: Path, data: bytes) -> None:
    """An interrupted run must not leave half a variant under a digest's name."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(data)
    draft.rename(path)


def _brotli(data: bytes) -> bytes:
    compressed: bytes = brotli.compress(data, quality=9 if len(data) > LARGE else 11)
    return compressed


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=9, mtime=0)
