"""The `intab` command: finds the sub-command and runs it.

Each sub-command is a module with `add_arguments` and `run`. It knows nothing of what they do.

    intab serve build/site --port 8000
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from intab.cli import convert, serve, storage
from intab.native import terminal

COMMANDS = {"serve": serve, "convert": convert, "storage": storage}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sub-command; its exit status."""
    return terminal.run(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    status: int = COMMANDS[options.command].run(options)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="intab", description="Language models in a browser tab")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        summary = (module.__doc__ or "").splitlines()[0]
        module.add_arguments(commands.add_parser(name, help=summary, description=summary))
    return parser


if __name__ == "__main__":
    sys.exit(main())
