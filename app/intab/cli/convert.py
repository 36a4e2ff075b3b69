"""Convert a Hugging Face checkpoint into a folder that intab loads.

It reads the command line and shows progress; intab.convert does the work.

    intab convert CHECKPOINT --out DIR --dtypes q8,q4f16
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from intab.errors import IntabError
from intab.native.extras import advice

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from intab.convert.card import Report
    from intab.convert.progress import Say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    help_text = "a folder with config.json, safetensors, tokenizer.json"
    source.add_argument("checkpoint", type=Path, nargs="?", help=help_text)
    source.add_argument("--from-onnx", type=Path, metavar="DIR", help="a folder of ONNX graphs")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    known = "fp32,fp16,q8,q8f32,q4,q4f16,bnb4"
    help_text = f"of {known}; left out: fp32,q8,q8f32,q4f16, or all that --from-onnx has"
    parser.add_argument("--dtypes", help=help_text)
    parser.add_argument("--eval-text", type=Path, help="a text, for the perplexity of each dtype")


def run(options: argparse.Namespace) -> int:
    """Convert; the exit status."""
    try:
        _convert(options)
    except IntabError as exc:
        print(exc, file=sys.stderr)
        return 1
    except ModuleNotFoundError as exc:
        print(advice("`intab convert`", "convert", exc), file=sys.stderr)
        return 1
    return 0


def _convert(options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=1.0)
        report = _report(options, lambda what, share: _tell(progress, task, what, share))
    _show(console, report)
    console.print(f"{options.out} is ready")


def _tell(progress: Progress, task: TaskID, what: str, share: float) -> None:
    progress.update(task, description=what, completed=share)


def _report(options: argparse.Namespace, say: Say) -> Report:
    from intab.convert.community import optimise
    from intab.convert.converter import Request, convert

    dtypes = tuple(filter(None, (options.dtypes or "").split(",")))
    if options.from_onnx:
        return optimise(options.from_onnx, options.out, options.eval_text, say, dtypes)
    wanted = dtypes if options.dtypes is not None else Request.dtypes
    return convert(Request(options.checkpoint, options.out, wanted, options.eval_text), say)


def _show(console: Console, report: Report) -> None:
    from rich.table import Table

    from intab.convert.card import NOT_MEASURED, table

    shown = Table("dtype", "runs on", "MB", "perplexity", "against fp32")
    for row in table(report):
        shown.add_row(*row)
    console.print(shown)
    for remark in report.remarks:
        console.print(remark)
    if not report.measured:
        console.print(NOT_MEASURED)
