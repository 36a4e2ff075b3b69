"""What a model folder holds: files, sizes, hashes, and which graph belongs to which dtype.

A folder describes itself by `intab.json`; a hub by its listing; any other folder is asked file by
file. All three give the same `Manifest`. Names follow the Hugging Face layout that Transformers.js
reads: https://huggingface.co/docs/transformers.js/guides/dtypes
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from intab.engine.download import Means, exists, get_json
from intab.engine.embedder_files import embedder_graphs, find_embedder
from intab.engine.hub import list_files
from intab.engine.intab_json import find_problems
from intab.engine.locate import Location
from intab.engine.ranges import Span, chunk_for, is_chunk
from intab.engine.retry import Patience
from intab.engine.tasks import all_or_first_error
from intab.errors import DeviceError, ManifestError, ModelNotFoundError

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
PREFERENCE = {
    "wasm": ("q8", "int8", "uint8", "q8f32", "fp32", "q4", "bnb4", "fp16", "q4f16"),
    "webgpu": ("q4f16", "q4", "fp16", "q8f32", "fp32", "q8", "int8", "uint8", "bnb4"),
    "cpu": ("q8", "int8", "uint8", "q8f32", "fp32", "q4", "bnb4", "fp16", "q4f16"),
}
# onnxruntime then makes int8 weights float while it loads a graph: q8f32 is q8's file, expanded.
EXPANDING = {"session.disable_quant_qdq": "1"}
_MOST_TOLD = 8  # problems of an intab.json
MERGED = "onnx/decoder_model_merged"
STEMS = ("onnx/model", MERGED)
TEXT_FILES = (
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "additional_chat_templates/tool_use.jinja",
    "additional_chat_templates/rag.jinja",
)


@dataclass(frozen=True)
class FileEntry:
    """What is known of a file beforehand: size in bytes (-1 unknown), sha256 ("" unknown), and
    perhaps the sha256 of each of its chunks of `chunk_size` bytes."""

    size: int = -1
    sha256: str = ""
    chunk_size: int = 0
    chunks: tuple[str, ...] = ()

    @property
    def chunk(self) -> int:
        """The bytes of a chunk: of those that have hashes, else as suits the size."""
        return self.chunk_size or chunk_for(self.size)

    def digest_of(self, span: Span) -> str:
        """The sha256 that was promised for a chunk, "" where none was."""
        if not self.chunks or not is_chunk(span, self.size, self.chunk_size):
            return ""
        return self.chunks[span.start // self.chunk_size]


@dataclass(frozen=True)
class SelfTest:
    """A prompt, and the ids that follow it greedily with each dtype."""

    prompt_ids: tuple[int, ...]
    greedy_ids: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Manifest:
    """A model folder's contents: `dtypes` maps a dtype to its graph and external-data files."""

    files: dict[str, FileEntry]
    dtypes: dict[str, tuple[str, ...]]
    session_options: dict[str, str] = field(default_factory=dict)
    self_test: SelfTest | None = None

    def options_for(self, dtype: str) -> dict[str, str]:
        """The session options that a dtype's graph needs."""
        return {**self.session_options, **(EXPANDING if dtype == "q8f32" else {})}

    def entries(self, names: Iterable[str]) -> dict[str, FileEntry]:
        """What is known of these files; nothing of one that is not listed."""
        return {name: self.files.get(name, FileEntry()) for name in names}

    def expands(self, dtype: str) -> bool:
        """Whether its int8 weights are floats once they are loaded."""
        return EXPANDING.items() <= self.options_for(dtype).items()

    def choose_dtype(self, device: str, wanted: str | None = None) -> tuple[str, str]:
        """The dtype to load on `device` and why: the wanted one, else what the device runs best."""
        have = ", ".join(self.dtypes) or "none"
        if wanted is not None and wanted not in self.dtypes:
            raise DeviceError(f"The model has no dtype {wanted!r}; it has: {have}.")
        if wanted is not None:
            return wanted, "as asked for"
        for dtype in PREFERENCE[device]:
            if dtype in self.dtypes:
                only = len(self.dtypes) == 1
                return dtype, "the model's only dtype" if only else f"best on {device} of {have}"
        raise ModelNotFoundError(
            f"The folder holds no onnx/model*.onnx (dtypes found: {have}): "
            "export the model to ONNX first."
        )


async def read_manifest(
    means: Means[Any], location: Location, patience: Patience | None = None
) -> Manifest:
    """Learn what is at `location`, by intab.json, the hub's listing, or asking for each file."""
    if location.repository:
        revision = location.commit or location.revision
        entries = await list_files(means, location.repository, revision, patience)
        files = {entry["path"]: _listed(entry) for entry in entries}
        return Manifest(files, find_dtypes(files))
    data = await get_json(means, location.file("intab.json"), patience)
    if data is not None:
        return parse_manifest(data)
    return await _from_asking(means, location)


def is_template(name: str) -> bool:
    """Whether a file is one of the model's chat templates."""
    additional = name.startswith("additional_chat_templates/") and name.endswith(".jinja")
    return additional or name in ("chat_template.jinja", "chat_template.json")


def is_text_file(name: str) -> bool:
    """Whether a file is one of those that a model may have beside its config and tokenizer."""
    return name in TEXT_FILES or is_template(name)


def parse_manifest(data: Any) -> Manifest:
    """Read intab.json; every unknown key and every wrong entry is named in one ManifestError."""
    problems = list(islice(find_problems(data), _MOST_TOLD + 1))
    if problems:
        told = "; ".join([*problems[:_MOST_TOLD], *["and more"] * (len(problems) > _MOST_TOLD)])
        raise ManifestError(f"intab.json is not valid: {told}.")
    dtypes = {dtype: tuple(names) for dtype, names in data["dtypes"].items()}
    files = {name: _entry(**entry) for name, entry in data["files"].items()}
    test = _self_test(data.get("self_test"), dtypes)
    return Manifest(files, dtypes, dict(data.get("session_options", {})), test)


def _entry(
    size: int = -1, sha256: str = "", chunk_size: int = 0, chunks: Iterable[str] = ()
) -> FileEntry:
    hashes = tuple(text.lower() for text in chunks)
    return FileEntry(size, sha256.lower(), chunk_size if hashes else 0, hashes)


def _self_test(data: dict[str, Any] | None, dtypes: Iterable[str]) -> SelfTest | None:
    """The self-test; its ids are one list for every dtype, or one for each of some."""
    if data is None:
        return None
    ids = data["greedy_ids"]
    by_dtype = ids if isinstance(ids, dict) else dict.fromkeys(dtypes, ids)
    greedy = {dtype: tuple(row) for dtype, row in by_dtype.items()}
    return SelfTest(tuple(data["prompt_ids"]), greedy)


def describe(manifest: Manifest) -> dict[str, Any]:
    """The manifest as intab.json, for `parse_manifest`."""
    test = {"self_test": asdict(manifest.self_test)} if manifest.self_test else {}
    return {
        "format": 1,
        "files": {
            name: {**asdict(entry), "chunks": list(entry.chunks)}
            for name, entry in manifest.files.items()
        },
        "dtypes": {dtype: list(names) for dtype, names in manifest.dtypes.items()},
        "session_options": manifest.session_options,
        **test,
    }


def _listed(entry: dict[str, Any]) -> FileEntry:
    large = entry.get("lfs")
    return FileEntry(large["size"], large["oid"]) if large else FileEntry(entry["size"])


def find_dtypes(files: dict[str, FileEntry]) -> dict[str, tuple[str, ...]]:
    """The dtypes a folder offers, from its file names; external data follows its graph."""
    dtypes: dict[str, tuple[str, ...]] = {}
    for stem in STEMS:
        for dtype, suffix in SUFFIXES.items():
            graph = f"{stem}{suffix}.onnx"
            data = sorted(f for f in files if f.startswith((f"{graph}_data", f"{graph}.data")))
            if graph in files:
                embedder = find_embedder(files, suffix) if stem == MERGED else ()
                dtypes.setdefault(dtype, (graph, *data, *embedder))
        if "q8" in dtypes and len(dtypes.get("q8f32", ())) == 1:
            dtypes["q8f32"] += dtypes["q8"][1:]  # whose weights it shares
    return dtypes


async def _from_asking(means: Means[Any], location: Location) -> Manifest:
    graphs = [f"{stem}{suffix}.onnx" for stem in STEMS for suffix in SUFFIXES.values()]
    found = await _existing(means, location, [*graphs, *TEXT_FILES])
    if any(name.startswith(MERGED) for name in found):
        found += await _existing(means, location, embedder_graphs(SUFFIXES.values()))
    data = [
        name
        for graph in found
        if graph.endswith(".onnx")
        for name in await _external_data(means, location, graph)
    ]
    entries = {n: FileEntry() for n in ("config.json", "tokenizer.json", *found, *data)}
    return Manifest(entries, find_dtypes(entries))


async def _existing(means: Means[Any], location: Location, names: list[str]) -> list[str]:
    answers = await all_or_first_error(exists(means, location.file(n)) for n in names)
    return [name for name, there in zip(names, answers, strict=True) if there]


async def _external_data(means: Means[Any], location: Location, graph: str) -> list[str]:
    found = await _existing(means, location, [f"{graph}_data", f"{graph}.data"])
    while found and await exists(means, location.file(f"{graph}_data_{len(found)}")):
        found.append(f"{graph}_data_{len(found)}")
    return found
