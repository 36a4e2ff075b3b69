"""Names of files that a user or a graph gives: shown in messages, and resolved in a folder.

untrusted.py judges what a file may be called.

    >>> resolve("onnx/model.onnx", "./weights.bin")
    'onnx/weights.bin'
"""

from __future__ import annotations

import re

from intab.engine.io.untrusted import file_name

SHOWN = 80  # characters of a name in a message
_DRIVE = re.compile(r"[A-Za-z]:")


def shown(name: object) -> str:
    """A name as a message may show it: in one line, not too long, in ASCII if it is no Unicode."""
    text = name if isinstance(name, str) else repr(name)
    cut = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    printable = cut.isprintable() and not re.search("[\ud800-\udfff]", cut)
    return cut if printable and isinstance(name, str) else ascii(cut)


def in_folder(path: str) -> str:
    """A path in a folder, as Windows spells it or not; ValueError if it leads out of that."""
    name = path.replace("\\", "/").removeprefix("./")
    if _DRIVE.match(name):
        raise ValueError(f"{shown(path)} is on a drive, not in the folder")
    return file_name(name)


def resolve(graph: str, location: str) -> str:
    """The path of the file that a graph names by `location`, from the folder that `graph` is in.

    ValueError if it would lead out of the graph's own folder.
    """
    return file_name(graph[: graph.rfind("/") + 1] + in_folder(location))
