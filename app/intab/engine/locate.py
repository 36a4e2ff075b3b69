"""Turn what a user calls a model into the address of its folder.

Four spellings are known, and nothing is asked of the network:

    default                a folder in models/ beside the page or the checkout
    org/name[@revision]    a repository of a Hugging Face compatible hub, never a folder
    https://.../, ./dir    the address of a folder (also /path, ../path, file:); in a page, relative
                           to the page's own address
    disk:NAME              a folder of the visitor's disk that the page was given
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urljoin

from intab.errors import ModelNotFoundError, OptionError

DEFAULT_ENDPOINT = "https://huggingface.co"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_REPO = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_ADDRESS = re.compile(r"[a-z][a-z0-9+]*:|\.{0,2}/|~", re.IGNORECASE)
_RELATIVE = re.compile(r"\.{0,2}/")


@dataclass(frozen=True)
class Repository:
    """A model on a hub: at the first of `endpoints`, the others being its mirrors. The token is
    for the first alone."""

    id: str
    revision: str
    endpoints: tuple[str, ...]
    token: str = field(default="", repr=False)

    def files(self, revision: str) -> str:
        """The address of the folder of a revision."""
        return f"{self.endpoints[0]}/{self.id}/resolve/{quote(revision, safe='')}/"

    def listing(self, revision: str) -> str:
        """The address of the list of a revision's files."""
        return f"{self._api}/tree/{quote(revision, safe='')}?recursive=true"

    @property
    def description(self) -> str:
        """The address that tells the commit which the revision stands for now."""
        return f"{self._api}/revision/{quote(self.revision, safe='')}"

    @property
    def _api(self) -> str:
        return f"{self.endpoints[0]}/api/models/{self.id}"


@dataclass(frozen=True)
class Location:
    """Where a model's files are: `file(path)` gives the address of one.

    `commit` is what a hub's revision stood for when it was asked, "" before.
    """

    name: str
    base: str
    repository: Repository | None = None
    commit: str = ""

    @property
    def revision(self) -> str:
        """The hub's revision, "" elsewhere."""
        return self.repository.revision if self.repository else ""

    @property
    def remote(self) -> bool:
        """Whether the folder is on a server, not on a disk."""
        return self.base.startswith(("http://", "https://"))

    def file(self, path: str) -> str:
        """The address of the file `path` (relative, with forward slashes)."""
        return self.base + quote(path)

    def at(self, commit: str) -> Location:
        """The same as it was at a commit; the same where no commit is known."""
        if not self.repository or not commit:
            return self
        return replace(self, base=self.repository.files(commit), commit=commit)


def locate(
    spec: str,
    models: str,
    endpoint: str | Sequence[str] = DEFAULT_ENDPOINT,
    *,
    token: str = "",
    page: str | None = "",
) -> Location:
    """Find the folder that `spec` names.

    models: the address of the models/ folder.
    endpoint: the hub's address, or several: the hub's and its mirrors'.
    page: what relative addresses are relative to; "" leaves them as they are, None: not known.
    """
    spec = spec.strip()
    if _ADDRESS.match(spec):
        return Location(spec, _absolute(spec, page).rstrip("/") + "/")
    if _NAME.fullmatch(spec):
        return Location(spec, models.rstrip("/") + f"/{spec}/")
    if repo := _REPO.fullmatch(spec):
        repository = Repository(
            repo["id"], repo["revision"] or "main", _endpoints(endpoint), check_token(token)
        )
        return Location(spec, repository.files(repository.revision), repository)
    raise ModelNotFoundError(
        f"{spec!r} is not a model's name: use a folder of models/, an id like org/name[@revision], "
        "or the address of a folder such as ./my-model/ or https://host/my-model/."
    )


def _absolute(spec: str, page: str | None) -> str:
    if not _RELATIVE.match(spec) or page == "":
        return spec
    if page is None:
        raise ModelNotFoundError(
            f"{spec} is relative to the page, whose address a worker cannot know: give the whole "
            "address, or import intab/without_eval.mjs in the page, which tells it."
        )
    return urljoin(page, spec)


def _endpoints(endpoint: str | Sequence[str]) -> tuple[str, ...]:
    several = (endpoint,) if isinstance(endpoint, str) else tuple(endpoint)
    if not several:
        raise OptionError("endpoint must be the hub's address, or some addresses, not none.")
    return tuple(address.rstrip("/") for address in several)


def check_token(token: str) -> str:
    """The token, or an OptionError that does not show it."""
    token = token.strip()
    if token.isascii() and token.isprintable() and " " not in token:
        return token
    raise OptionError("The token has characters that no token has: copy it once more.")
