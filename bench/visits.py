"""Visits of a page whose worker does one job at a time, and what they take.

Each visit is a browser of its own; what it stores stays in its profile's folder. The worker hears
of jobs over a BroadcastChannel, as JSON: {"do": NAME, ...}; it answers {"ready": true} once, then
each job's result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Playwright, Response

from bench.renderers import renderers
from tests.browser.conftest import launch_args

LISTEN = """
const channel = new BroadcastChannel("bench");
let hear;
const next = () => new Promise((resolve) => (hear = resolve));
globalThis.heard = next();
channel.onmessage = ({ data }) => hear(data);
globalThis.ask = (job) => {
    const answer = next();
    channel.postMessage(job);
    return answer;
};
"""
JOB_MILLISECONDS = 300_000


@dataclass
class Visit:
    """A page that is ready for jobs, in a renderer process of its own; `fetched` has the bytes of
    every answer it got, by address."""

    page: Page
    pid: int
    fetched: dict[str, int] = field(default_factory=dict)

    def ask(self, **job: object) -> Any:
        """A job's result; RuntimeError where it failed."""
        result = json.loads(self.page.evaluate("(job) => ask(job)", json.dumps(job)))
        if isinstance(result, dict) and "error" in result:
            raise RuntimeError(result["error"])
        return result

    def begin(self, **job: object) -> None:
        """Start a job and do not wait for it."""
        self.page.evaluate("(job) => void ask(job)", json.dumps(job))

    def memory(self, peak: str = "VmRSS") -> int:
        """Bytes that the page's process has in memory; its peak: VmHWM."""
        return memory_of(self.pid, peak)

    def forget_peak(self) -> None:
        """From now on the peak is a new one (`man proc_pid_clear_refs`)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


def memory_of(pid: int, peak: str = "VmRSS") -> int:
    """Bytes that a process has in memory; its peak: VmHWM."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{peak}:\s+(\d+) kB", status, re.MULTILINE)
    assert found
    return int(found[1]) * 1024


@contextmanager
def visiting(playwright: Playwright, profile: Path, address: str) -> Iterator[Visit]:
    """A page at that address in a browser of its own, once its worker is ready."""
    context = playwright.chromium.launch_persistent_context(profile, **launch_args())
    try:
        context.set_default_timeout(JOB_MILLISECONDS)
        page = context.new_page()
        fetched: dict[str, int] = {}
        page.on("response", lambda answer: fetched.update(_size(answer)))
        page.add_init_script(LISTEN)
        page.goto(address, wait_until="commit")
        page.evaluate("() => heard")
        yield Visit(page, renderer(profile), fetched)
    finally:
        context.close()


def _size(answer: Response) -> dict[str, int]:
    return {answer.url: int(answer.headers.get("content-length", 0))}


def renderer(profile: Path) -> int:
    """The process of the browser with that profile that has the largest page."""
    return max(renderers(profile), key=_resident)


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
