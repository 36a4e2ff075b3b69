"""Our pipelines over the texts that tests/reading/record.py recorded: every difference counts.

    python -m tests.reading.compare MATERIAL

Labels, order, spans and texts must be equal, numbers to 1e-5. Prints a table; exits with 1 where
anything differs.
"""

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import intab
from intab.errors import IntabError
from tests.reading.cases import ROOT, Case, answers, cases
from tests.reading.texts import real_texts

NEAR = 1e-5


def differs(found: Any, wanted: Any) -> bool:
    """Whether two answers are not the same."""
    if isinstance(wanted, float):
        return not abs(found - wanted) <= NEAR
    if isinstance(wanted, list):
        if wanted and isinstance(wanted[0], float):
            return not np.allclose(found, wanted, rtol=0, atol=NEAR)
        pairs = zip(found, wanted, strict=False)
        return len(found) != len(wanted) or any(differs(a, b) for a, b in pairs)
    if isinstance(wanted, dict):
        return list(found) != list(wanted) or any(differs(found[k], wanted[k]) for k in wanted)
    return bool(found != wanted)


class Remembering:
    """A network that computes each row once: one text is read with many options."""

    def __init__(self, network: Any) -> None:
        self._network, self._done = network, {}  # type: ignore[var-annotated]
        self.inputs, self.outputs, self.close = network.inputs, network.outputs, network.close

    async def run(self, feeds: Any, outputs: Any = None) -> Any:
        key = b"".join(value.tobytes() for value in feeds.values()), tuple(outputs)
        if key not in self._done:
            self._done[key] = await self._network.run(feeds, outputs)
        return self._done[key]


async def opened(task: str, folder: Path) -> Any:
    pipe: Any = await intab.pipeline(task, folder)
    pipe.networks["model"] = Remembering(pipe.networks["model"])
    return pipe


async def ask(pipe: Any, text: Any, options: dict[str, Any]) -> Any:
    try:
        return await (pipe(**text, **options) if isinstance(text, dict) else pipe(text, **options))
    except IntabError as exc:
        return {"error": str(exc)}


async def compare(case: Case, recorded: dict[str, Any]) -> int:
    name, task, folder, texts, options = case
    pipe, wrong, errors = await opened(task, folder), 0, 0
    for each, results in zip(options, recorded["results"], strict=True):
        for text, wanted in zip(texts, results, strict=True):
            found = await ask(pipe, text, each)
            if isinstance(wanted, dict) and "error" in wanted:
                errors += 1
                wrong += not (isinstance(found, dict) and "error" in found)
            elif differs(found, wanted):
                wrong += 1
                if wrong < 3:
                    print("DIFFERS", name, each, repr(text)[:200], found, wanted, sep="\n  ")
    print(
        f"| {name} | {folder.name} | {len(texts)} x {len(options)} | {errors} | {wrong} |",
        flush=True,
    )
    return wrong


async def compare_embeddings(material: Path, recorded: dict[str, Any]) -> int:
    texts, wrong = real_texts(material), 0
    pipe = await opened("sentence-similarity", material / "models/all-minilm-l6-v2-q")
    for options, wanted in zip(recorded["options"], recorded["results"], strict=True):
        found = await pipe.encode(texts, batch_size=1, **options)
        wrong += int((np.abs(found - np.array(wanted)).max(-1) > NEAR).sum())
    count = f"{len(texts)} x {len(recorded['options'])}"
    print(f"| embeddings | all-minilm-l6-v2-q | {count} | 0 | {wrong} |")
    return wrong


async def main() -> int:
    material, wrong = Path(sys.argv[1]), 0
    warnings.simplefilter("ignore")
    print(
        "| what | model | texts x options | errors in both | differences |\n|---|---|---|---|---|"
    )
    for name, those in (("5", cases), ("4", answers)):
        recorded = json.loads((ROOT / f"build/reading/{name}.json").read_text("utf-8"))
        for case, found in zip(those(material), recorded["cases"], strict=True):
            wrong += await compare(case, found)
        if "embeddings" in recorded:
            wrong += await compare_embeddings(material, recorded["embeddings"])
    return wrong


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main()) else 0)
