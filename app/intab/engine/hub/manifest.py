"""What a model folder holds: files, sizes, hashes, and which graph belongs to which dtype.

A folder describes itself by `intab.json`, which is read here; what else tells is in listing.py.
Names follow the Hugging Face layout that Transformers.js reads, with more of them in layout.py:
https://huggingface.co/docs/transformers.js/guides/dtypes
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any

from intab.engine.hub.layout import GENAI, guess_dtype
from intab.engine.hub.manifest_checks import find_problems
from intab.engine.io.file_entry import FileEntry
from intab.errors import DeviceError, ManifestError, ModelNotFoundError

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
    """A model folder's contents: `dtypes` maps a dtype to its graph and external-data files,
    `devices` to where it runs, if any of them computes something else on one."""

    files: dict[str, FileEntry]
    dtypes: dict[str, tuple[str, ...]]
    session_options: dict[str, str] = field(default_factory=dict)
    self_test: SelfTest | None = None
    devices: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def is_for(self, dtype: str, device: str) -> bool:
        """Whether a dtype may run on a device: anywhere, where the folder does not tell."""
        return device != "webgpu" or device in self.devices.get(dtype, (device,))

    def options_for(self, dtype: str) -> dict[str, str]:
        """The session options that a dtype's graph needs."""
        return {**self.session_options, **(EXPANDING if dtype == "q8f32" else {})}

    def entries(self, names: Iterable[str]) -> dict[str, FileEntry]:
        """What is known of these files; nothing of one that is not listed."""
        return {name: self.files.get(name, FileEntry()) for name in names}

    def expands(self, dtype: str) -> bool:
        """Whether its int8 weights are floats once they are loaded."""
        return EXPANDING.items() <= self.options_for(dtype).items()

    def multiplies_int8(self, dtype: str) -> bool:
        """Whether the products of a dtype's graph are of int8."""
        return dtype in INT8 and not self.expands(dtype)

    def choose_dtype(self, device: str, wanted: str | None = None) -> tuple[str, str]:
        """The dtype to load on `device` and why: the wanted one, else what the device runs best."""
        have = ", ".join(self.dtypes) or "none"
        if wanted is not None and wanted not in self.dtypes:
            raise DeviceError(f"The model has no dtype {wanted!r}; it has: {have}.")
        if wanted is not None:
            if not self.is_for(wanted, device):
                raise DeviceError(
                    f"The model's {wanted} computes something else on {device}: choose "
                    f"{' or '.join(self.devices[wanted])}, or another dtype."
                )
            return wanted, "as asked for"
        for dtype in PREFERENCE[device]:
            if dtype in self.dtypes and self.is_for(dtype, device):
                only = len(self.dtypes) == 1
                return dtype, "the model's only dtype" if only else f"best on {device} of {have}"
        if self.dtypes:
            raise DeviceError(f"None of the model's dtypes is for {device}; it has: {have}.")
        raise ModelNotFoundError(
            f"The folder holds no onnx/model*.onnx (dtypes found: {have}): "
            "export the model to ONNX first."
        )


def with_graph(manifest: Manifest, graph: str, dtype: str | None) -> tuple[Manifest, str]:
    """The manifest with the graph that was asked for by its path, and the dtype that it is there
    as: the one that was asked for, else what its name says."""
    for known, names in manifest.dtypes.items():
        if names[0] == graph and dtype in (None, known):
            return manifest, known
    kind = dtype or guess_dtype(graph)
    return replace(manifest, dtypes={**manifest.dtypes, kind: (graph,)}), kind


def is_template(name: str) -> bool:
    """Whether a file is one of the model's chat templates."""
    additional = name.startswith("additional_chat_templates/") and name.endswith(".jinja")
    return additional or name in ("chat_template.jinja", "chat_template.json")


def is_text_file(name: str) -> bool:
    """Whether a file is one of those that a model may have beside its config and tokenizer."""
    return name in TEXT_FILES or is_template(name)


def is_text(name: str) -> bool:
    """Whether a file is a text of a model: what is read of it beside the graph."""
    return name in (*NEEDED, GENAI) or is_text_file(name)


def parse_manifest(data: Any) -> Manifest:
    """Read intab.json; every unknown key and every wrong entry is named in one ManifestError."""
    problems = list(islice(find_problems(data), _MOST_TOLD + 1))
    if problems:
        told = "; ".join([*problems[:_MOST_TOLD], *["and more"] * (len(problems) > _MOST_TOLD)])
        raise ManifestError(f"intab.json is not valid: {told}.")
    dtypes = {dtype: tuple(names) for dtype, names in data["dtypes"].items()}
    files = {name: _entry(**entry) for name, entry in data["files"].items()}
    test = _self_test(data.get("self_test"), dtypes)
    by_dtype = data.get("devices")
    devices = {k: tuple(v) for k, v in by_dtype.items()} if isinstance(by_dtype, dict) else {}
    return Manifest(files, dtypes, dict(data.get("session_options", {})), test, devices)


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
        **(
            {"devices": {k: list(v) for k, v in manifest.devices.items()}}
            if manifest.devices
            else {}
        ),
        **test,
    }
