"""Runs uvicorn over a socket that is listening already.

A client that does not send a whole request head in time is hung up on: uvicorn itself would wait
for ever. It knows no command line: serve.py found the folder and the port.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN = 10.0  # seconds for a request's head, from its first byte or the connection's start


class AnnouncingServer(uvicorn.Server):
    """Calls `started` once requests are answered."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_start()


class PunctualProtocol(H11Protocol):
    """Closes a connection that is too slow to say what it wants."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """The time runs while a head is missing; a trickle of bytes does not begin it again."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(HEAD_WITHIN, self.transport.close)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def make_config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=PunctualProtocol,
        log_level="warning",
        server_header=False,
        # A browser keeps its connections; Ctrl-C must not wait for them.
        timeout_graceful_shutdown=1,
    )


def run(app: ASGIApp, listener: socket.socket, started: Callable[[], None]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        AnnouncingServer(make_config(app), started).run(sockets=[listener])
