"""Lists, verifies, deletes, exports and imports the models that this machine has stored.

intab storage list
intab storage export org/name name.tar
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from intab.cli.progress import show_progress
from intab.engine.hub.locate import DEFAULT_ENDPOINT, locate
from intab.engine.storage.storage import Storage
from intab.engine.storage.stored import StoredModel
from intab.native.extras import advice


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs and what each of them needs."""
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, (_, summary, arguments) in VERBS.items():
        verb = verbs.add_parser(name, help=summary, description=summary)
        for argument, explanation in arguments.items():
            verb.add_argument(argument, help=explanation)
    verbs.choices["import"].add_argument("--model", help="what it is to be loaded by")


def run(options: argparse.Namespace) -> int:
    """Do what the verb says; 1 if something is damaged."""
    # Here, since who only serves pages need not have what runs models in CPython.
    try:
        from intab.native.runtime import NativeRuntime, endpoint, models_folder
    except ModuleNotFoundError as exc:
        print(advice("`intab storage`", "native", exc), file=sys.stderr)
        return 1

    services = NativeRuntime().services
    hub = endpoint() or DEFAULT_ENDPOINT
    storage = Storage(lambda: services, lambda spec: locate(spec, models_folder(), hub))
    return asyncio.run(VERBS[options.verb][0](storage, options))


async def _list(storage: Storage, _: argparse.Namespace) -> int:
    models = await storage.list()
    for model in models:
        print("  ".join(_line(model)))
    room = await storage.room()
    print(f"{len(models)} models, {sum(model.bytes for model in models):,} bytes", end="")
    print("" if room.free is None else f", room for {room.free:,} more")
    return 0


def _line(model: StoredModel) -> list[str]:
    state = "verified" if model.verified else "complete" if model.complete else "part"
    used = model.last_used and datetime.fromtimestamp(model.last_used, UTC)
    day = f"{used:%Y-%m-%d}" if used else "not used yet"
    return [model.name, model.revision or "-", f"{model.bytes:,}", state, day]


async def _verify(storage: Storage, options: argparse.Namespace) -> int:
    with show_progress() as on_progress:
        verdict = await storage.verify(options.model, on_progress=on_progress)
    print(f"{verdict.right:,} bytes are right", end="")
    print(f"; damaged and deleted: {', '.join(verdict.damaged)}" if verdict.damaged else "")
    return 1 if verdict.damaged else 0


async def _delete(storage: Storage, options: argparse.Namespace) -> int:
    await storage.delete(options.model)
    return 0


async def _export(storage: Storage, options: argparse.Namespace) -> int:
    with show_progress() as on_progress:
        written = await storage.export(options.model, options.file, on_progress=on_progress)
    print(written)
    return 0


async def _import(storage: Storage, options: argparse.Namespace) -> int:
    with show_progress() as on_progress:
        model = await storage.import_(options.file, options.model, on_progress=on_progress)
    print("  ".join(_line(model)))
    return 0


Work = Callable[[Storage, argparse.Namespace], Coroutine[Any, Any, int]]
_MODEL = {"model": "its name or its address, as `list` shows it"}
VERBS: dict[str, tuple[Work, str, dict[str, str]]] = {
    "list": (_list, "name, revision, bytes, state and last use of each model", {}),
    "verify": (_verify, "read a model and delete what is damaged", _MODEL),
    "delete": (_delete, "delete a model", _MODEL),
    "export": (_export, "write a model to a tar file", {**_MODEL, "file": "the file to write"}),
    "import": (_import, "store a model from a tar file", {"file": "the file to read"}),
}
