"""The problems of an intab.json: all of them, since one mistake rarely comes alone.

It judges types and ranges; manifest.py makes a Manifest of what has no problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from intab.engine.io.untrusted import file_name, hex_digits, number, shown, whole

MOST_CHUNKS = 2**20  # of one file
MOST_PIECES = 16  # of a self-test's long prompt
MOST_IDS = 4096  # of a self-test's lists: they are computed at each load
MOST_ID = 2**31 - 1
MOST_PERPLEXITY = 1e305  # e^700 and less: what `intab convert` writes
MOST_DECIBELS = 1000

_KEYS = {
    "format",
    "name",
    "files",
    "devices",
    "license",
    "memory",
    "perplexity",
    "psnr",
    "session_options",
    "self_test",
    "source",
}
_ENTRY_KEYS = {"size", "sha256", "chunk_size", "chunks"}
_ROLE = re.compile(r"[A-Za-z0-9_]{1,100}")
_OPTION = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_OPTION_VALUE = re.compile(r"[ -~]{0,1000}")
# JavaScript makes nested objects of these keys, and gives such names to what all objects share.
_SPECIAL = {"__proto__", "constructor", "prototype"}


def find_problems(data: object) -> Iterator[str]:
    """Each problem in words, the first ones first."""
    if not isinstance(data, Mapping):
        yield f"it must be an object, not {shown(data)}"
        return
    version = data.get("format")
    graphs = "roles" if version == 2 else "dtypes"
    yield from (f"unknown key {shown(key)}" for key in data if key not in (*_KEYS, graphs))
    if version not in (1, 2) or isinstance(version, bool):
        yield f"format must be 1 or 2, not {shown(version)}"
    files = data.get("files")
    if isinstance(files, Mapping):
        for name, entry in files.items():
            yield from _wrong_entry(name, entry)
    else:
        yield "files must be an object"
    wrong = _wrong_roles if graphs == "roles" else _wrong_dtypes
    yield from wrong(data.get(graphs), files if isinstance(files, Mapping) else {})
    yield from _wrong_options(data.get("session_options", {}))
    yield from _wrong_devices(data.get("devices", []))
    yield from _wrong_memory(data.get("memory", {}))
    yield from _wrong_perplexity(data.get("perplexity", {}))
    yield from _wrong_psnr(data.get("psnr", {}))
    if not _is_self_test(data.get("self_test")):
        yield (
            "self_test must have lists of ids: prompt_ids and greedy_ids, and in long, if it is "
            "there, pieces and greedy_ids"
        )


def _wrong_entry(name: object, entry: object) -> Iterator[str]:
    """The problems of a file's name, size, hash and hashes of chunks."""
    if not _passes(file_name, name):
        yield f"{shown(name)} is not the name of a file in a folder"
        return
    if not isinstance(entry, Mapping):
        yield f"{name} must be an object, not {shown(entry)}"
        return
    if unknown := [shown(key) for key in entry if key not in _ENTRY_KEYS]:
        yield f"{name} has unknown keys: {', '.join(sorted(unknown))}"
    size, chunk_size = entry.get("size", -1), entry.get("chunk_size", 0)
    if not (
        _passes(lambda value: whole(value, -1), size)
        and _passes(whole, chunk_size)
        and _passes(hex_digits, entry.get("sha256", ""))
    ):
        yield f"{name}: size and chunk_size must be whole numbers, sha256 a text of hex digits"
    elif not _are_chunks(entry.get("chunks", []), size, chunk_size):
        yield f"{name}: chunks must have a sha256 for each chunk_size bytes of its size"


def _are_chunks(chunks: object, size: int, chunk_size: int) -> bool:
    """Whether there are as many hashes as the file has chunks, or none; and not too many chunks."""
    if not isinstance(chunks, list) or not all(_passes(hex_digits, each) for each in chunks):
        return False
    count = -(-size // chunk_size) if chunk_size and chunks else 0
    return len(chunks) == count <= MOST_CHUNKS


def _wrong_roles(roles: object, files: Mapping[Any, Any]) -> Iterator[str]:
    if not isinstance(roles, Mapping):
        yield "roles must be an object"
        return
    for role, dtypes in roles.items():
        if not isinstance(role, str) or not _ROLE.fullmatch(role):
            yield f"{shown(role)} is no role: it is letters, digits and _"
        yield from _wrong_dtypes(dtypes, files)


def _wrong_dtypes(dtypes: object, files: Mapping[Any, Any]) -> Iterator[str]:
    if not isinstance(dtypes, Mapping):
        yield "dtypes must be an object"
        return
    for dtype, names in dtypes.items():
        if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
            yield f"{shown(dtype)} must list its graph and that graph's data files"
        else:
            for name in names:
                if name not in files:
                    yield f"{shown(dtype)} names {shown(name)}, which is not under files"


def _wrong_options(options: object) -> Iterator[str]:
    if not isinstance(options, Mapping):
        yield "session_options must be an object"
        return
    for key, value in options.items():
        if not _OPTION.fullmatch(str(key)) or not _SPECIAL.isdisjoint(str(key).split(".")):
            yield f"session_options has {shown(key)}, which is no option of onnxruntime"
        elif not isinstance(value, str) or not _OPTION_VALUE.fullmatch(value):
            yield f"session_options: {key} must be a text, not {shown(value)}"
    for one, two in pairwise(sorted(f"{key}." for key in options)):
        if two.startswith(one):
            yield f"session_options: {shown(one[:-1])} cannot be both a value and a group"


def _wrong_devices(devices: object) -> Iterator[str]:
    """A list of names, or an object with one for each dtype."""
    lists = devices.values() if isinstance(devices, Mapping) else [devices]
    for names in lists:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            yield "devices must be a list of names, or have one for each dtype"


def _wrong_memory(memory: object) -> Iterator[str]:
    """An object with numbers of bytes by name, for each dtype."""
    figures = memory.values() if isinstance(memory, Mapping) else [None]
    for each in figures:
        if not isinstance(each, Mapping) or not all(_passes(whole, one) for one in each.values()):
            yield "memory must have an object of whole numbers for each dtype"


def _wrong_perplexity(perplexity: object) -> Iterator[str]:
    """An object with a number for each dtype."""
    figures = perplexity.values() if isinstance(perplexity, Mapping) else [None]
    if not all(_passes(lambda value: number(value, 1, MOST_PERPLEXITY), one) for one in figures):
        yield "perplexity must have a number, 1 or more, for each dtype"


def _wrong_psnr(psnr: object) -> Iterator[str]:
    """An object with decibels by graph, for each dtype."""
    figures = psnr.values() if isinstance(psnr, Mapping) else [None]
    for each in figures:
        numbers = each.values() if isinstance(each, Mapping) else [None]
        if not all(_passes(_decibels, one) for one in numbers):
            yield "psnr must have an object of decibels by graph for each dtype"


def _decibels(value: Any) -> float:
    return number(value, -MOST_DECIBELS, MOST_DECIBELS)


def _is_self_test(test: object) -> bool:
    """Whether it has lists of ids: a prompt, perhaps another in pieces, and what follows."""
    if test is None:
        return True
    if not isinstance(test, Mapping) or not _is_prompt(test.get("prompt_ids"), test):
        return False
    long = test.get("long")
    if long is None:
        return True
    pieces = long.get("pieces") if isinstance(long, Mapping) else None
    if not isinstance(pieces, list | tuple) or not 0 < len(pieces) <= MOST_PIECES:
        return False
    return all(_is_prompt(piece, long) for piece in pieces)


def _is_prompt(ids: object, test: Mapping[Any, Any]) -> bool:
    """Whether both are ids: the prompt's, and the greedy ones for all dtypes or each of some."""
    greedy = test.get("greedy_ids")
    lists = [*greedy.values()] if isinstance(greedy, Mapping) else [greedy]
    return bool(ids) and all(map(_are_ids, [ids, *lists]))


def _are_ids(ids: object) -> bool:
    if not isinstance(ids, list | tuple) or len(ids) > MOST_IDS:
        return False
    return all(_passes(lambda one: whole(one, 0, MOST_ID), one) for one in ids)


def _passes(check: Callable[[Any], object], value: object) -> bool:
    try:
        check(value)
    except ValueError:
        return False
    return True
