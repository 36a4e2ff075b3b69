"""Which files embed ids, for decoders that take embeddings (Gemma 3n, what is left of multimodal
models without their pictures): `onnx/embed_tokens*.onnx`, as Transformers.js names them.

They stand behind the decoder's files in a dtype's list, and are loaded with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

STEM = "embed_tokens"
# What a decoder takes if there is no embedder of its own dtype: few bytes, in the same floats.
_HALVES = ("_fp16", "_q4f16")
_FLOATS = ("_quantized", "_int8", "_uint8", "_q4", "_bnb4", "")


def find_embedder(files: Collection[str], suffix: str, place: str = "onnx/") -> tuple[str, ...]:
    """The embedder's graph for a decoder in the folder `place` whose name has that suffix, and its
    data; () for none."""
    rest = (*_HALVES, *_FLOATS) if suffix in _HALVES else (*_FLOATS, *_HALVES)
    names = (f"{place}{STEM}{each}.onnx" for each in (suffix, *rest))
    graph = next((name for name in names if name in files), None)
    if graph is None:
        return ()
    return graph, *sorted(f for f in files if f.startswith((f"{graph}_data", f"{graph}.data")))


def embedder_graphs(suffixes: Iterable[str], place: str = "onnx/") -> list[str]:
    """What an embedder's graph may be called."""
    return [f"{place}{STEM}{suffix}.onnx" for suffix in suffixes]


def _is_embedder(path: str) -> bool:
    return path.rpartition("/")[2].startswith(STEM)


def split_graphs(files: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """A dtype's files: those of the decoder, those of the embedder."""
    first = next((at for at, name in enumerate(files) if _is_embedder(name)), len(files))
    return files[:first], files[first:]
