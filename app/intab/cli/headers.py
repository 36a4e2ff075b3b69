"""What every answer says about security and caching: pure functions and the one policy.

It knows addresses, not files. The Content-Security-Policy of the whole site is here and
nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Why each opening is there:
#   script-src 'wasm-unsafe-eval'  WebAssembly.compile: Pyodide, tokenizers, onnxruntime-web
#   worker-src blob:               PyScript starts its worker from a blob of its own source
#   connect-src blob:              PyScript's worker reads a program that stands in the page itself
#   manifest-src                   the web manifest, by which the page is installed
#   img-src data:                  the editor's stylesheet draws with small data: pictures
#   img-src, media-src blob:       pictures and sound that a program shows, from its own bytes
CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "worker-src": "'self' blob:",
    "connect-src": "'self' blob:",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "blob:",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'self'",
}

# Where models may come from unless `--no-hub` is said: the hub, and the hosts that it redirects to
# for large files, whose names change from year to year (in 2026 us.aws.cdn.hf.co).
HUB = ("https://huggingface.co", "https://*.hf.co")

ALWAYS = {
    # An answer about a file brings its own; this is for errors and redirects.
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Together they make a page cross-origin isolated: SharedArrayBuffer, hence threads. Our service
# worker adds them where a host is silent about it.
ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}

# Said, so that the service worker does not take it for a host that cannot say anything.
NO_ISOLATION = dict.fromkeys(ISOLATION, "unsafe-none")

# Pages of other origins may use what is here (docs/integration.md): import it, read it with all
# of its headers, and learn the sizes of what came.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Timing-Allow-Origin": "*",
}

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

# The addresses whose name changes with their content: our runtime, esbuild's output
# (an upper-case base-32 hash of eight), the list of the site's files. Also of JavaScript's syntax.
HASHED = r"/runtime-[0-9a-f]{16}/.+|/assets/[^/]+-[0-9A-Z]{8}\.(?:mjs|css|json)"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".py": "text/x-python; charset=utf-8",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".zip": "application/zip",
}


def cache_control(address: str) -> str:
    return IMMUTABLE if re.fullmatch(HASHED, address) else REVALIDATE


def media_type(suffix: str) -> str:
    """By our own table: the machine's one differs from place to place."""
    return MEDIA_TYPES.get(suffix, "application/octet-stream")


def security(
    *, isolation: bool, connect: Sequence[str] = HUB, cors: bool = False
) -> dict[str, str]:
    """For every answer, errors and redirects included; `connect` are origins of models; with
    `cors`, pages of other origins may use what is here."""
    directives = dict(CONTENT_SECURITY_POLICY)
    directives["connect-src"] = " ".join([directives["connect-src"], *connect])
    policy = "; ".join(f"{name} {value}" for name, value in directives.items())
    return {
        **ALWAYS,
        **(ISOLATION if isolation else NO_ISOLATION),
        **(CORS if cors else {}),
        "Content-Security-Policy": policy,
    }
