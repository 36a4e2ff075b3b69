"""Serve an assembled site on this machine.

Loopback by default; a port in use is said and the next free one taken; the address is the last
line printed at start. It knows nothing of what is served; static.py does.
"""

from __future__ import annotations

import argparse
import errno
import re
import socket
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

PORTS_TRIED = 50
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ServeError(Exception):
    """The site cannot be served; the message says why and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, help="the site (default: build/site)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free one")
    parser.add_argument(
        "--no-isolation",
        action="store_true",
        help="leave COOP and COEP out: the page runs without threads and shared memory",
    )
    parser.add_argument(
        "--connect",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let the page fetch models from there too, e.g. https://huggingface.co",
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")


def run(options: argparse.Namespace) -> int:
    try:
        folder = find_site(options.folder)
        check_origins(options.connect)
        with listen(options.host, options.port) as listener:
            _serve(folder, listener, options)
    except ServeError as error:
        print(f"intab: {error}", file=sys.stderr)
        return 1
    return 0


def find_site(folder: Path | None) -> Path:
    """The folder named, else build/site here, else that of the checkout this code lies in."""
    checkout = Path(__file__).resolve().parents[3]
    candidates = [folder] if folder else [Path("build/site"), checkout / "build/site"]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate.resolve()
    raise ServeError(f"There is no site in {candidates[0]}; run `make site`, or name its folder.")


def check_origins(origins: Sequence[str]) -> None:
    """What goes into the Content-Security-Policy is an origin and nothing more."""
    for origin in origins:
        if not re.fullmatch(r"https?://[\w.-]+(:\d+)?", origin):
            raise ServeError(f"{origin!r} is not an origin such as https://huggingface.co.")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on the first free port from `port` on."""
    last = min(port + PORTS_TRIED, 65535) if port else 0
    for candidate in range(port, last + 1):
        try:
            return _listen(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ServeError(
                    f"Cannot listen on {host}:{candidate}: {error.strerror or error}."
                ) from error
            print(f"Port {candidate} is in use, trying the next one.", flush=True)
    raise ServeError(f"No free port from {port} to {last}; name another with --port.")


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket, host: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}/"


def _serve(folder: Path, listener: socket.socket, options: argparse.Namespace) -> None:
    # Imported here, so that the other sub-commands work without the `serve` extra.
    try:
        from intab.cli import running, static
    except ImportError as error:
        raise ServeError(
            f"`intab serve` needs {error.name}; install it with: pip install 'intab[serve]'"
        ) from error

    address = address_of(listener, options.host)
    isolation = not options.no_isolation
    app = static.make_app(folder, isolation=isolation, connect=options.connect)
    running.run(app, listener, lambda: _announce(address, options))


def _announce(address: str, options: argparse.Namespace) -> None:
    if options.host not in LOOPBACK:
        print("Browsers on other machines give threads and WebGPU to HTTPS pages only.")
    print(f"The page is at {address} (Ctrl-C stops)", flush=True)
    if options.open:
        webbrowser.open(address)
