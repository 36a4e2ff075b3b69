"""Convert a Hugging Face checkpoint or a GGUF file into a folder that intab loads.

It reads the command line and shows progress; intab.convert does the work.

    intab convert CHECKPOINT --out DIR --dtypes q8,q4f16
    intab convert org/name --out DIR
    intab convert MODEL.gguf --out DIR
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from intab.errors import ConvertError
from intab.native.extras import advice

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from intab.convert.card import Report
    from intab.convert.pictures.table import PicturesReport
    from intab.convert.progress import Say

READY = """{out} is ready.
In a terminal:
  python -m intab "Once upon a time" --model {quoted}
In Python:
  model = await intab.load({path!r})
In a page of the site that `make site` assembles in build/site:
  {copy}
  intab serve build/site
and in its editor:
  model = await intab.load({name!r})"""

PICTURES = """{out} is ready.
In Python:
  pipe = await intab.pipeline("text-to-image", {path!r})
In a page of the site that `make site` assembles in build/site:
  {copy}
  intab serve build/site
and in its editor:
  pipe = await intab.pipeline("text-to-image", {name!r})"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    help_text = "a folder with config.json, safetensors, tokenizer.json, a GGUF file, or a hub's id"
    source.add_argument("checkpoint", nargs="?", help=help_text)
    source.add_argument(
        "--from-onnx", type=Path, metavar="DIR", help="a folder of ONNX graphs, diffusers' too"
    )
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    known = "fp32,fp16,q8,q8f32,q4,q4f16,bnb4"
    help_text = f"of {known}; left out: fp32,q8,q8f32,q4f16, or all that --from-onnx has"
    parser.add_argument("--dtypes", help=help_text)
    parser.add_argument("--eval-text", type=Path, help="a text, for the perplexity of each dtype")
    help_text = "keys of config.json that are not known, and change nothing of what is computed"
    parser.add_argument("--ignore-keys", default="", metavar="KEYS", help=help_text)


def run(options: argparse.Namespace) -> int:
    """Convert; the exit status."""
    try:
        _convert(options)
    except ModuleNotFoundError as exc:
        print(advice("`intab convert`", "convert", exc), file=sys.stderr)
        return 1
    return 0


def _convert(options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from intab.convert.card import Report

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=1.0)
        report = _report(options, lambda what, share: _tell(progress, task, what, share))
    _show(console, report)
    words = READY if isinstance(report, Report) else PICTURES
    print(ready(options.out, words), file=sys.stderr)


def ready(out: Path, words: str = READY) -> str:
    """How a model folder is loaded and served, in commands that work as they stand."""
    path = str(out.resolve())
    name = out.name if re.fullmatch(r"[A-Za-z0-9][\w.-]*", out.name, re.ASCII) else "my-model"
    windows = os.name == "nt"
    quoted = subprocess.list2cmdline([path]) if windows else shlex.quote(path)
    site = f"build\\site\\models\\{name}" if windows else f"build/site/models/{name}"
    copy = f"xcopy /E /I {quoted} {site}" if windows else f"cp -r {quoted} {site}"
    return words.format(out=out, path=path, quoted=quoted, copy=copy, name=name)


def _tell(progress: Progress, task: TaskID, what: str, share: float) -> None:
    progress.update(task, description=what, completed=share)


def _report(options: argparse.Namespace, say: Say) -> Report | PicturesReport:
    from intab.cli.fetching import checkpoint_of
    from intab.convert.community import optimise
    from intab.convert.converter import Request, check_dtypes, convert
    from intab.convert.pictures.converting import convert_pictures
    from intab.convert.pictures.folder import is_pipeline

    dtypes = tuple(filter(None, (options.dtypes or "").split(",")))
    if options.from_onnx and is_pipeline(options.from_onnx):
        _check_no_text(options.eval_text)
        return convert_pictures(options.from_onnx, options.out, dtypes, say)
    if options.from_onnx:
        return optimise(options.from_onnx, options.out, options.eval_text, say, dtypes)
    wanted = dtypes if options.dtypes is not None else None
    if wanted is not None:
        check_dtypes(wanted)  # before anything is fetched
    ignored = tuple(filter(None, options.ignore_keys.split(",")))
    with checkpoint_of(options.checkpoint, options.out, say) as folder:
        request = Request(folder, options.out, wanted, options.eval_text, ignored=ignored)
        return convert(request, say)


def _check_no_text(text: Path | None) -> None:
    """ConvertError for a text that nothing would be measured on."""
    if text is not None:
        raise ConvertError("--eval-text is for models of texts: pictures are measured without one.")


def _show(console: Console, report: Report | PicturesReport) -> None:
    from rich.table import Table

    from intab.convert.card import NOT_MEASURED, Report, table
    from intab.convert.pictures.table import COLUMNS

    if isinstance(report, Report):
        columns: Sequence[str] = ("dtype", "runs on", "MB", "perplexity", "against fp32")
        rows, last = table(report), [] if report.measured else [NOT_MEASURED]
    else:
        columns, rows, last = COLUMNS, [row.cells for row in report.rows], []
    shown = Table(*columns)
    for row in rows:
        shown.add_row(*row)
    console.print(shown)
    for remark in (*report.remarks, *last):
        console.print(remark, markup=False)
