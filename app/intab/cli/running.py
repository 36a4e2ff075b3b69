"""Runs uvicorn over a socket that is listening already.

It knows no command line: serve.py found the folder and the port.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp


class AnnouncingServer(uvicorn.Server):
    """Calls `started` once requests are answered."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_start()


def make_config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        # A browser keeps its connections; Ctrl-C must not wait for them.
        timeout_graceful_shutdown=1,
    )


def run(app: ASGIApp, listener: socket.socket, started: Callable[[], None]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        AnnouncingServer(make_config(app), started).run(sockets=[listener])
