"""`python -m intab "Once upon a time"`: continue a text in the terminal."""

from __future__ import annotations

import argparse
import asyncio
import sys

import intab
from intab.native import terminal


def main() -> int:
    """Read the command line, stream the text; the exit status."""
    return terminal.run(_run)


def _run() -> int:
    arguments = _parser().parse_args()
    try:
        asyncio.run(_stream(arguments))
    except intab.errors.IntabError as exc:
        print(f"{type(exc).__name__}: {exc}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m intab", description=__doc__)
    parser.add_argument("prompt")
    parser.add_argument("--model", default="default", help="a name, an id or a folder")
    parser.add_argument("--chat", action="store_true", help="send the prompt as a chat message")
    parser.add_argument("--max-new-tokens", type=int)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--top-k", type=int)
    parser.add_argument("--top-p", type=float)
    parser.add_argument("--seed", type=int)
    return parser


async def _stream(arguments: argparse.Namespace) -> None:
    options = vars(arguments)
    text, name, as_chat = (options.pop(key) for key in ("prompt", "model", "chat"))
    model = await intab.load(name)
    prompt = [{"role": "user", "content": text}] if as_chat else text
    async for chunk in model.stream(prompt, **options):
        print(chunk, end="", flush=True)
    print()


if __name__ == "__main__":
    sys.exit(main())
