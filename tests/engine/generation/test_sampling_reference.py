"""Processors and warpers against transformers' own, on the rows of tests/golden/sampling.json."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from intab.engine.generation import sampling
from intab.engine.generation.logits_processors import make_processors
from intab.engine.generation.options import GenerationOptions
from intab.engine.types import Logits
from tests.conftest import ROOT

GOLDEN = json.loads((ROOT / "tests" / "golden" / "sampling.json").read_text("utf-8"))
WARPERS: dict[str, Callable[[Logits, Any], Logits]] = {
    "temperature": sampling.apply_temperature,
    "top_k": sampling.apply_top_k,
    "top_p": sampling.apply_top_p,
    "min_p": sampling.apply_min_p,
    "typical_p": sampling.apply_typical_p,
    "epsilon_cutoff": sampling.apply_epsilon_cutoff,
    "eta_cutoff": sampling.apply_eta_cutoff,
}


def row(values: list[float | None]) -> Logits:
    return np.array([-np.inf if value is None else value for value in values], np.float32)


def ours(case: dict[str, Any], logits: Logits) -> Logits:
    """What our function answers for a case."""
    [(name, value), *_] = case["options"].items()
    if name in WARPERS:
        return WARPERS[name](logits, value)
    passed = dict(case["options"])
    if name == "logit_bias":
        passed = {name: {int(token): bias for token, bias in value.items()}}
    options = GenerationOptions.make(passed, {"eos_token_id": GOLDEN["eos_token_id"]})
    read = GOLDEN["ids"][: GOLDEN["prompt"]]
    for process in make_processors(options, GOLDEN["prompt"], source=read):
        logits = process(GOLDEN["ids"][: case["ids"]], logits)
    return logits


@pytest.mark.parametrize("options", sorted({json.dumps(c["options"]) for c in GOLDEN["cases"]}))
def test_equal_to_transformers(options: str) -> None:
    cases = [case for case in GOLDEN["cases"] if json.dumps(case["options"]) == options]
    assert len(cases) >= 6
    for case in cases:
        answer = ours(case, row(GOLDEN["rows"][case["row"]]))
        expected = row(case["expected"])
        if "top_p" in case["options"]:
            # Which of equal logits stay is open: torch.sort, which transformers calls, is unstable.
            answer, expected = np.sort(answer), np.sort(expected)
        finite = np.isfinite(expected)
        where = f"{case['row']}, {case['ids']} ids"
        assert (np.isfinite(answer) == finite).all(), where
        assert answer[finite] == pytest.approx(expected[finite], rel=1e-6), where
