"""Visits of a page whose worker does one job at a time, and what they take.

No debugger is attached, since that keeps what comes over the network in the page's memory. The
worker asks the bench's desk for jobs, {"do": NAME, ...}, and brings back their results; before the
first it says that it is ready. Each visit is a browser of its own; what it stores stays in its
profile's folder.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

from bench.renderers import renderers
from tests.browser.conftest import launch_args

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
READY_SECONDS, JOB_SECONDS = 90, 300


@dataclass
class Desk:
    """Where jobs are handed out and results are handed in."""

    address: str = ""
    jobs: Queue[str] = field(default_factory=Queue)
    results: Queue[str] = field(default_factory=Queue)


@contextmanager
def open_desk() -> Iterator[Desk]:
    """A server of a desk, on a port of its own."""
    desk = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(desk.jobs.get())

        def do_POST(self) -> None:
            desk.results.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._reply("")

        def _reply(self, text: str) -> None:
            self.send_response(200)
            for name, value in CORS.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nothing: the bench prints its figures."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        desk.address = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield desk
        server.shutdown()


@dataclass
class Visit:
    """A page that is ready for jobs, in a browser of its own."""

    desk: Desk
    profile: Path

    def ask(self, **job: object) -> Any:
        """A job's result; RuntimeError where it failed."""
        self.begin(**job)
        result = json.loads(self.desk.results.get(timeout=JOB_SECONDS))
        if isinstance(result, dict) and "error" in result:
            raise RuntimeError(result["error"])
        return result

    def begin(self, **job: object) -> None:
        """Start a job and do not wait for it."""
        self.desk.jobs.put(json.dumps(job))

    def memory(self) -> int:
        """Bytes that the page's process has in memory."""
        return max(_status(pid, "VmRSS") for pid in renderers(self.profile))

    def peak(self) -> int:
        """The most that it ever had."""
        return max(_status(pid, "VmHWM") for pid in renderers(self.profile))

    def forget_peak(self) -> None:
        """From now on the peak is a new one (`man proc_pid_clear_refs`)."""
        for pid in renderers(self.profile):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


@contextmanager
def visiting(desk: Desk, profile: Path, address: str, *flags: str) -> Iterator[Visit]:
    """A page at that address, once its worker is ready; `flags` are Chromium's."""
    launch = launch_args(*flags)
    options = ["--headless=new", "--no-default-browser-check", f"--user-data-dir={profile}"]
    desk.jobs, desk.results = Queue(), Queue()  # a page that was closed still waits for a job
    command = [launch["executable_path"], *launch["args"], *options]
    with subprocess.Popen(
        [*command, f"{address}?desk={desk.address}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as browser:
        try:
            desk.results.get(timeout=READY_SECONDS)
            yield Visit(desk, profile)
        finally:
            browser.terminate()  # it writes down what it has stored


def _status(pid: int, name: str) -> int:
    """Bytes; the page's process is the largest of the renderers, which Chromium starts in stock."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
