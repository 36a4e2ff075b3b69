"""Visits the served page in WebKitGTK: `make webkit` prints what it saw. Not a part of `make test`.

Over WebDriver, under Xvfb. Needs Debian's webkit2gtk-driver and xvfb.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.browser.conftest import server

SITE = Path(__file__).parents[2] / "build" / "site"
PORT, DISPLAY = 4567, ":77"
PATIENCE = 300  # seconds
STATE = "return document.querySelector('[data-testid=status]')?.dataset.state"
TEXT = "return document.querySelector(`[data-testid=${arguments[0]}]`).textContent"
CLICK = "document.querySelector(`[data-testid=${arguments[0]}]`).click()"
PROGRAMS = """return [...document.querySelectorAll('[data-testid=examples] li')].map((item) =>
  [item.querySelector('button').textContent, item.textContent.includes('from the hub')])"""
CHOOSE = "document.querySelectorAll('[data-testid=examples] button')[arguments[0]].click()"
# What a program asks for has one answer, then none; whether it asked.
ANSWER = """
const output = document.querySelector('[data-testid=output]');
const done = output.querySelector('form button, .drawing button:enabled:not(.quiet)');
const line = output.querySelector('form input');
if (line) line.value = arguments[0];
done?.click();
return Boolean(done)"""


class Session:
    """A browser; JavaScript runs in its page."""

    def __init__(self, capabilities: dict[str, Any]) -> None:
        found = call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.path = f"/session/{found['sessionId']}"

    def open(self, address: str) -> None:
        call("POST", f"{self.path}/url", {"url": address})
        self.expect("ready")

    def js(self, code: str, *given: object) -> Any:
        return call("POST", f"{self.path}/execute/sync", {"script": code, "args": list(given)})

    def expect(self, *states: str) -> None:
        """Wait for one of these states of the page."""
        until(lambda: self.js(STATE) in states, f"{states}, but {self.js(TEXT, 'status')}")

    def run(self) -> str:
        """Press Run, and answer what is asked; what was printed."""
        self.js(CLICK, "run")
        answers = iter(["They went home.", ""])

        def ended() -> bool:
            if self.js(STATE) != "running":
                return True
            if self.js("return document.querySelector('.output form, .output .drawing') !== null"):
                self.js(ANSWER, next(answers, ""))
            return False

        until(ended, "the program's end")
        return str(self.js(TEXT, "output"))

    def close(self) -> None:
        call("DELETE", self.path)


def call(method: str, path: str, body: object = None) -> Any:
    """A command of https://www.w3.org/TR/webdriver2/ and its answer."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"http://127.0.0.1:{PORT}{path}", data, method=method)
    with urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)["value"]


def until(holds: Any, wanted: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {PATIENCE} s for {wanted}")
        time.sleep(0.3)


def answers() -> bool:
    try:
        return bool(call("GET", "/status")["ready"])
    except URLError:
        return False


@contextmanager
def webkit() -> Iterator[Session]:
    """A browser with a profile of its own, which it leaves with everything that belongs to it."""
    [binary] = Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")
    options = {"webkitgtk:browserOptions": {"binary": str(binary), "args": ["--automation"]}}
    with TemporaryDirectory(ignore_cleanup_errors=True) as home:
        env = {**os.environ, "DISPLAY": DISPLAY, "HOME": home, "GDK_BACKEND": "x11"}
        env |= {"XDG_DATA_HOME": home, "XDG_CACHE_HOME": home, "LIBGL_ALWAYS_SOFTWARE": "1"}
        if os.geteuid() == 0:  # its sandbox does not start as root
            env["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        commands = [["Xvfb", DISPLAY, "-screen", "0", "1280x900x24"]]
        commands += [["WebKitWebDriver", f"--port={PORT}"]]
        running = [subprocess.Popen(one, env=env, stderr=subprocess.DEVNULL) for one in commands]
        try:
            until(answers, "WebKitWebDriver")
            session = Session(options)
            yield session
            session.close()
        finally:
            for process in running:
                process.terminate()


def visit(site: Path) -> None:
    """Every program without a model of the hub, Stop, a visit without a server."""
    with server(site) as (process, address), webkit() as browser:
        browser.open(address)
        seen(browser.js("return navigator.userAgent"))
        seen(f"isolated: {browser.js('return crossOriginIsolated')}")
        seen(browser.js(TEXT, "device"))
        browser.js(CLICK, "view-program")
        for at, (name, is_from_hub) in enumerate(browser.js(PROGRAMS)):
            if not is_from_hub:
                browser.js(CHOOSE, at)
                printed = browser.run()
                failed = "" if browser.js(STATE) == "ready" else f"failed: {printed[-300:]}"
                seen(f"{name}: {failed or browser.js(TEXT, 'metrics')}")
        browser.js(CHOOSE, 0)
        browser.js(CLICK, "run")
        until(lambda: len(browser.js(TEXT, "output")) > 20, "a story's beginning")
        browser.js(CLICK, "stop")
        browser.expect("ready")
        seen(f"a story that was stopped: {browser.js(TEXT, 'status')}")
        kept = "return navigator.serviceWorker?.controller?.state ?? 'none'"
        seen(f"service worker: {browser.js(kept)}")
        process.terminate()
        process.wait()
        browser.open(address)
        seen(f"an answer without a server: {len(browser.run())} characters")


def seen(text: str) -> None:
    print(f"seen: {text}", flush=True)


def main() -> int:
    if not (shutil.which("WebKitWebDriver") and shutil.which("Xvfb")):
        print("intab: needs WebKitGTK's driver: apt-get install webkit2gtk-driver xvfb")
        return 1
    visit(SITE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
