"""Ask the pinned onnxruntime-web for its kernels and write app/intab/convert/kernels.json.

make site && python -m tools.kernels
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import SOFTWARE_WEBGPU, launch_args
from tools.kernels.probes import OPSET, Probe, label, probes, signatures

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "node_modules" / "onnxruntime-web"
TABLE = ROOT / "app" / "intab" / "convert" / "kernels.json"
BATCH = 200


def main() -> None:
    asked = list(probes())
    arguments = launch_args(*SOFTWARE_WEBGPU)
    print(f"{len(asked)} models")
    with served() as address, sync_playwright() as playwright:
        page = playwright.chromium.launch(**arguments).new_page()
        page.goto(f"{address}/probe.html")
        answers = {device: ask(page, device, asked) for device in ("wasm", "webgpu")}
    write(answers)


def write(answers: dict[str, dict[str, list[str]]]) -> None:
    """One operator a line, so that a change of version reads well."""
    version = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    operators = {
        label(signature): {
            "inputs": [kind for kind, _ in signature.inputs],
            "outputs": [kind for kind, _ in signature.outputs],
            **{device: table.get(label(signature), []) for device, table in answers.items()},
        }
        for signature in signatures()
        if any(label(signature) in table for table in answers.values())
    }
    lines = [
        f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(operators.items())
    ]
    head = f'{{"onnxruntime-web": "{version}", "opset": {OPSET}, "operators": {{'
    TABLE.write_text(head + "\n" + ",\n".join(lines) + "\n}}\n", encoding="utf-8")


def ask(page: Page, device: str, asked: list[Probe]) -> dict[str, list[str]]:
    """For each operator the choices of types that have a kernel on `device`."""
    table: dict[str, list[str]] = {}
    for batch in _batches(asked):
        models = [base64.b64encode(probe.model).decode() for probe in batch]
        call = "([device, models]) => import('/probe.mjs').then((m) => m.probe(device, models))"
        for probe, answer in zip(batch, page.evaluate(call, [device, models]), strict=True):
            if not answer:
                table.setdefault(probe.operator, []).append(probe.types)
    return table


def _batches(asked: list[Probe]) -> Iterator[list[Probe]]:
    for start in range(0, len(asked), BATCH):
        yield asked[start : start + BATCH]


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


if __name__ == "__main__":
    main()
