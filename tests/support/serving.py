"""A served folder for tests: a real uvicorn in a thread, and requests exactly as written.

http.client sends a path as it is; friendlier clients would tidy `..` away.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from starlette.types import ASGIApp

from intab.cli.headers import HUB
from intab.cli.http_server import AnnouncingServer, make_config
from intab.cli.serve import listen
from intab.cli.static import make_app


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Served:
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Header names are written with underscores: `if_none_match`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            return Answer(answer.status, answer.msg, answer.read())
        finally:
            connection.close()


@contextmanager
def serving(
    folder: Path,
    *,
    isolation: bool = True,
    connect: Sequence[str] = HUB,
    hosts: Sequence[str] = (),
    cors: bool = False,
    wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> Iterator[Served]:
    listener = listen("127.0.0.1", 0)
    started = threading.Event()
    app = make_app(folder, isolation=isolation, connect=connect, hosts=hosts, cors=cors)
    server = AnnouncingServer(make_config(wrap(app)), started.set)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        if not started.wait(60):
            raise TimeoutError("the server did not start")
        yield Served(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
