"""A model in one GGUF file, or in several parts that lie beside each other.

read_parts(Path("model-00001-of-00003.gguf")).tensors      # those of all three
"""

from __future__ import annotations

from pathlib import Path

from intab.convert.gguf.container import Header, read_header
from intab.convert.gguf.finding import PART
from intab.errors import ConvertError

MOST_PARTS = 10_000
_OTHERS = {  # general.type of files that are no model
    "adapter": "is a LoRA adapter, not a whole model: merge it into its model first",
    "imatrix": "is an importance matrix, which quantizing a model needs, and no model",
    "mmproj": "is a vision projector (mmproj): give the file of the model that writes text",
    "vocab": "is a vocabulary without a model: give the file with the weights",
}


def read_parts(path: Path) -> Header:
    """The header of a model, with the tensors of all its parts."""
    header = read_header(path)
    _check_kind(header)
    count = header.metadata.get("split.count", 1)
    if type(count) is not int or not 0 <= count <= MOST_PARTS:
        raise ConvertError(f"{path} says that it is one of {count!r} parts: fetch it again.")
    if count <= 1:
        return header
    headers = [_read_part(path, header, one) for one in _paths(path, count)]
    tensors = {name: where for one in headers for name, where in one.tensors.items()}
    wanted = headers[0].metadata.get("split.tensors.count", len(tensors))
    if wanted != len(tensors) or sum(len(one.tensors) for one in headers) != len(tensors):
        raise ConvertError(
            f"The parts of {path} have {len(tensors)} tensors, and the first says {wanted!r}: they "
            "belong to different models, or one is damaged."
        )
    _check_kind(headers[0])
    return Header(headers[0].path, headers[0].metadata, tensors)


def _paths(path: Path, count: int) -> list[Path]:
    part = PART.fullmatch(path.name)
    if part is None or int(part[3]) != count:
        raise ConvertError(
            f"{path.name} is one of {count} parts: give all their first names, such as "
            f"model-00001-of-{count:05}.gguf."
        )
    names = [f"{part[1]}-{number:05}-of-{part[3]}{path.suffix}" for number in range(1, count + 1)]
    missing = [name for name in names if not (path.parent / name).is_file()]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise ConvertError(
            f"{path.name} is one of {count} parts: put {', '.join(missing[:3])}{more} beside it."
        )
    return [path.parent / name for name in names]


def _read_part(path: Path, header: Header, one: Path) -> Header:
    found = header if one == path else read_header(one)
    number = int(PART.fullmatch(one.name)[2]) - 1  # type: ignore[index]
    if found.metadata.get("split.no") != number:
        raise ConvertError(f"{one} is not part {number + 1}, as its name says: fetch it again.")
    return found


def _check_kind(header: Header) -> None:
    """ConvertError for a file that is no model."""
    kind = header.metadata.get("general.type")
    if header.metadata.get("general.architecture") == "clip":
        kind = "mmproj"
    if isinstance(kind, str) and kind in _OTHERS:
        raise ConvertError(f"{header.path} {_OTHERS[kind]}.")
