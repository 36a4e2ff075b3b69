"""A headless Chromium with onnxruntime-web, and the probe beside it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import SOFTWARE_WEBGPU, launch_args
from tools.kernels.probes import Probe

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "node_modules" / "onnxruntime-web"
BATCH = 1000


def ask(device: str, asked: Sequence[Probe]) -> list[str]:
    """For each probe "" where `device` has the kernel, "missing", or why it cannot be told."""
    found = []
    for start in range(0, len(asked), BATCH):
        batch = asked[start : start + BATCH]
        models = [[encoded(model) for model in probe.models] for probe in batch]
        with page() as opened:  # a new one each time: what onnxruntime keeps would add up
            found += call(opened, "probe", device, models)
        print(f"{device}: {len(found)} of {len(asked)}", flush=True)
    return found


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def call(page: Page, name: str, *arguments: Any) -> Any:
    """What a function of probe.mjs answers."""
    script = f"(all) => import('/probe.mjs').then((m) => m.{name}(...all))"
    return page.evaluate(script, list(arguments))


@contextmanager
def page() -> Iterator[Page]:
    """A page beside onnxruntime-web's files, with WebGPU in software."""
    arguments = launch_args(*SOFTWARE_WEBGPU)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**arguments)
        opened = browser.new_page()
        opened.goto(f"{address}/probe.html")
        yield opened
        browser.close()


class Handler(SimpleHTTPRequestHandler):
    """onnxruntime-web's files, and the probe beside them."""

    def translate_path(self, path: str) -> str:
        name = path.split("?")[0].lstrip("/")
        if name == "probe.mjs":
            return str(Path(__file__).with_name("probe.mjs"))
        return str(PACKAGE / "dist" / name)

    def do_GET(self) -> None:
        if self.path == "/probe.html":
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>probe</title>")
        else:
            super().do_GET()

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextmanager
def served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
