"""Turn what a user calls a model into the address of its folder.

Four spellings are known, and nothing is asked of the network:

    default                a folder in models/ beside the page or the checkout
    org/name[@revision]    a repository of a Hugging Face compatible hub; also the
                           address of one of its pages
    https://.../, ./dir    the address or path of a folder (also /path, ../path, file:, C:\\path);
                           in a page, relative to the page's own address
    disk:NAME              a folder of the visitor's disk that the page was given

The last two may go on to a graph in the folder: ./dir/onnx/model_q4.onnx.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urljoin

from intab.engine.hub.credentials import check_credentials
from intab.engine.hub.model_names import (
    Path,
    as_hub_page,
    check_address,
    check_ending,
    check_subfolder,
    check_text,
    from_windows,
    is_encoded,
    is_path,
    split_graph,
)
from intab.engine.io.file_names import shown
from intab.errors import ModelNotFoundError, OptionError

DEFAULT_ENDPOINT = "https://huggingface.co"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_REPO = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_RELATIVE = re.compile(r"\.{0,2}/|\.{1,2}$")


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

    commit: what a hub's revision stood for when it was asked, "" before.
    subfolder: the folder in it that the model's files are in, "" for all of it.
    graph: the path in it of the graph that was asked for, "" for whichever fits.
    """

    name: str
    base: str
    repository: Repository | None = None
    commit: str = ""
    subfolder: str = ""
    graph: str = ""

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
        return self.base + (quote(path) if is_encoded(self.base) else path)

    @property
    def address(self) -> str:
        """The address of the folder with the model's files: it is stored under that."""
        return self.file(f"{self.subfolder}/") if self.subfolder else self.base

    def at(self, commit: str) -> Location:
        """The same as it was at a commit; the same if no commit is known."""
        if not self.repository or not commit:
            return self
        return replace(self, base=self.repository.files(commit), commit=commit)


def locate(
    spec: str | Path,
    models: str,
    endpoint: str | Sequence[str] = DEFAULT_ENDPOINT,
    *,
    token: str = "",
    page: str | None = "",
    subfolder: str | Path = "",
) -> Location:
    """Find the folder that `spec` names.

    models: the address of the models/ folder.
    endpoint: the hub's address, or several: the hub's and its mirrors'.
    page: what relative addresses are relative to; "" leaves them as they are, None: not known.
    subfolder: the folder in it that the model's files are in.
    """
    name = check_text(spec).strip()
    check_credentials(name, "a model's address", "put the files where they can be read without")
    endpoints, below = _endpoints(endpoint), check_subfolder(subfolder)
    _check_characters(name)
    if found := as_hub_page(name, endpoints):
        repository = Repository(
            found.id, _check_revision(name, found.revision), endpoints, check_token(token)
        )
        return _inside(found.id, repository, found.path, below)
    path = from_windows(name)
    if is_path(path):
        return _at_path(name, path, page, below)
    if name.count("/") != 1:  # a repository may have that ending
        check_ending(name, ".gguf")
    if _NAME.fullmatch(name):
        return Location(name, models.rstrip("/") + f"/{name}/", subfolder=below)
    if repo := _REPO.fullmatch(name):
        revision = repo["revision"] or "main"
        repository = Repository(repo["id"], revision, endpoints, check_token(token))
        return _inside(name, repository, "", below)
    raise ModelNotFoundError(
        f"{shown(name)} is not a model's name: use a folder of models/, an id like "
        "org/name[@revision], or a folder's path or address, such as ./my-model/ or "
        "https://host/my-model/."
    )


def _at_path(name: str, path: str, page: str | None, below: str) -> Location:
    check_address(path, in_page=page != "")
    base, inside, graph = split_graph(_absolute(path, page))
    location = Location(name, _with_small_scheme(base), subfolder=inside, graph=graph)
    return replace(location, subfolder=f"{inside}/{below}".strip("/")) if below else location


def _with_small_scheme(address: str) -> str:
    scheme, colon, rest = address.partition(":")
    return scheme.lower() + colon + rest if scheme.isalpha() and len(scheme) > 1 else address


def _inside(name: str, repository: Repository, path: str, below: str) -> Location:
    """A hub's model, with the folder or the graph in it that its page is about."""
    is_graph = path.lower().endswith(".onnx")
    folder = path.rpartition("/")[0] if is_graph else path
    return Location(
        name,
        repository.files(repository.revision),
        repository,
        subfolder=check_subfolder("/".join(filter(None, (folder, below)))),
        graph=path if is_graph else "",
    )


def _check_revision(name: str, revision: str) -> str:
    if revision and not re.fullmatch(r"[\w./-]+", revision):
        raise ModelNotFoundError(f"{shown(name)} has no revision's name in it: use org/name.")
    return revision or "main"


def _check_characters(name: str) -> None:
    """Names with what no name, path or address has: they would be asked for as something else."""
    if re.search(r"[\x00-\x1f\x7f]", name) or (
        not re.match(r"\.{0,2}/|~", name) and re.search("[\ud800-\udfff]", name)
    ):
        raise ModelNotFoundError(
            f"{shown(name)} has characters that no model's name has: copy it once more."
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
    for address in several:
        check_credentials(address, "endpoint", "give the hub's access token as token=...")
    return tuple(address.rstrip("/") for address in several)


def check_token(token: str) -> str:
    """The token, or an OptionError that does not show it."""
    token = token.strip()
    if token.isascii() and token.isprintable() and " " not in token:
        return token
    raise OptionError("The token has characters that no token has: copy it once more.")
