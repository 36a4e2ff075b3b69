"""The note about a stored model, judged field by field as it is read.

A store is a place that others can write to, and a disk may fail. A field that cannot be read counts
as absent: the chunks that are there speak for themselves, and the rest is asked for again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from intab.engine.hub.manifest import parse_manifest
from intab.engine.io.protocols import Body, Store
from intab.engine.io.untrusted import file_name, hex_digits, load_json, number, text
from intab.errors import ManifestError, StorageError

_LAST_DATE = 8.64e12  # seconds after 1970: the last that JavaScript has a date for


async def read_record(store: Store[Any], key: str) -> dict[str, Any]:
    """The record under a key: empty if there is none, or none that can be read."""
    try:
        body: Body | None = await store.match(key)
        return parse_record(body.text()) if body else {}
    except (StorageError, ManifestError):
        return {}


def parse_record(json: str) -> dict[str, Any]:
    """A record's fields, those that are what they should be:

    name, commit: texts. files: names. used: seconds since 1970. manifest: for `parse_manifest`.
    verified: {file: {"sha256": ..., "chunks": [sha256, ...]}}.
    proofs: {sha256 of bytes and device: whether rows agree}.
    """
    try:
        record = load_json(json)
    except ValueError:
        return {}
    if not isinstance(record, dict) or record.get("format") != 1:
        return {}
    return {
        name: value
        for name, judge in _FIELDS.items()
        if name in record and (value := _judged(judge, record[name])) is not None
    }


def _judged(judge: Callable[[Any], Any], value: object) -> Any:
    try:
        return judge(value)
    except (ValueError, ManifestError):
        return None


def _files(value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("must be a list")  # noqa: TRY004 - as every judge here
    return [file_name(name) for name in value]


def _verified(value: object) -> dict[str, dict[str, Any]]:
    """The verdicts that can be read."""
    entries = value.items() if isinstance(value, dict) else ()
    judged = {name: _judged(_verdict, verdict) for name, verdict in entries}
    return {name: verdict for name, verdict in judged.items() if verdict}


def _verdict(value: object) -> dict[str, Any]:
    chunks = value.get("chunks") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(chunks, list):
        raise ValueError("must have a sha256 and chunks")  # noqa: TRY004
    sha256 = hex_digits(value.get("sha256"))
    return {"sha256": sha256, "chunks": [hex_digits(each) for each in chunks]}


def _proofs(value: object) -> dict[str, bool]:
    """Those that can be read."""
    entries = value.items() if isinstance(value, dict) else ()
    return {
        key: proved
        for key, proved in entries
        if isinstance(proved, bool) and _judged(hex_digits, key) is not None
    }


def _manifest(value: object) -> object:
    parse_manifest(value)
    return value


_FIELDS: dict[str, Callable[[Any], Any]] = {
    "name": text,
    "commit": text,
    "files": _files,
    "used": lambda value: number(value, 0, _LAST_DATE),
    "verified": _verified,
    "proofs": _proofs,
    "manifest": _manifest,
}
