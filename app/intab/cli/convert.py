"""Convert a Hugging Face checkpoint into a folder that intab loads.

It reads the command line and shows progress; intab.convert does the work.

    intab convert CHECKPOINT --out DIR --dtypes q8,q4f16
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from intab.errors import IntabError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    help_text = "a folder with config.json, safetensors, tokenizer.json"
    source.add_argument("checkpoint", type=Path, nargs="?", help=help_text)
    source.add_argument("--from-onnx", type=Path, metavar="DIR", help="a folder of ONNX graphs")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    parser.add_argument("--dtypes", default="fp32,q8,q4f16", help="fp32,fp16,q8,q4,q4f16,bnb4")
    parser.add_argument("--eval-text", type=Path, help="a text, for the perplexity of each dtype")


def run(options: argparse.Namespace) -> int:
    """Convert; the exit status."""
    try:
        _convert(options)
    except IntabError as exc:
        print(exc, file=sys.stderr)
        return 1
    except ModuleNotFoundError as exc:
        print(f"{exc.name} is not installed; try: pip install 'intab[convert]'", file=sys.stderr)
        return 1
    return 0


def _convert(options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.table import Table

    from intab.convert.card import table
    from intab.convert.community import optimise
    from intab.convert.converter import Request, convert

    console = Console(stderr=True)
    if options.from_onnx:
        with console.status("reading") as status:
            optimise(options.from_onnx, options.out, status.update)
        console.print(f"{options.out} is ready")
        return
    dtypes = tuple(filter(None, options.dtypes.split(",")))
    request = Request(options.checkpoint, options.out, dtypes, options.eval_text)
    with console.status("reading") as status:
        report = convert(request, status.update)
    shown = Table("dtype", "runs on", "MB", "perplexity", "against fp32")
    for row in table(report):
        shown.add_row(*row)
    console.print(shown)
    console.print(f"{options.out} is ready")
