"""Writing a wheel whose bytes depend on its content alone: fixed order, dates and modes."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

DATE = (2024, 1, 1, 0, 0, 0)
Files = Mapping[str, bytes]


def write(path: Path, files: Files, dist_info: str, tag: str, pure: bool) -> None:
    """Write a wheel with these files; WHEEL and RECORD are made here."""
    content = {**files, f"{dist_info}/WHEEL": _wheel_file(tag, pure)}
    record = f"{dist_info}/RECORD"
    content[record] = _record(content, record)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(content, key=lambda name: (name.startswith(dist_info), name)):
            archive.writestr(_entry(name), content[name])


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    return entry


def _wheel_file(tag: str, pure: bool) -> bytes:
    purelib = "true" if pure else "false"
    lines = ["Wheel-Version: 1.0", "Generator: intab-wheels", f"Root-Is-Purelib: {purelib}"]
    return "\n".join([*lines, f"Tag: {tag}", ""]).encode()


def _record(content: Files, record: str) -> bytes:
    lines = [f"{name},{_digest(data)},{len(data)}" for name, data in sorted(content.items())]
    return "\n".join([*lines, f"{record},,", ""]).encode()


def _digest(data: bytes) -> str:
    """
    >>> _digest(b"")
    'sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'
    """
    raw = hashlib.sha256(data).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
