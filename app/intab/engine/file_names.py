"""Names of files in a model's folder, judged before anything is asked for by them.

Listings, manifests, archives and graphs name files. A name is a path from the folder, with forward
slashes, that leads nowhere else and that any file system takes.

    >>> problem_of("onnx/model.onnx"), problem_of("../model.onnx")
    ('', 'it leads out of the folder')
"""

from __future__ import annotations

import re

MOST_BYTES = 255  # of a part of a path, as file systems have it
MOST_IN_ALL = 1024  # bytes of a path
SHOWN = 80  # characters of a name in a message

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:")


def problem_of(name: object) -> str:
    """What is wrong with the name of a file in a folder, "" for nothing."""
    if not isinstance(name, str):
        return "it is no text"
    try:
        data = name.encode()
    except UnicodeEncodeError:
        return "it is not Unicode"
    parts = re.split(r"[/\\]", name)
    if not name or _CONTROL.search(name):
        return "it is empty or has control characters"
    if parts[0] == "" or _DRIVE.match(name) or ".." in parts:
        return "it leads out of the folder"
    if "" in parts or "." in parts:
        return "it has empty parts"
    if len(data) > MOST_IN_ALL or any(len(part.encode()) > MOST_BYTES for part in parts):
        return f"it is longer than {MOST_BYTES} bytes a part, or {MOST_IN_ALL} in all"
    return ""


def check_name(name: object) -> str:
    """The name; ValueError, which shows it, where it is none of a file in the folder."""
    if problem := problem_of(name):
        raise ValueError(f"the name {shown(name)} cannot be used: {problem}")
    return str(name)


def shown(name: object) -> str:
    """A name as a message may show it: in one line, not too long, in ASCII if it is no Unicode."""
    text = name if isinstance(name, str) else repr(name)
    cut = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    printable = cut.isprintable() and not re.search("[\ud800-\udfff]", cut)
    return cut if printable and isinstance(name, str) else ascii(cut)


def resolve(graph: str, location: str) -> str:
    """The path of the file that a graph names by `location`, from the folder that `graph` is in.

    ValueError where it would lead out of the graph's own folder; backslashes are Windows' slashes.
    """
    path = location.replace("\\", "/").removeprefix("./")
    return check_name(graph[: graph.rfind("/") + 1] + check_name(path))
