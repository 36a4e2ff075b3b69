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

from intab.cli.headers import HUB
from intab.native.extras import advice

PORTS_TRIED = 50
LAST_PORT = 65535
LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  what listens on every address of the machine
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ORIGIN = re.compile(
    rf"https?://(?:\*\.)?{_LABEL}(?:\.{_LABEL})*(?::(?P<port>\d{{1,9}}))?", re.IGNORECASE | re.ASCII
)


class ServeError(Exception):
    """The site cannot be served; the message says why and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, help="the site (default: build/site)")
    parser.add_argument(
        "--host",
        action="append",
        help="address to listen on (default: 127.0.0.1); given again, a name it is reached by",
    )
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
        help="let the page fetch models from there too, e.g. https://models.example.org or, "
        "with all of its sub-domains, https://*.example.org",
    )
    parser.add_argument(
        "--no-hub",
        action="store_true",
        help=f"do not let the page fetch models from the hub ({' '.join(HUB)})",
    )
    parser.add_argument(
        "--cors", action="store_true", help="let pages of any other origin use the site"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")


def run(options: argparse.Namespace) -> int:
    try:
        folder = find_site(options.folder)
        options.connect = [*(() if options.no_hub else HUB), *map(read_origin, options.connect)]
        options.host, *options.names = options.host or ["127.0.0.1"]
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
            check_page(candidate)
            return candidate.resolve()
    raise ServeError(f"There is no site in {candidates[0]}; run `make site`, or name its folder.")


def check_page(folder: Path) -> None:
    """The site, or a folder with pages somewhere below; the checkout itself is not meant."""
    if (folder / "index.html").is_file():
        return
    built = folder / "build/site"
    below = [page for depth in ("*", "*/*") for page in folder.glob(f"{depth}/*.html")]
    if not below or built.is_dir():
        hint = f"serve {built}" if (built / "index.html").is_file() else "run `make site`"
        raise ServeError(f"There is no index.html in {folder}: {hint}, or name the site's folder.")
    shown = min(below).relative_to(folder).as_posix()
    print(f"There is no index.html in {folder}, but pages below it, such as {shown}.", flush=True)


def read_origin(text: str) -> str:
    """An origin as it goes into the Content-Security-Policy, which would skip whatever is none."""
    origin = text.removesuffix("/")
    found = _ORIGIN.fullmatch(origin)
    if found and 0 < int(found["port"] or 1) <= LAST_PORT:
        return origin
    if "@" in text:  # perhaps a password
        raise ServeError("--connect takes an origin without a name and password.")
    if found:
        raise ServeError(f"{text!r} has no port from 1 to {LAST_PORT}.")
    hint = _in_ascii(origin)
    raise ServeError(
        f"{text!r} is not an origin such as https://huggingface.co or https://*.hf.co"
        f"{f'; browsers know this one as {hint}' if hint else ''}."
    )


def _in_ascii(origin: str) -> str:
    """The ASCII spelling of an origin with other letters, "" where that is not what is wrong."""
    scheme, separator, rest = origin.partition("://")
    host, colon, port = rest.partition(":")
    try:
        spelt = f"{scheme}{separator}{host.encode('idna').decode()}{colon}{port}"
    except UnicodeError:
        return ""
    return spelt if spelt != origin and _ORIGIN.fullmatch(spelt) else ""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on the first free port from `port` on."""
    if not 0 <= port <= LAST_PORT:
        raise ServeError(f"--port must be from 0 (any free one) to {LAST_PORT}, not {port}.")
    last = min(port + PORTS_TRIED, LAST_PORT) if port else 0
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
        from intab.cli import http_server, static
    except ImportError as error:
        raise ServeError(advice("`intab serve`", "serve", error)) from error

    address = address_of(listener, options.host)
    isolation = not options.no_isolation
    hosts = reached_by(options.host, options.names)
    app = static.make_app(
        folder, isolation=isolation, connect=options.connect, hosts=hosts, cors=options.cors
    )
    http_server.run(app, listener, lambda: _announce(address, options))


def reached_by(host: str, names: Sequence[str]) -> list[str]:
    """What visitors may call this server: an address that was bound, its names; where all were, any
    address and the machine's own name."""
    if host not in EVERYWHERE:
        return [host, *names]
    own = socket.gethostname()
    return ["*", own, f"{own}.local", *names]


def _announce(address: str, options: argparse.Namespace) -> None:
    if options.host not in LOOPBACK:
        print("Browsers on other machines give threads and WebGPU to HTTPS pages only.")
    print(f"The page is at {address} (Ctrl-C stops)", flush=True)
    if options.open:
        webbrowser.open(address)
