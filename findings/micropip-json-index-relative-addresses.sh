#!/usr/bin/env bash
# micropip 0.11.1 (PyPI): of an index in JSON (PEP 691) it takes relative addresses of wheels as they are, and
# then cannot download them; of the same index in HTML (PEP 503) it resolves them. Served as plain
# application/json, the one type that a host of static files gives to .json, the index is taken for PyPI's older
# JSON and fails for its lack of "releases".
# Why it matters: an index beside a static site, which may lie anywhere, has to be HTML.
# In intab: tools/site/index.py writes the index that `micropip.install("intab", index_urls=...)` reads.
#
# Needs Python 3.11 or newer, and pip. Passes while it is so, fails when it changes.
# Seen on 2026-11-29: HTML gives http://127.0.0.1:PORT/wheels/a-1-py3-none-any.whl, JSON ../../wheels/a-1-py3-none-any.whl,
#   application/json KeyError: 'releases'
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --python-version 3.14 --only-binary=:all: micropip==0.11.1
python3 -m zipfile -e micropip-0.11.1-py3-none-any.whl .
python3 - <<'PY'
import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, ".")
from micropip import package_index
from micropip._compat.compatibility_layer import CompatibilityLayer

NAME = "a-1-py3-none-any.whl"
FILE = {"filename": NAME, "url": f"../../wheels/{NAME}", "hashes": {}}
JSON = json.dumps({"meta": {"api-version": "1.1"}, "name": "a", "versions": ["1"], "files": [FILE]})
ANSWERS = {
    "html": ("text/html", f'<!doctype html><a href="../../wheels/{NAME}">{NAME}</a>'),
    "json": ("application/vnd.pypi.simple.v1+json", JSON),
    "plain": ("application/json", JSON),
}


class Index(BaseHTTPRequestHandler):
    def do_GET(self):
        kind, text = ANSWERS[self.path.split("/")[1]]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"


class Layer(CompatibilityLayer):
    @staticmethod
    async def fetch_string_and_headers(url, kwargs):
        from urllib.request import urlopen

        with urlopen(url) as answer:
            return answer.read().decode(), {k.lower(): v for k, v in answer.headers.items()}


def address(kind):
    query = package_index.query_package("a", f"{base}/{kind}", compat_layer=Layer)
    try:
        [wheels] = asyncio.run(query).releases.values()
        return next(wheels).url
    except KeyError as exc:
        return f"KeyError: {exc}"


found = {kind: address(kind) for kind in ANSWERS}
print(found)
so = found == {"html": f"{base}/wheels/{NAME}", "json": f"../../wheels/{NAME}", "plain": "KeyError: 'releases'"}
print("As told." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
