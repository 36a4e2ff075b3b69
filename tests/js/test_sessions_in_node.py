"""Sessions of the browser's JavaScript, over onnxruntime-web in Node.js, give what numpy gives.

Every form of graph, in onnxruntime's own memory and over its public API: pieces, abandoned steps,
forks, selections and rewinds, without a browser.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from intab.engine.runtime.decoder_plan import plan_graph
from intab.native.onnx import signature
from tests.conftest import ROOT
from tests.engine.support.networks import WIDTH
from tests.support.graphs import FORMS, Form, logits_after, write_model

PROGRAM = Path(__file__).with_name("sessions.mjs")
ONE, TWO = [72, 101, 108, 108, 111], [97, 98, 99]
CONFIG = {"num_attention_heads": 1, "hidden_size": WIDTH}
# Halves come as they are, as uint16; what a switch makes of a cache is runtime/recompute.py's.
NAMES = [name for name in FORMS if name != "fp16 logits" and not FORMS[name].switch]


def plan_of(folder: Path) -> Any:
    """What the browser's network is told of the graphs in a folder."""
    graphs = {path.stem: ort.InferenceSession(path.read_bytes()) for path in folder.glob("*.onnx")}
    embedder = graphs.pop("embed_tokens", None)
    [graph] = graphs.values()
    embeddings = signature(embedder) if embedder else None
    plan = plan_graph(*signature(graph), CONFIG, None, embeddings)
    return {**asdict(plan), "roomy": plan.roomy, "position_rows": plan.position_rows}


def script_of(form: Form) -> tuple[list[list[Any]], list[list[int]]]:
    """Calls, ["step", session, ids, at] and others, and the texts whose logits the steps give."""
    first, more = ONE[:3], ONE[3:]
    script = [
        ["step", 0, [first], 0],
        ["step", 0, [TWO], 3],  # nobody waits for it
        ["fork", 0],
        ["step", 0, [more], 3],
        ["step", 1, [TWO], 3],
        ["rewind", 0, 0],
        ["step", 0, [TWO], 0],
    ]
    texts = [first, [*first, *TWO], ONE, [*first, *TWO], TWO]
    if not form.states:
        script += [["rewind", 0, 2], ["step", 0, [more], 2]]
        texts.append([*TWO[:2], *more])
    if not form.one_sequence:
        script += [["select", 1, [0, 0], 6], ["step", 1, [[5], [6]], 6]]
        texts += [[*first, *TWO, last] for last in (5, 6)]
    return script, texts


@pytest.mark.parametrize("heap", [True, False], ids=["heap", "arrays"])
def test_sessions_of_every_form(heap: bool, tmp_path: Path) -> None:
    cases = []
    for name in NAMES:
        folder = write_model(tmp_path / name.replace(" ", "-"), FORMS[name]) / "onnx"
        script = script_of(FORMS[name])[0]
        cases.append({"folder": str(folder), "plan": plan_of(folder), "script": script})
    command = ["node", str(PROGRAM), json.dumps({"cases": cases, "heap": heap})]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, (*steps, live) in zip(NAMES, json.loads(done.stdout), strict=True):
        found = [row for batch in steps for row in batch]
        wanted = [logits_after(text, FORMS[name]) for text in script_of(FORMS[name])[1]]
        np.testing.assert_array_equal(np.array(found, np.float32), wanted, err_msg=name)
        assert live == 0
