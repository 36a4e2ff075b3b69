"""The files of this repository that a text names, and whether they are there.

    app/intab/errors.py   engine/x.py   x.mjs   tests/golden/   tests/proof_*.py

A name may leave out the beginning of its path. Names with a placeholder (`NAME`, `{}`, `<x>`) and
parts of addresses are none of ours. It knows texts and a list of paths, nothing of Git.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

# With these endings a bare name is one of our files; any other needs a folder of ours before it.
_OURS_ALONE = ("py", "mjs", "yml")
_ENDINGS = {*_OURS_ALONE, "js", "md", "toml", "sh", "conf", "css", "html", "json", "txt"}
_TOKEN = re.compile(
    r"(?<![\w./:@{}<>$%~*-])(?:\./)?([\w.*-]+(?:/[\w.*-]+)*/?)(?![\w/{}<>$%@=-])(?!\.\w)"
)
_ADDRESS = re.compile(r"\w+://\S+|\]\([^)]*\)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_DOCSTRING = re.compile(r'^[ ]*r?"""(.*?)"""', re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)#(?: |: )(.*)$", re.MULTILINE)
_STRING = re.compile(r'"([^"\n]+)"')
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PLACEHOLDER = re.compile(r"[A-Z]{2,}(?![a-z])")


class Tree:
    """The paths of a repository, with `/`."""

    def __init__(self, files: Iterable[str]) -> None:
        self.files = frozenset(files)
        parts = (path.split("/") for path in self.files)
        self.folders = frozenset("/".join(p[:n]) for p in parts for n in range(1, len(p)))
        self._ends = {end for path in self.files | self.folders for end in _ends(path)}
        self._tops = {folder.rpartition("/")[2] for folder in self.folders}

    def has(self, name: str) -> bool:
        """Whether a path is, or ends in, that name, which may have `*` in it."""
        name = name.rstrip("/")
        if "*" in name:
            return any(fnmatchcase(end, name) for end in self._ends)
        return name in self._ends

    def means(self, name: str) -> bool:
        """Whether a name can only be ours: by its ending, or by the folder it begins with."""
        if _PLACEHOLDER.search(name.rpartition(".")[0] or name):
            return False
        first, slash, _ = name.partition("/")
        stem, dot, ending = name.rpartition("/")[2].rpartition(".")
        if not slash:
            return ending in _OURS_ALONE and bool(re.fullmatch(r"[\w-]+", stem))
        return first in self._tops and (bool(dot and ending in _ENDINGS) or name.endswith("/"))


def _ends(path: str) -> Iterator[str]:
    parts = path.split("/")
    yield from ("/".join(parts[n:]) for n in range(len(parts)))


def named(text: str, tree: Tree) -> set[str]:
    """The files and folders of the tree that a text speaks of, there or not."""
    tokens = (found[1] for found in _TOKEN.finditer(_ADDRESS.sub(" ", text)))
    return {token for token in (each.rstrip(".") for each in tokens) if tree.means(token)}


def prose_of(source: str) -> str:
    """Docstrings and comments of a Python source, by their looks: a parser takes ten times as long
    for all sources. What else begins a line with triple quotes comes along."""
    return "\n".join([*_DOCSTRING.findall(source), *_COMMENT.findall(source)])


def strings_of(source: str) -> str:
    """Its short strings: messages may name a page too."""
    return "\n".join(_STRING.findall(source))


def links(page: str) -> Iterator[tuple[str, str]]:
    """The relative links of a Markdown page: (path, anchor), either may be empty."""
    for target in _LINK.findall(_FENCED.sub("", page)):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(page: str) -> set[str]:
    """What its headings are called in links, as GitHub makes it."""
    headings = _HEADING.findall(_FENCED.sub("", page))
    return {re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in headings}
