"""A server of somebody else's page: npm's Pyodide, micropip, a worker that runs what it is sent.

It knows nothing of intab. The page is cross-origin isolated; `worker.mjs?POLICY` has that
Content-Security-Policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page

from tests.browser.copies import copy_site
from tests.conftest import ROOT
from tools.site.sources import sha256_of

PAGE = "<!doctype html><title>Somebody's page</title><link rel='icon' href='data:,'>"
WORKER = """
import { loadPyodide } from "./pyodide/pyodide.mjs";
const starting = loadPyodide({ packages: ["micropip"] });
onmessage = async ({ data: { program, answer } }) => {
  const python = await starting;
  let printed = "";
  const write = (bytes) => (printed += new TextDecoder().decode(bytes), bytes.length);
  python.setStdout({ write });
  await python.runPythonAsync(program).catch((error) => (printed += error.message));
  python.runPython("import sys; sys.stdout.flush()");
  answer.postMessage(printed);
};
"""
# A worker for each policy, kept as long as the page.
RUN = """([policy, program]) => {
  const workers = (globalThis.workers ??= {});
  const worker = (workers[policy] ??= new Worker(`worker.mjs?${policy}`, { type: "module" }));
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ program, answer: port2 }, [port2]);
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message || "the worker did not start"));
    port1.onmessage = ({ data }) => resolve(data);
  });
}"""


class Handler(SimpleHTTPRequestHandler):
    def guess_type(self, path: Any) -> str:
        return {".mjs": "text/javascript", ".wasm": "application/wasm"}.get(
            Path(path).suffix, "text/html"
        )

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        if policy := unquote(urlsplit(self.path).query):
            self.send_header("Content-Security-Policy", policy)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
        pass


@contextmanager
def serving_pyodide(folder: Path, micropip: Path) -> Iterator[str]:
    """The address of such a page; `micropip` is its wheel."""
    write_page(folder, micropip)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def write_page(folder: Path, micropip: Path) -> None:
    pyodide = copy_site(ROOT / "node_modules/pyodide", folder / "pyodide")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "worker.mjs").write_text(WORKER, encoding="utf-8")
    (pyodide / micropip.name).write_bytes(micropip.read_bytes())
    lock = json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))
    entry = lock["packages"]["micropip"]
    entry |= {"file_name": micropip.name, "sha256": sha256_of(micropip)}
    lock["packages"] = {"micropip": entry}  # of the others npm has no wheels
    (pyodide / "pyodide-lock.json").unlink()  # a link
    (pyodide / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")


def run_python(page: Page, program: str, policy: str = "") -> str:
    """What a program prints in the worker with that policy; of an error, its traceback."""
    return str(page.evaluate(RUN, [policy, program]))
