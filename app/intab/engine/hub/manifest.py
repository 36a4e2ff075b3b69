"""What a model folder holds: files, sizes, hashes, and which graph belongs to which dtype.

A folder describes itself by `intab.json`, which is read here; listing.py has the other sources.
Names follow the Hugging Face layout that Transformers.js reads, with more of them in layout.py:
https://huggingface.co/docs/transformers.js/guides/dtypes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any

from intab.engine.hub.layout import GENAI, guess_dtype
from intab.engine.hub.manifest_checks import find_problems
from intab.engine.hub.roles import Need, Roles, as_dtypes, from_dtypes
from intab.engine.io.file_entry import FileEntry
from intab.errors import ManifestError

PREFERENCE = {
    "wasm": ("q8", "int8", "uint8", "q8f32", "fp32", "q4", "bnb4", "fp16", "q4f16"),
    "webgpu": ("q4f16", "q4", "fp16", "q8f32", "fp32", "q8", "int8", "uint8", "bnb4"),
    "cpu": ("q8", "int8", "uint8", "q8f32", "fp32", "q4", "bnb4", "fp16", "q4f16"),
}
# Dtypes whose products are of int8, unless their weights are made float.
INT8 = ("q8", "int8", "uint8")
# onnxruntime then makes int8 weights float while it loads a graph: q8f32 is q8's file, expanded.
EXPANDING = {"session.disable_quant_qdq": "1"}
_MOST_TOLD = 8  # problems of an intab.json
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
NEEDED = ("config.json", "tokenizer.json")


@dataclass(frozen=True)
class LongTest:
    """A prompt in pieces, each for one step; for each dtype the best id after each piece, then
    those that follow the last one greedily."""

    pieces: tuple[tuple[int, ...], ...]
    greedy_ids: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class SelfTest:
    """A prompt, and the ids that follow it greedily with each dtype; perhaps a long prompt too."""

    prompt_ids: tuple[int, ...]
    greedy_ids: dict[str, tuple[int, ...]]
    long: LongTest | None = None


@dataclass(frozen=True)
class Manifest:
    """A model folder's contents: `roles` maps a role (roles.py) to its dtypes, and a dtype to the
    graph and its external-data files; `devices` maps a dtype to where it runs, if any of them
    computes something else on one; `weights` maps a dtype to the bytes of its weights once they are
    loaded, `perplexity` to that on one text, and `psnr` to how near each graph's numbers are to
    fp32's in dB, if the folder tells."""

    files: dict[str, FileEntry]
    roles: Roles
    session_options: dict[str, str] = field(default_factory=dict)
    self_test: SelfTest | None = None
    devices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    perplexity: dict[str, float] = field(default_factory=dict)
    psnr: dict[str, dict[str, float]] = field(default_factory=dict)

    def loss(self, dtype: str) -> float:
        """How much more perplexity a dtype has than fp32, or than the best one there is: 0.05 for
        5 %; 0 if the folder does not tell."""
        if dtype not in self.perplexity:
            return 0.0
        best = self.perplexity.get("fp32") or min(self.perplexity.values())
        return self.perplexity[dtype] / best - 1

    def is_for(self, dtype: str, device: str) -> bool:
        """Whether a dtype may run on a device: anywhere, if the folder does not tell."""
        return device != "webgpu" or device in self.devices.get(dtype, (device,))

    def options_for(self, dtype: str) -> dict[str, str]:
        """The session options that a dtype's graph needs."""
        return {**self.session_options, **(EXPANDING if dtype == "q8f32" else {})}

    def entries(self, names: Iterable[str]) -> dict[str, FileEntry]:
        """The facts about these files; none about one that is not listed."""
        return {name: self.files.get(name, FileEntry()) for name in names}

    def expands(self, dtype: str) -> bool:
        """Whether its int8 weights are floats once they are loaded."""
        return EXPANDING.items() <= self.options_for(dtype).items()

    def multiplies_int8(self, dtype: str) -> bool:
        """Whether the products of a dtype's graph are of int8."""
        return dtype in INT8 and not self.expands(dtype)


def with_graph(
    manifest: Manifest, graph: str, dtype: str | None, roles: Sequence[str]
) -> tuple[Manifest, str]:
    """The manifest with the graph that was asked for by its path, and the dtype that it is there
    as: the one that was asked for, else what its name says. It is of the first of `roles`, unless
    it is known as another of them; none of these has another graph of that dtype."""
    known = {
        names[0]: (role, each)
        for role in roles
        for each, names in manifest.roles.get(role, {}).items()
        if dtype in (None, each)
    }
    role, kind = known.get(graph) or (roles[0], dtype or guess_dtype(graph))
    files = manifest.roles[role][kind] if graph in known else (graph,)
    left = {
        name: {d: names for d, names in its.items() if d != kind or name not in roles}
        for name, its in manifest.roles.items()
    }
    left[role] = {**left.get(role, {}), kind: files}
    kept = {name: its for name, its in left.items() if its}
    weights = {d: size for d, size in manifest.weights.items() if d != kind or graph in known}
    return replace(manifest, roles=kept, weights=weights), kind


def lone_graph(manifest: Manifest, need: Need) -> str:
    """The only graph of a folder, if the need takes any and none has a name that it knows; else
    "".

    >>> lone_graph(Manifest({"digits.onnx": FileEntry()}, {}), Need(("model",), lone=True))
    'digits.onnx'
    """
    if not need.lone or not manifest.roles.keys().isdisjoint(need.roles):
        return ""
    graphs = [name for name in manifest.files if name.endswith(".onnx")]
    return graphs[0] if len(graphs) == 1 else ""


def is_template(name: str) -> bool:
    """Whether a file is one of the model's chat templates."""
    additional = name.startswith("additional_chat_templates/") and name.endswith(".jinja")
    return additional or name in ("chat_template.jinja", "chat_template.json")


def is_text_file(name: str) -> bool:
    """Whether a file is one of those that a model may have beside its config and tokenizer."""
    return name in TEXT_FILES or is_template(name)


def is_text(name: str) -> bool:
    """Whether a file is a text of a model: it is read beside the graph."""
    return name in (*NEEDED, GENAI) or is_text_file(name)


def parse_manifest(data: Any) -> Manifest:
    """Read intab.json; every unknown key and every wrong entry is named in one ManifestError."""
    problems = list(islice(find_problems(data), _MOST_TOLD + 1))
    if problems:
        told = "; ".join([*problems[:_MOST_TOLD], *["and more"] * (len(problems) > _MOST_TOLD)])
        raise ManifestError(f"intab.json is not valid: {told}.")
    roles = _roles(data)
    dtypes = dict.fromkeys(dtype for its in roles.values() for dtype in its)
    files = {name: _entry(**entry) for name, entry in data["files"].items()}
    test = _self_test(data.get("self_test"), dtypes)
    options = dict(data.get("session_options", {}))
    figures = dict(data.get("perplexity", {})), dict(data.get("psnr", {}))
    return Manifest(files, roles, options, test, _devices(data), _weights(data), *figures)


def _devices(data: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Where each dtype runs; none if it is a list, which older folders have and which forbids
    nothing."""
    devices = data.get("devices")
    if not isinstance(devices, dict):
        return {}
    return {dtype: tuple(names) for dtype, names in devices.items()}


def _weights(data: dict[str, Any]) -> dict[str, int]:
    """The bytes of each dtype's weights; format 2 has several graphs of one dtype."""
    memory = data.get("memory", {}) if data["format"] == 1 else {}
    return {dtype: its["weights"] for dtype, its in memory.items() if "weights" in its}


def _roles(data: dict[str, Any]) -> Roles:
    if data["format"] == 1:
        return from_dtypes(data["dtypes"])
    return {
        role: {dtype: tuple(names) for dtype, names in its.items()}
        for role, its in data["roles"].items()
    }


def _entry(
    size: int = -1, sha256: str = "", chunk_size: int = 0, chunks: Iterable[str] = ()
) -> FileEntry:
    hashes = tuple(text.lower() for text in chunks)
    return FileEntry(size, sha256.lower(), chunk_size if hashes else 0, hashes)


def _self_test(data: dict[str, Any] | None, dtypes: Iterable[str]) -> SelfTest | None:
    """The self-test; its ids are one list for every dtype, or one for each of some."""
    if data is None:
        return None
    long = data.get("long")
    test = SelfTest(tuple(data["prompt_ids"]), _greedy_ids(data["greedy_ids"], dtypes))
    if long is None:
        return test
    pieces = tuple(tuple(piece) for piece in long["pieces"])
    return replace(test, long=LongTest(pieces, _greedy_ids(long["greedy_ids"], dtypes)))


def _greedy_ids(ids: Any, dtypes: Iterable[str]) -> dict[str, tuple[int, ...]]:
    by_dtype = ids if isinstance(ids, dict) else dict.fromkeys(dtypes, ids)
    return {dtype: tuple(row) for dtype, row in by_dtype.items()}


def describe(manifest: Manifest) -> dict[str, Any]:
    """The manifest as intab.json, for `parse_manifest`: in format 1 if that can say all of it,
    since older versions read nothing else."""
    dtypes = as_dtypes(manifest.roles)
    graphs = (
        {"format": 2, "roles": {role: _lists(its) for role, its in manifest.roles.items()}}
        if dtypes is None
        else {"format": 1, "dtypes": _lists(dtypes)}
    )
    test = {"self_test": asdict(manifest.self_test)} if manifest.self_test else {}
    devices = {dtype: list(names) for dtype, names in manifest.devices.items()}
    memory = {dtype: {"weights": size} for dtype, size in manifest.weights.items()}
    return {
        **graphs,
        "files": {
            name: {**asdict(entry), "chunks": list(entry.chunks)}
            for name, entry in manifest.files.items()
        },
        "session_options": manifest.session_options,
        **({"devices": devices} if devices else {}),
        **({"memory": memory} if memory else {}),
        **({"perplexity": manifest.perplexity} if manifest.perplexity else {}),
        **({"psnr": manifest.psnr} if manifest.psnr else {}),
        **test,
    }


def _lists(its: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {dtype: list(names) for dtype, names in its.items()}
