"""Turn what a user calls a model into the address of its folder.

Three spellings are known, and nothing is asked of the network:

    default                a folder in models/ beside the page or the checkout
    org/name[@revision]    a repository of a Hugging Face compatible hub
    https://.../, ./dir    the address of a folder (also /path, ../path, file:)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from intab.errors import ModelNotFoundError

DEFAULT_ENDPOINT = "https://huggingface.co"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_REPO = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_ADDRESS = re.compile(r"[a-z][a-z0-9+]*:|\.{0,2}/|~", re.IGNORECASE)


@dataclass(frozen=True)
class Location:
    """Where a model's files are: `file(path)` gives the address of one."""

    name: str
    base: str
    listing: str | None = None
    revision: str = ""

    @property
    def remote(self) -> bool:
        """Whether the folder is on a server, not on a disk."""
        return self.base.startswith(("http://", "https://"))

    def file(self, path: str) -> str:
        """The address of the file `path` (relative, with forward slashes)."""
        return self.base + quote(path)


def locate(spec: str, models: str, endpoint: str = DEFAULT_ENDPOINT) -> Location:
    """Find the folder that `spec` names; `models` is the address of the models/ folder."""
    spec = spec.strip()
    if _ADDRESS.match(spec):
        return Location(spec, spec.rstrip("/") + "/")
    if _NAME.fullmatch(spec):
        return Location(spec, models.rstrip("/") + f"/{spec}/")
    if repo := _REPO.fullmatch(spec):
        return _hub_location(spec, repo["id"], repo["revision"] or "main", endpoint.rstrip("/"))
    raise ModelNotFoundError(
        f"{spec!r} is not a model's name: use a folder of models/, an id like org/name[@revision], "
        "or the address of a folder such as ./my-model/ or https://host/my-model/."
    )


def _hub_location(name: str, repo: str, revision: str, endpoint: str) -> Location:
    rev = quote(revision, safe="")
    return Location(
        name,
        f"{endpoint}/{repo}/resolve/{rev}/",
        f"{endpoint}/api/models/{repo}/tree/{rev}?recursive=true",
        revision,
    )
