"""Compares every family's graphs with torch over 2,000 positions, and records it (agreement.json).

    make families      (needs models/requirements.txt; it runs comparing.py before)

Random weights are the hardest there are to round: their logits lie close together. Trained ones
lose far less; the model card of a converted folder has their perplexities.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from intab.convert.checkpoint import Checkpoint
from intab.convert.decoder import decoder
from intab.convert.families import read_model
from intab.convert.forms import FORMS
from intab.convert.running import Runner
from intab.convert.saving import save
from intab.engine.hub.manifest import Manifest
from tests.convert import tiny

RECORD = Path(__file__).with_name("agreement.json")
WINDOWS, WINDOW = 8, 250
# Largest difference of a logit (they reach about 5), least share of equal best tokens.
BOUNDS = {
    "fp32": (5e-5, 0.999),
    "fp16": (0.08, 0.985),
    "q8": (2.0, 0.8),
    "q8f32": (2.0, 0.8),
    "q4": (5.0, 0.28),
    "q4f16": (5.0, 0.28),
    "bnb4": (5.0, 0.28),
}


def compare(case: str) -> dict[str, tuple[float, float]]:
    """For each dtype the largest difference and the share of equal best tokens."""
    from tests.convert.make_families import logits, network

    rows = np.random.default_rng(11).integers(2, tiny.VOCABULARY, (WINDOWS, WINDOW))
    model = network(case)
    wanted = np.concatenate([logits(model, row[None]) for row in rows])
    with tempfile.TemporaryDirectory() as scratch:
        source = read_model(Checkpoint(tiny.write_checkpoint(Path(scratch) / case, case)))
        found = {}
        for dtype, form in FORMS.items():
            save(decoder(*source, form), Path(scratch), f"{dtype}.onnx")
            options = Manifest({}, {}).options_for(dtype)
            runner = Runner(Path(scratch) / f"{dtype}.onnx", options)
            found[dtype] = agreement(
                np.concatenate([runner.logits(row.tolist()) for row in rows]), wanted
            )
    return found


def agreement(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> tuple[float, float]:
    """Largest difference, share of rows whose best token is the same."""
    same = (found.argmax(-1) == wanted.argmax(-1)).mean()
    return round(float(np.abs(found - wanted).max()), 6), round(float(same), 4)


def outside(figures: dict[str, dict[str, Any]]) -> list[str]:
    """What is not within the bounds."""
    return [
        f"{case} {dtype}: {difference}, {same}"
        for case, row in figures.items()
        for dtype, (difference, same) in row.items()
        if difference > BOUNDS[dtype][0] or same < BOUNDS[dtype][1]
    ]


def main() -> int:
    import torch
    import transformers

    figures: dict[str, dict[str, Any]] = {}
    for case in tiny.CASES:
        figures[case] = dict(compare(case))
        print(case, figures[case], flush=True)
    head = {
        "date": datetime.now(UTC).date().isoformat(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "onnxruntime": onnxruntime.__version__,
        "positions": WINDOWS * WINDOW,
    }
    lines = [f'  "{case}": {json.dumps(row)}' for case, row in figures.items()]
    text = json.dumps(head)[:-1] + ', "cases": {\n' + ",\n".join(lines) + "\n}}\n"
    RECORD.write_text(text, encoding="utf-8")
    problems = outside(figures)
    print("\n".join(problems) or "all within the bounds")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
