"""What a user may write for a model, taken apart: a hub's pages, Windows' paths, files in folders.

Nothing is asked of the network or of a disk; `locate.py` makes a Location of what comes out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

from intab.engine.io.file_names import in_folder, shown
from intab.engine.io.untrusted import text
from intab.errors import ModelNotFoundError, OptionError


class Path(Protocol):
    """What names a file or a folder to Python: os.PathLike, such as a pathlib.Path."""

    def __fspath__(self) -> str:
        """Its spelling."""


SCHEMES = ("http", "https", "file", "disk")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
_PATH = re.compile(r"\.{0,2}/|~|\.{1,2}$|[a-z]:/", re.IGNORECASE)
_WINDOWS = re.compile(r"[a-z]:[\\/]|\\\\|[^/:]*\\", re.IGNORECASE)
_OF_COMPUTER = re.compile(r"[a-z]:/|file:|~", re.IGNORECASE)
_HUB = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/|hf://", re.IGNORECASE)
_INSIDE_A_HUB = re.compile(r"[\w.-]+(?:/[\w.-]+)?/(?:tree|blob|resolve|raw)/")
_FILE_OF_A_HUB = ("tree", "blob", "resolve", "raw", "commit", "commits")
_NO_MODELS = ("datasets", "spaces", "docs", "blog", "collections", "papers", "models", "tasks")
_ONNX_FOLDER = re.compile(r"(.*[^/:]/)onnx/", re.DOTALL)
# Files that are no folder, and what to do with each.
_FILES = {
    ".gguf": "it is a GGUF file, which llama.cpp reads: convert it with `intab convert FILE.gguf "
    "--out NEW`, then load ./NEW.",
    ".safetensors": "it is a file of a checkpoint: convert its folder with `intab convert`, then "
    "load what that writes.",
    ".tar": "it is a file: if `intab.storage.export` wrote it, store it first with "
    "`intab.storage.import_`.",
    ".json": "it is a file: name its folder.",
    ".zip": "it is an archive: unpack it, then name its folder.",
}


@dataclass(frozen=True)
class Page:
    """What the address of a hub's page is about: the model, and perhaps a folder or graph of it."""

    id: str
    revision: str
    path: str


def is_path(spec: str) -> bool:
    """Whether a spelling is a path, or an address with a scheme."""
    return bool(_SCHEME.match(spec) or _PATH.match(spec))


def check_text(spec: object) -> str:
    """What was given, if it is a text, and of a path (os.PathLike) its spelling; OptionError, which
    names the type, for anything else."""
    if isinstance(spec, str):
        return spec
    if (path := _path_of(spec)) is not None:
        return path if is_path(from_windows(path)) else f"./{path}"
    raise OptionError(
        f"A model is named by a text or a path, not by {type(spec).__name__}: "
        "'default', 'org/name', './folder' or an address."
    )


def _path_of(value: object) -> str | None:
    """What os.fsdecode makes of an os.PathLike; None of anything else."""
    spell = getattr(type(value), "__fspath__", None)
    path = spell(value) if spell else None
    return path.decode("utf-8", "surrogateescape") if isinstance(path, bytes) else path


def as_hub_page(spec: str, endpoints: Sequence[str]) -> Page | None:
    """The model that a page of a hub, or an address copied from there, is about; None for any
    other spelling. ModelNotFoundError for a page that is about no model."""
    path = _path_at_hub(spec, endpoints)
    if path is None:
        return None
    parts = [part for part in re.split(r"[?#]", path)[0].split("/") if part]
    if parts[:2] == ["api", "models"]:
        parts = parts[2:]
    if not parts or parts[0] in _NO_MODELS:
        raise ModelNotFoundError(
            f"{shown(spec)} is no model's page: use the id that stands at the top of one, as "
            "org/name."
        )
    count = 1 if len(parts) == 1 or parts[1] in _FILE_OF_A_HUB else 2
    name, _, revision = "/".join(parts[:count]).partition("@")
    rest = [unquote(part) for part in parts[count:]]
    if rest[:1] and rest[0] in _FILE_OF_A_HUB:
        size = 3 if rest[1:2] == ["refs"] else 1
        revision, rest = "/".join(rest[1 : 1 + size]), rest[1 + size :]
    elif not spec.lower().startswith("hf:"):
        rest = []  # discussions and other tabs
    return Page(name, revision, _folder_or_graph("/".join(rest)))


def _path_at_hub(spec: str, endpoints: Sequence[str]) -> str | None:
    if found := _HUB.match(spec):
        return spec[found.end() :]
    for endpoint in endpoints:
        path = spec.removeprefix(endpoint + "/")
        if path != spec and _INSIDE_A_HUB.match(path):
            return path
    return None


def _folder_or_graph(path: str) -> str:
    """The path of a folder or a graph; that of any other file is that of its folder."""
    folder, _, name = path.rpartition("/")
    return folder if re.search(r"\.(?!onnx$)\w*[a-z]\w*$", name, re.IGNORECASE) else path


def from_windows(spec: str) -> str:
    r"""A path as Windows spells it, `.\x`, `C:\x`, `\\host\x`, with forward slashes; any other
    spelling as it is."""
    if not _WINDOWS.match(spec):
        return spec
    path = spec.replace("\\", "/")
    return path if is_path(path) else f"./{path}"


def check_address(address: str, *, in_page: bool) -> None:
    """ModelNotFoundError for an address or a path that cannot be a folder's; a page may read no
    path of the computer."""
    if in_page and _OF_COMPUTER.match(address):
        raise ModelNotFoundError(
            f"{shown(address)} is a path of this computer, which a page may not read: open the "
            "folder in the page and use disk:NAME, or give the address that it is served at."
        )
    scheme = _SCHEME.match(address)
    kind = scheme[1].lower() if scheme else ""
    if kind and kind not in SCHEMES:
        raise ModelNotFoundError(
            f"{shown(address)} begins with {kind}:, which intab does not read: use https:, a path, "
            "a hub's id like org/name, or disk:NAME in a page."
        )
    if kind in ("http", "https") and re.search(r"[?#]", address):
        raise ModelNotFoundError(
            f"{shown(address)} has a part after ? or #, and a folder's address has none: leave it "
            "out, or write %3F or %23 if the folder's own name has that character."
        )
    check_ending(address, *_FILES)


def check_ending(address: str, *endings: str) -> None:
    """ModelNotFoundError, with what to do, for the name of a file that ends in one of those."""
    for ending in endings:
        if address.lower().rstrip("/").endswith(ending):
            raise ModelNotFoundError(f"{shown(address)} is no model's folder: {_FILES[ending]}")


def is_encoded(address: str) -> bool:
    """Whether %20 in it stands for a space: in addresses, not in paths and names of folders."""
    return bool(re.match(r"(?:https?|file):", address, re.IGNORECASE))


def split_graph(base: str) -> tuple[str, str, str]:
    """An address or path as that of a folder, with a / at its end, a folder in it that the graphs
    are in ("" for none), and the path in there of the graph that was named ("" if none was).

    >>> split_graph("./m/onnx/model_q4.onnx")
    ('./m/', 'onnx', 'onnx/model_q4.onnx')
    """
    head, _, last = base.rpartition("/")
    graph = last if last.lower().endswith(".onnx") else ""
    folder = f"{head}/" if graph else base.rstrip("/") + "/"
    inside = _ONNX_FOLDER.fullmatch(folder)
    if inside:
        folder, graph = inside[1], graph and f"onnx/{graph}"
    return folder, "onnx" if inside else "", unquote(graph) if is_encoded(base) else graph


def check_subfolder(subfolder: object) -> str:
    """A folder in the model's, "" for none; OptionError if it is none."""
    given = subfolder if isinstance(subfolder, str) else _path_of(subfolder)
    if given in ("", ".") or subfolder is None:
        return ""
    try:
        return in_folder(text(given).rstrip("/\\"))
    except ValueError as exc:
        raise OptionError(
            f"subfolder={shown(subfolder)} is no folder in the model's: {exc}. Give a path such as "
            "'onnx' or 'cpu_and_mobile/cpu-int4'."
        ) from exc
