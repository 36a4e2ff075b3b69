"""What holding an answer to a schema costs: `make bench ARGS=masks`, or `python -m bench.masks` for
CPython alone.

Masks over a JSON answer for vocabularies of 49,152 and 151,936 tokens, and what compiling takes;
bench/pages/masks.py does it, in the page and here. Transformers.js' package for structured output
does the same in a page of its own, with the same schema, vocabulary and answer.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Playwright

from bench.compute import add_transformers
from bench.report import Comparison, Measurement
from bench.visits import visiting
from intab.engine.text.tokenizer import Tokenizer
from tests.browser.visitor import Visitor

PROGRAM = Path(__file__).with_name("pages") / "masks.py"
PEER, ROUNDS = "masks-transformers", 5
DEFAULT = Path(__file__).parents[1] / "models/default/tokenizer.json"
# Milliseconds at most.
TARGETS = {"mask, median": 0.1, "mask, 99th percentile": 1.0, "a schema of 50 properties": 50.0}


@dataclass(frozen=True)
class Masks:
    """Milliseconds by what was done, for each size of a vocabulary."""

    found: dict[str, dict[str, float]]
    name: str = "answers held to a schema"

    def lines(self) -> list[str]:
        """What is printed."""
        return [self.name, *(line for size in self.found for line in self._rows(size))]

    def _rows(self, size: str) -> list[str]:
        rows = [f"  {size} tokens"]
        for what, value in self.found[size].items():
            target = f"  (target: at most {TARGETS[what]})" if what in TARGETS else ""
            rows.append(
                f"  {value:10.3f} {'' if what.startswith('tokens') else 'ms '}{what}{target}"
            )
        return rows

    def as_dict(self) -> dict[str, Any]:
        """What is kept."""
        return {"unit": "ms", "found": self.found, "targets": TARGETS}


def prepare(site: Path) -> None:
    """Put the peer beside ours, and the vocabularies that it reads."""
    add_transformers(site / PEER, "masks_transformers.mjs")
    for size, tokenizer in grown().items():
        state = tokenizer.backend.to_str()
        (site / PEER / f"{size}.json").write_text(state, encoding="utf-8")


@cache
def grown() -> dict[int, Tokenizer]:
    """The default model's tokenizer, grown to each size."""
    names, known = program(), Tokenizer(DEFAULT.read_text("utf-8"))
    return {size: names["grown"](known, size) for size in names["SIZES"]}


def program() -> dict[str, Any]:
    """The names of bench/pages/masks.py."""
    names: dict[str, Any] = {}
    exec(compile(PROGRAM.read_text("utf-8"), str(PROGRAM), "exec"), names)  # noqa: S102
    return names


def measure(playwright: Playwright, browser: Browser, address: str) -> Iterator[Measurement]:
    """Ours in the page, then the peer's in its own."""
    page = browser.new_page()
    said = "\nprint(json.dumps(await all_sizes()))\n"
    found = Masks(json.loads(Visitor(page).open(address).run(PROGRAM.read_text("utf-8") + said)))
    page.close()
    yield found
    for size, theirs in peer(playwright, address):
        yield from compared(size, found.found[size], theirs)


def peer(playwright: Playwright, address: str) -> Iterator[tuple[str, dict[str, list[float]]]]:
    """What the peer's package takes, for each size of a vocabulary."""
    names = program()
    for size, tokenizer in grown().items():
        ids = tokenizer.encode(names["ANSWER"], add_special_tokens=False)
        job = {"tokenizer": f"{address}{PEER}/{size}.json", "size": size, "rounds": ROUNDS}
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
            visiting(playwright, Path(profile), f"{address}{PEER}/") as visit,
        ):
            yield f"{size:,}", visit.ask(do="measure", schema=names["SCHEMA"], ids=ids, **job)


def compared(
    size: str, ours: dict[str, float], theirs: dict[str, list[float]]
) -> Iterator[Comparison]:
    """Both medians and slowest hundredths, and the ratio of theirs to ours."""
    for figure, percentile in (("median", 50), ("99th percentile", 99)):
        samples = {
            "intab": [ours[f"mask and token, {figure}"]],
            "Transformers.js": [float(np.percentile(theirs["masks"], percentile))],
        }
        name = f"masks: {size} tokens, {figure}"
        yield Comparison(name, "ms", samples, ("Transformers.js", "intab"), 3.0, at_least=True)
    samples = {"intab": [ours["a schema"]], "Transformers.js": theirs["compiled"]}
    name = f"masks: {size} tokens, a schema"
    yield Comparison(name, "ms", samples, ("Transformers.js", "intab"), 1.0, at_least=True)


def main() -> None:
    """In CPython."""
    print("\n".join(Masks(asyncio.run(program()["all_sizes"]())).lines()))


if __name__ == "__main__":
    main()
