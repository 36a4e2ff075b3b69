"""What is in a model's folder: by a hub's listing, intab.json, a disk's listing, or by asking.

A folder describes itself by intab.json; a hub and a disk list what they have; any other folder is
asked file by file. All give the same `Manifest`. Which graph is which is in layout.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from intab.engine.hub.client import list_files
from intab.engine.hub.diagnosis import TELLING
from intab.engine.hub.genai import graph_of
from intab.engine.hub.layout import (
    GENAI,
    MORE_SUFFIXES,
    PLACES,
    choose_folder,
    find_roles,
    folders_up,
    graph_names,
    guess_dtype,
    join,
)
from intab.engine.hub.locate import Location
from intab.engine.hub.manifest import NEEDED, TEXT_FILES, Manifest, parse_manifest
from intab.engine.hub.probing import DESCRIPTION, look_into
from intab.engine.hub.roles import DECODER, DECODERS, Need, path_of, role_of
from intab.engine.io.file_entry import FileEntry
from intab.engine.io.protocols import Services
from intab.engine.io.retry import RetryPolicy
from intab.engine.io.small_files import exists, get_json
from intab.engine.io.tasks import all_or_first_error


async def read_manifest(
    services: Services[Any],
    location: Location,
    retry_policy: RetryPolicy | None = None,
    needs: Sequence[Need] = DECODER,
    texts: Sequence[str] = (),
    needed: Sequence[str] = NEEDED,
) -> Manifest:
    """Learn what is at `location`: by a hub's listing, by intab.json, by a disk's listing, or by
    asking for each file; then what is needed alone is asked for, and `texts` besides. `needed`
    texts are taken to be there."""
    if location.repository:
        revision = location.commit or location.revision
        entries = await list_files(services, location.repository, revision, retry_policy)
        files = {entry["path"]: _listed(entry) for entry in entries}
        return await _with_graphs(services, location, files, retry_policy)
    for folder in _described_folders(location.subfolder):
        data, services = await look_into(
            services, location, join(folder, DESCRIPTION), retry_policy
        )
        if data is not None:
            return _below(folder, parse_manifest(data), needed)
    names = await services.fetch.listing(location.base)
    if names is None:
        names = await _from_asking(services, location, needs, texts, needed)
    return await _with_graphs(services, location, dict.fromkeys(names, FileEntry()), retry_policy)


def _described_folders(folder: str) -> list[str]:
    """Where the intab.json may be that is about a folder: there, or beside it if it is onnx/."""
    name = folder.rpartition("/")[2]
    return [folder, folder[: -len("/onnx")]] if name == "onnx" else [folder]


def _below(folder: str, manifest: Manifest, needed: Sequence[str]) -> Manifest:
    """A manifest of that folder as one of the folder that it is in."""
    if not folder:
        return manifest
    taken = {join(folder, name): FileEntry() for name in needed}
    files = taken | {join(folder, name): entry for name, entry in manifest.files.items()}
    roles = {
        role: {d: tuple(join(folder, name) for name in names) for d, names in its.items()}
        for role, its in manifest.roles.items()
    }
    return replace(manifest, files=files, roles=roles)


async def _with_graphs(
    services: Services[Any],
    location: Location,
    files: dict[str, FileEntry],
    retry_policy: RetryPolicy | None,
) -> Manifest:
    """The manifest of a folder with these files."""
    folder = choose_folder(files, location.subfolder)
    roles = find_roles(files, folder)
    if roles.keys().isdisjoint(DECODERS) and (described := join(folder, GENAI)) in files:
        data = await get_json(services, location.file(described), retry_policy)
        name = graph_of(data or {})
        inside = join(folder, f"onnx/{name}")
        graph = inside if inside in files else join(folder, name)
        above = location.base.rstrip("/").rpartition("/")[2]
        roles["model"] = {guess_dtype(f"{above}/{graph}"): (graph,)}
    return Manifest(files, roles)


def _listed(entry: dict[str, Any]) -> FileEntry:
    large = entry.get("lfs")
    return FileEntry(large["size"], large["oid"]) if large else FileEntry(entry["size"])


async def _from_asking(
    services: Services[Any],
    location: Location,
    needs: Sequence[Need],
    more: Sequence[str],
    needed: Sequence[str],
) -> list[str]:
    """The files that are found where nobody lists them; those that are needed are taken to be
    there if there is no choice."""
    stems = [path_of(role) for need in needs if not need.beside for role in need.roles]
    first = [path_of(role) for need in needs if not need.beside for role in need.roles[:2]]
    folder = location.subfolder
    asked = [name for name in NEEDED if folder or name not in needed]
    texts = [*TEXT_FILES, GENAI, *more, *asked]
    wanted = [join(top, name) for top in folders_up(folder) for name in texts]
    if location.graph:
        return [*await _existing(services, location, wanted), location.graph, *needed]
    usual = [name for stem in first for name in graph_names(folder, [stem], _places(stem, folder))]
    found = await _existing(services, location, [*usual, *wanted])
    asked_too: set[str] = set()
    # A graph that stands beside another may have one beside itself.
    while graphs := [n for n in _graphs_beside(found, needs) if n not in asked_too]:
        asked_too.update(graphs)
        found += await _existing(services, location, graphs)
    described = any(name.endswith(GENAI) for name in found)
    if described:
        filename = graph_of(await get_json(services, location.file(join(folder, GENAI))) or {})
        found.append(join(folder, filename))
    elif not set(usual) & set(found):
        others = [n for n in graph_names(folder, stems, PLACES, MORE_SUFFIXES) if n not in usual]
        found += await _existing(services, location, [*others, *TELLING])
    if described and not await _existing(services, location, ["config.json"]):
        return [*found, *(name for name in needed if name != "config.json")]
    return [*found, *needed]


def _places(stem: str, folder: str) -> tuple[str, ...]:
    """Where a graph usually is: in onnx/, or in a folder of its own as diffusers' are."""
    if folder:
        return PLACES
    return PLACES[1:] if "/" in stem else PLACES[:1]


def _graphs_beside(found: Sequence[str], needs: Sequence[Need]) -> list[str]:
    """The names of graphs that are needed only beside another one that was found."""
    names: list[str] = []
    for need in needs:
        if graph := next((name for name in found if need.beside == role_of(name) != ""), ""):
            stems = map(path_of, need.roles)
            names += graph_names("", stems, (graph[: graph.rfind("/") + 1],))
    return names


async def _existing(services: Services[Any], location: Location, names: list[str]) -> list[str]:
    answers = await all_or_first_error(exists(services, location.file(n)) for n in names)
    return [name for name, there in zip(names, answers, strict=True) if there]
