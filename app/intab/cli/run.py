"""Continues a text in the terminal, or answers a message.

intab run "Once upon a time" --model org/name
"""

from __future__ import annotations

import argparse
import asyncio

import intab
from intab.cli.progress import show_progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The prompt, the model, and the options of generation that are asked for most."""
    parser.add_argument("prompt")
    parser.add_argument("--model", default="default", help="a name, an id or a folder")
    parser.add_argument("--chat", action="store_true", help="send the prompt as a chat message")
    parser.add_argument("--max-new-tokens", type=int)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--top-k", type=int)
    parser.add_argument("--top-p", type=float)
    parser.add_argument("--seed", type=int)


def run(options: argparse.Namespace) -> int:
    """Stream the text; the exit status."""
    asyncio.run(_stream(options))
    return 0


async def _stream(arguments: argparse.Namespace) -> None:
    options = {name: value for name, value in vars(arguments).items() if name != "command"}
    text, name, as_chat = (options.pop(key) for key in ("prompt", "model", "chat"))
    with show_progress() as on_progress:
        model = await intab.load(name, on_progress=on_progress)
    prompt = [{"role": "user", "content": text}] if as_chat else text
    async for chunk in model.stream(prompt, **options):
        print(chunk, end="", flush=True)
    print()
