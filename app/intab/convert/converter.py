"""From a checkpoint's folder to a model folder.

    convert(Request(Path("checkpoint"), Path("model"), ("fp32", "q8")))

Every dtype is written, read again and run; the folder appears when all of it is right.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from intab.convert.architecture import Architecture, Weights
from intab.convert.card import NOTE, Report, Row, card
from intab.convert.checkpoint import Checkpoint
from intab.convert.decoder import decoder
from intab.convert.describing import self_test, write_manifest
from intab.convert.evaluating import MOST, WINDOW, perplexity
from intab.convert.families import read_model
from intab.convert.forms import FORMS
from intab.convert.kernels import check_kernels
from intab.convert.reading import copy_texts, read_tokenizer
from intab.convert.running import Runner
from intab.convert.saving import save
from intab.convert.staging import check_room, staged
from intab.engine.manifest import SUFFIXES
from intab.errors import ConvertError

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What is to be converted into what; `text` is read for the perplexities."""

    checkpoint: Path
    out: Path
    dtypes: tuple[str, ...] = ("fp32", "q8", "q4f16")
    text: Path | None = None


def convert(request: Request, say: Say = lambda _: None) -> Report:
    """Write the model folder; ConvertError says what stands against it."""
    check_dtypes(request.dtypes)
    checkpoint = Checkpoint(request.checkpoint)
    tokenizer = read_tokenizer(request.checkpoint)
    ids = read_text(request.text, tokenizer)
    model = Source(*read_model(checkpoint))
    check_room(request.out, expected_bytes(checkpoint, request.dtypes))
    with staged(request.out) as draft:
        copy_texts(request.checkpoint, draft)
        files = {dtype: write_graph(draft, dtype, model, say) for dtype in request.dtypes}
        with reference(draft, files, model, say) as fp32:
            report = make_report(draft, files, fp32, ids, say)
            test = self_test(fp32, tokenizer)
        say("intab.json")
        write_manifest(
            draft,
            files,
            name=request.out.name,
            devices=devices(request.dtypes),
            memory={row.dtype: row.size for row in report.rows},
            self_test=test,
        )
        write_card(draft / "README.md", request, model.arch.family, report, len(ids))
    return report


@dataclass(frozen=True)
class Source:
    """What graphs are written from."""

    arch: Architecture
    weights: Weights


def read_text(path: Path | None, tokenizer: Tokenizer) -> list[int]:
    """The ids of the text to evaluate on, none without one."""
    if path is None:
        return []
    if not path.is_file():
        raise ConvertError(f"{path} is not there: give --eval-text a text file.")
    ids: list[int] = tokenizer.encode(path.read_text(encoding="utf-8")).ids
    if len(ids) < 2:
        raise ConvertError(f"{path} has {len(ids)} tokens: give --eval-text a longer text.")
    return ids


def devices(dtypes: tuple[str, ...]) -> list[str]:
    """The devices that one of the dtypes is made for, the fastest first."""
    wanted = {device for dtype in dtypes for device in FORMS[dtype].devices}
    return [device for device in ("webgpu", "wasm") if device in wanted]


@contextmanager
def reference(
    folder: Path, files: dict[str, list[str]], model: Source, say: Say
) -> Iterator[Runner]:
    """The fp32 graph in native onnxruntime: the folder's, or one made for the while."""
    if "fp32" in files:
        yield Runner(folder / files["fp32"][0])
        return
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        [graph, *_] = write_graph(Path(scratch), "fp32", model, say)
        yield Runner(Path(scratch) / graph)


def make_report(
    folder: Path, files: dict[str, list[str]], fp32: Runner, ids: list[int], say: Say
) -> Report:
    """Sizes and perplexities of all graphs beside fp32's."""

    def row(dtype: str, names: list[str]) -> Row:
        say(f"{dtype}: perplexity" if ids else dtype)
        size = sum((folder / name).stat().st_size for name in names)
        runner = fp32 if dtype == "fp32" else Runner(folder / names[0])
        return Row(dtype, FORMS[dtype].devices, size, perplexity(runner, ids) if ids else 0.0)

    rows = [row(dtype, names) for dtype, names in files.items()]
    known = next((row for row in rows if row.dtype == "fp32"), None)
    whole = known or Row("fp32", (), fp32.size, perplexity(fp32, ids) if ids else 0.0)
    return Report(tuple(rows), whole)


def write_card(path: Path, request: Request, family: str, report: Report, tokens: int) -> None:
    """The folder's README.md."""
    note = ""
    if request.text:
        note = NOTE.format(tokens=min(tokens, MOST), text=request.text.name, window=WINDOW)
    path.write_text(card(request.out.name, family, report, note), encoding="utf-8")


def check_dtypes(dtypes: tuple[str, ...]) -> None:
    """ConvertError names a dtype that is not known."""
    unknown = [dtype for dtype in dtypes if dtype not in FORMS]
    if unknown or not dtypes:
        wrong = ", ".join(unknown) or "none"
        raise ConvertError(f"The dtypes are {', '.join(FORMS)}; asked for: {wrong}.")


def write_graph(folder: Path, dtype: str, model: Source, say: Say) -> list[str]:
    """Write one dtype's graph; its files, relative to the folder."""
    say(dtype)
    form = FORMS[dtype]
    graph = decoder(model.arch, model.weights, form)
    for device in form.devices:
        check_kernels(graph, device, dtype)
    names = save(graph, folder / "onnx", f"model{SUFFIXES[dtype]}.onnx")
    return [f"onnx/{name}" for name in names]


def expected_bytes(checkpoint: Checkpoint, dtypes: tuple[str, ...]) -> int:
    """About what the graphs will take on disk."""
    made = {*dtypes, "fp32"}  # which the others are compared with
    return sum(int(checkpoint.parameters() * FORMS[dtype].bytes_a_weight) for dtype in made)
