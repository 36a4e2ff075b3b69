"""The largest logits of a row, found on the GPU: all of them, no other, or the row itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext

from intab.convert.converter import Request, convert
from intab.engine.runtime.largest import MOST, rows_of
from tests.browser.gpu import ask, plan_of, served_modules, warm
from tests.convert.tiny import write_checkpoint

SLACK = 4  # largest.mjs'
Shape = tuple[int, int, int]
GIVEN: dict[str, tuple[str, Shape, int, int]] = {
    "the best": ("float32", (1, 1, 259), 1, 1),
    "some of several rows": ("float32", (2, 3, 1001), 2, 50),
    "256 of a large vocabulary": ("float32", (1, 1, 151_936), 1, 256),
    "halves": ("float16", (2, 3, 1001), 2, 20),
    "the best of halves": ("float16", (1, 2, 4097), 1, 1),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gpu")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served_modules(folder) as found:
        yield found


@pytest.fixture(scope="module")
def pages(webgpu_browser: Browser, address: str) -> Iterator[BrowserContext]:
    with warm(webgpu_browser, f"{address}plain.html") as context:
        yield context


Case = tuple[NDArray[Any], int, int]  # logits, the last rows of them, how many of each


def found_in(pages: BrowserContext, address: str, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """What the page finds; that whole rows come as they are is checked at once."""
    bits = [
        logits.view({"float32": np.uint32, "float16": np.uint16}[logits.dtype.name])
        for logits, _, _ in cases
    ]
    given = [
        {"type": logits.dtype.name, "dims": logits.shape, "bits": its.ravel().tolist()}
        | {"rows": rows, "top": top}
        for (logits, rows, top), its in zip(cases, bits, strict=True)
    ]
    found: list[dict[str, Any]] = ask(pages, address, "largest", given)
    for one, (_, rows, _), its in zip(found, cases, bits, strict=True):
        assert one["all"] == its[:, -rows:].ravel().tolist()
    return found


def wanted(row: NDArray[Any], top: int) -> NDArray[np.float32]:
    """The row with all forbidden but the `top` largest and what is next to them or equal."""
    if row.dtype == np.float16:
        least = np.sort(row)[-top]
    else:
        least = np.sort(row)[-top]
        for _ in range(SLACK):
            least = np.nextafter(least, np.float32(-np.inf))
    return np.where(row >= least, row, -np.inf).astype(np.float32)


def test_the_largest_come(pages: BrowserContext, address: str) -> None:
    rng = np.random.default_rng(5)
    cases = [
        (rng.normal(0, 8, shape).astype(dtype), rows, top)
        for dtype, shape, rows, top in GIVEN.values()
    ]
    answers = found_in(pages, address, cases)
    for name, found, (logits, rows, top) in zip(GIVEN, answers, cases, strict=True):
        assert found["kind"] == "Uint32Array", name
        lines = list(logits[:, -rows:].reshape(-1, logits.shape[-1]))
        assert len(found["found"]) == 3 + len(lines) * (2 + 2 * (top + 16))
        read = rows_of(np.array(found["found"], np.uint32))
        np.testing.assert_array_equal(read, [wanted(row, top) for row in lines], err_msg=name)


def row_of(numbers: Sequence[float], size: int = 300) -> NDArray[np.float32]:
    """Numbers between lower ones."""
    row = np.linspace(-9, -8, size, dtype=np.float32)
    row[10 : 10 + len(numbers)] = numbers
    return row.reshape(1, 1, size)


UNTOLD: tuple[tuple[list[float], int], ...] = (
    ([np.nan, 1], 1),
    ([-np.nan, 1], 2),
    ([1] * 40, 2),  # more that tie than there is room for
    ([2, 0, 1], 3),  # nothing is known of what a division makes of zero
    ([2, 1e-31], 2),
    ([np.inf, 2], 2),
    ([1, 2], 290),  # nearly all of the vocabulary
)


def test_the_row_itself_where_that_is_needed(pages: BrowserContext, address: str) -> None:
    cases = [(row_of(numbers), 1, top) for numbers, top in UNTOLD]
    cases.append((np.full((1, 1, 300), np.nan, np.float16), 1, 3))
    kinds = ["Float32Array"] * len(UNTOLD) + ["Uint16Array"]
    answers = found_in(pages, address, cases)
    assert [found["kind"] for found in answers] == kinds
    assert all(found["found"] == found["all"] for found in answers)


def test_zeros_are_equal_and_ties_come(pages: BrowserContext, address: str) -> None:
    next_to = float(np.nextafter(np.float32(2), np.float32(0)))
    told: list[tuple[list[float], int, list[int]]] = [
        ([0.0, -1, -0.0, -2], 1, [10, 12]),
        ([3.0, 2.0, next_to, 1.0], 2, [10, 11, 12]),
        ([-np.inf, 3.0], 1, [11]),
        ([np.inf, 3.0], 1, [10]),
    ]
    cases = [(row_of(numbers), 1, top) for numbers, top, _ in told]
    answers = found_in(pages, address, cases)
    for found, (_, _, places) in zip(answers, told, strict=True):
        [row] = rows_of(np.array(found["found"], np.uint32))
        assert np.flatnonzero(row > -np.inf).tolist() == places


def test_the_largest_fit_into_four_kilobytes() -> None:
    """Of a row, whatever its vocabulary, for as many as are ever asked for."""
    assert 4 * (2 + 2 * (MOST + 16)) <= 4096


def test_steps_read_the_largest_alone(
    pages: BrowserContext, address: str, folder: Path, tmp_path: Path
) -> None:
    """The ids of whole rows, for 144 bytes a token and not for the vocabulary."""
    checkpoint = write_checkpoint(tmp_path / "checkpoint", "llama")
    convert(Request(checkpoint, folder / "llama", ("q4",)))
    prompt = list(range(5, 25))
    script = [["step", 0, [prompt], 0], *(["step", 0, None, 20 + i] for i in range(8))]
    plan = plan_of(folder / "llama")
    given = {"graph": "/llama/onnx/model_q4.onnx", "script": script, "plan": plan}
    whole = ask(pages, address, "steps", {**given, "top": 0})
    found = ask(pages, address, "steps", {**given, "top": 1})
    rows = [np.array(one["row"], np.uint32).view(np.float32) for one in whole["found"]]
    assert [one["row"][5] for one in found["found"]] == [row.argmax() for row in rows]
    assert {one["read"] for one in found["found"]} == {144}
    assert {one["read"] for one in whole["found"]} == {259 * 4}
    assert found["live"] == whole["live"] == 0
