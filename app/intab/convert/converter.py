"""From a checkpoint's folder to a model folder.

    convert(Request(Path("checkpoint"), Path("model"), ("fp32", "q8")))

Every dtype is written, read again and run; the folder appears when all of it is right.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from intab.convert.architecture import Architecture, Weights
from intab.convert.checkpoint import Checkpoint
from intab.convert.decoder import decoder
from intab.convert.describing import PROMPT, SELF_TEST_LENGTH, write_manifest
from intab.convert.families import read_model
from intab.convert.forms import FORMS
from intab.convert.running import Runner
from intab.convert.saving import save
from intab.convert.staging import check_room, staged
from intab.engine.manifest import SUFFIXES, is_text_file
from intab.errors import ConvertError

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What is to be converted into what."""

    checkpoint: Path
    out: Path
    dtypes: tuple[str, ...] = ("fp32", "q8")


def convert(request: Request, say: Say = lambda _: None) -> None:
    """Write the model folder; ConvertError says what stands against it."""
    check_dtypes(request.dtypes)
    checkpoint = Checkpoint(request.checkpoint)
    tokenizer = read_tokenizer(request.checkpoint)
    arch, weights = read_model(checkpoint)
    check_room(request.out, expected_bytes(checkpoint, request.dtypes))
    with staged(request.out) as draft:
        copy_texts(request.checkpoint, draft)
        files = {dtype: write_graph(draft, dtype, arch, weights, say) for dtype in request.dtypes}
        say("intab.json")
        write_manifest(
            draft, files, name=request.out.name, self_test=self_test(draft, files, tokenizer)
        )


def check_dtypes(dtypes: tuple[str, ...]) -> None:
    """ConvertError names a dtype that is not known."""
    unknown = [dtype for dtype in dtypes if dtype not in FORMS]
    if unknown or not dtypes:
        wrong = ", ".join(unknown) or "none"
        raise ConvertError(f"The dtypes are {', '.join(FORMS)}; asked for: {wrong}.")


def read_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer; ConvertError where there is none that can be used."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ConvertError(
            f"{folder} has no tokenizer.json: save the tokenizer with "
            "AutoTokenizer.from_pretrained(...).save_pretrained(...) first."
        )
    try:
        return Tokenizer.from_file(str(path))
    except Exception as exc:  # tokenizers raises Exception itself
        raise ConvertError(f"{path} cannot be read ({exc}): fetch it again.") from exc


def copy_texts(source: Path, target: Path) -> None:
    """Config, tokenizer and templates, as they are."""
    names = (path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    for name in names:
        if name in ("config.json", "tokenizer.json") or is_text_file(name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)


def write_graph(
    folder: Path, dtype: str, arch: Architecture, weights: Weights, say: Say
) -> list[str]:
    """Write one dtype's graph; its files, relative to the folder."""
    say(dtype)
    model = decoder(arch, weights, FORMS[dtype])
    names = save(model, folder / "onnx", f"model{SUFFIXES[dtype]}.onnx")
    return [f"onnx/{name}" for name in names]


def self_test(folder: Path, files: dict[str, list[str]], tokenizer: Tokenizer) -> dict[str, Any]:
    """A prompt and the ids that the folder's most exact graph has follow it."""
    dtype = next(dtype for dtype in FORMS if dtype in files)
    prompt = tokenizer.encode(PROMPT).ids
    greedy = Runner(folder / files[dtype][0]).greedy(prompt, SELF_TEST_LENGTH)
    return {"prompt_ids": prompt, "greedy_ids": greedy}


def expected_bytes(checkpoint: Checkpoint, dtypes: tuple[str, ...]) -> int:
    """About what the graphs will take on disk."""
    parameters = checkpoint.parameters()
    return sum(int(parameters * FORMS[dtype].bytes_a_weight) for dtype in dtypes)
