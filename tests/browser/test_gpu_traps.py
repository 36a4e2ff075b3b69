"""What onnxruntime-web computes otherwise on WebGPU is known, and still so; the rest is right."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser

from tests.browser.gpu import ask, served_modules
from tests.support.gpu_graphs import HARMLESS, TRAPS, right

NEAR = 1e-3


def test_what_differs_is_refused_and_what_does_not_is_not(
    webgpu_browser: Browser, tmp_path: Path
) -> None:
    graphs = {**TRAPS, **HARMLESS}
    given = {
        name: {
            "bytes": base64.b64encode(graph.model).decode(),
            "x": graph.x.reshape(-1).tolist(),
            "dims": list(graph.x.shape),
        }
        for name, graph in graphs.items()
    }
    with served_modules(tmp_path) as address:
        answers = ask(webgpu_browser, address, "traps", given)
    for name, graph in graphs.items():
        found = answers[name]["found"]
        differs = isinstance(found, str) or not np.allclose(
            np.array(found, np.float32), right(graph), atol=NEAR
        )
        assert (name, differs) == (name, name in TRAPS)
        assert (name, bool(answers[name]["refused"])) == (name, name in TRAPS and graph.told)
