"""The `intab` command, `python -m intab` too: finds the sub-command and runs it.

Each sub-command is a module with `add_arguments` and `run`, which gives the exit status; errors of
intab's are shown here. It knows nothing of what they do.

    intab serve build/site --port 8000
    intab "Once upon a time"
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence

import intab
from intab.cli import convert, run, serve, storage
from intab.errors import IntabError
from intab.native import terminal

COMMANDS = {"run": run, "serve": serve, "convert": convert, "storage": storage}
_ABOUT_ALL = {"-h", "--help", "--version"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sub-command; its exit status."""
    return terminal.run(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    if given and given[0] not in _ABOUT_ALL | set(COMMANDS):
        _refuse_misspelt(parser, given)
        given.insert(0, "run")  # a prompt alone: intab "Once upon a time"
    options = parser.parse_args(given)
    try:
        status: int = COMMANDS[options.command].run(options)
    except IntabError as exc:
        print(f"{type(exc).__name__}: {exc}", file=sys.stderr)
        return 1
    return status


def _refuse_misspelt(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    """Exit with status 2 if the first word is nearly a command, and so hardly a prompt."""
    meant = difflib.get_close_matches(given[0], COMMANDS, 1, 0.75)
    if meant:
        parser.error(
            f"there is no command {given[0]}: {meant[0]} is one. A prompt of that word is written "
            f"intab run {given[0]}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="intab",
        description="Models in a browser tab, in Python. A prompt without a command is run.",
    )
    parser.add_argument("--version", action="version", version=f"intab {intab.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        summary = (module.__doc__ or "").splitlines()[0]
        module.add_arguments(commands.add_parser(name, help=summary, description=summary))
    return parser


if __name__ == "__main__":
    sys.exit(main())
