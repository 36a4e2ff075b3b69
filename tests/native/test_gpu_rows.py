"""Rows of logits that leave the GPU in copies of whole words; the tests' adapter has no halves."""

from __future__ import annotations

import itertools
from typing import Any

from tests.support.node import run_node

PROGRAM = """
import { widened } from "./app/intab/browser/js/ort/gpu.mjs";
import { lastRows } from "./app/intab/browser/js/ort/runner.mjs";
const cases = JSON.parse(process.argv[1]);
const places = ([dims, rows]) => [...widened(lastRows({ dims }, rows), 2)];
console.log(JSON.stringify(cases.map(places)));
"""
CASES = [
    ([batch, count, vocabulary], rows)
    for batch, count, vocabulary in itertools.product((1, 2, 3), (1, 2, 5), (1, 2, 7, 8))
    for rows in range(1, count + 1)
]


def copies() -> Any:
    """What is copied for the last rows of logits of each case."""
    return run_node(PROGRAM, CASES)


def test_every_copy_is_of_whole_words_and_brings_its_row() -> None:
    for ((batch, count, vocabulary), rows), places in zip(CASES, copies(), strict=True):
        each = count * vocabulary
        flat = [*range(batch * each), -1]  # and what a buffer has behind its values
        found: list[list[int]] = []
        for copy in places:
            assert copy["from"] % 2 == copy["size"] % 2 == 0
            read = flat[copy["from"] : copy["from"] + copy["size"]]
            found.append(read[copy["start"] : copy["start"] + copy["place"]["size"]])
        ends = range(each, batch * each + 1, each)
        assert found == [flat[end - rows * vocabulary : end] for end in ends]
