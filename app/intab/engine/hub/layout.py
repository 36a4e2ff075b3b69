"""Which files of a folder are which, by their names: graphs and their dtypes, texts, sub-folders.

Exporters lay folders out in several ways, and all are read: graphs in onnx/ or beside config.json,
`model_q4.onnx` or `model_int4.onnx`, one decoder or two, onnxruntime-genai's folders in folders.
It knows names alone, and asks no server.

    >>> find_roles(["onnx/model_q4.onnx", "config.json"])
    {'model': {'q4': ('onnx/model_q4.onnx',)}}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from intab.engine.hub.roles import GRAPH, Roles
from intab.errors import ModelNotFoundError

SUFFIXES = {
    "fp32": "",
    "fp16": "_fp16",
    "q8": "_quantized",
    "q8f32": "_q8f32",
    "int8": "_int8",
    "uint8": "_uint8",
    "q4": "_q4",
    "q4f16": "_q4f16",
    "bnb4": "_bnb4",
}
# What else exporters write at the end of a name, after a dot, a dash or a _.
_MORE = {
    "fp32": ("fp32", "float32", "f32"),
    "fp16": ("float16", "f16"),
    "q8": ("q8",),
    "int8": ("qint8",),
    "uint8": ("quint8",),
    "q4": ("int4", "uint4", "4bit"),
    "q4f16": ("int4f16", "int4_fp16"),
}
_TAILS = {suffix[1:]: dtype for dtype, suffix in SUFFIXES.items()}
_TAILS |= {tail: dtype for dtype, tails in _MORE.items() for tail in tails}
MORE_SUFFIXES = (*SUFFIXES.values(), "_int4", "_uint4", "_fp32", "_q8")
PLACES = ("onnx/", "")
GENAI = "genai_config.json"
_IN_A_NAME = (
    ("q4f16", r"q4f16|int4.?f(?:p|loat)?16"),
    ("q4", r"u?int4|q4|4bit"),
    ("bnb4", "bnb4"),
    ("uint8", "q?uint8"),
    ("int8", "q?int8"),
    ("q8", "quantized|q8"),
    ("fp16", "fp16|float16|f16"),
)


def find_roles(files: Iterable[str], folder: str = "") -> Roles:
    """The graphs that a folder in these files has, by role and dtype: each with the files beside it
    that are its external data if they are named after it, as most are."""
    names = sorted(files)
    roles: Roles = {}
    for place in PLACES:
        for _, dtype, role, graph in sorted(_graphs(names, join(folder, place))):
            data = (name for name in names if name.startswith((f"{graph}_data", f"{graph}.data")))
            roles.setdefault(role, {}).setdefault(dtype, (graph, *data))
    for dtypes in roles.values():
        if "q8" in dtypes and len(dtypes.get("q8f32", ())) == 1:
            dtypes["q8f32"] += dtypes["q8"][1:]  # whose weights it shares
    return roles


def _graphs(names: list[str], top: str) -> Iterator[tuple[bool, str, str, str]]:
    """The graphs right in a folder: whether the name is unusual, dtype, role, path."""
    for name in names:
        if not name.startswith(top) or not (found := GRAPH.fullmatch(name[len(top) :])):
            continue
        tail = (found["tail"] or "").lower()
        if dtype := _TAILS.get(tail) or _TAILS.get(tail.partition("_")[0] if tail else ""):
            inside = f"{found['folder']}/{found['inner']}" if found["folder"] else found["stem"]
            usual = name == f"{top}{inside}{SUFFIXES[dtype]}.onnx"
            yield not usual, dtype, found["folder"] or found["stem"], name


def guess_dtype(path: str) -> str:
    """The dtype that a graph seems to have, by its name, else by those of its folders."""
    for part in reversed(path.lower().split("/")):
        for dtype, pattern in _IN_A_NAME:
            if re.search(rf"(?:^|[-_.]){pattern}(?:[-_.]|$)", part):
                return dtype
    return "fp32"


def choose_folder(files: Collection[str], wanted: str = "") -> str:
    """The folder in these files that the model is in: the wanted one, else "" for all of it unless
    a model is only in one below. ModelNotFoundError if several are."""
    if wanted or GENAI in files or "model_index.json" in files or find_roles(files):
        return wanted
    folders = {_folder(name) for name in files if name.endswith(f"/{GENAI}")}
    graphs = {_folder(name).removesuffix("/onnx") for name in files if name.endswith(".onnx")}
    folders = folders or {folder for folder in graphs if find_roles(files, folder)}
    # onnxruntime-genai's models have a folder for each device.
    fitting = [folder for folder in folders if "cpu" in folder.lower()] or list(folders)
    if len(fitting) > 1:
        raise ModelNotFoundError(
            f"There are several models in folders here ({', '.join(sorted(folders))}): name one by "
            f"subfolder={min(fitting)!r} or another of these."
        )
    return fitting[0] if fitting else ""


def text_paths(
    files: Iterable[str], graph: str, folder: str, is_text: Callable[[str], bool]
) -> dict[str, str]:
    """Where the texts are that belong to a graph, by their names: in the folder that was asked for,
    or around onnx/, else in the nearest one above, else beside the graph."""
    beside = _folder(graph)
    around = folder or ("" if beside == "onnx" else beside.removesuffix("/onnx"))
    places = list(dict.fromkeys([*folders_up(around), beside]))
    found: dict[str, tuple[int, str]] = {}
    for path in files:
        for rank, place in enumerate(places):
            name = path.removeprefix(f"{place}/") if place else path
            if join(place, name) == path and is_text(name):
                found[name] = min(found.get(name, (rank, path)), (rank, path))
    return {name: path for name, (_, path) in found.items()}


def folders_up(folder: str) -> Iterator[str]:
    """A folder and those above it, the last "".

    >>> list(folders_up("a/b"))
    ['a/b', 'a', '']
    """
    while folder:
        yield folder
        folder = _folder(folder)
    yield ""


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def graph_names(
    folder: str,
    stems: Iterable[str],
    places: Iterable[str],
    suffixes: Iterable[str] = tuple(SUFFIXES.values()),
) -> list[str]:
    """The names to ask for if nobody lists a folder's graphs."""
    return [
        join(folder, f"{place}{stem}{suffix}.onnx")
        for place in places
        for stem in stems
        for suffix in suffixes
    ]
