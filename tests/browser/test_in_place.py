"""Caches that the graph writes into on the GPU: none is made for a token, and no number differs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext

from intab.convert.converter import Request, convert
from tests.browser.gpu import ask, plan_of, served_modules, warm
from tests.convert.tiny import write_checkpoint

CASES = ("llama", "mistral")  # one of them with a window of eight tokens
# Fewer than 32 ids at once: the software adapter is wrong about more (its subgroups have 4 lanes).
FIRST, MORE, OTHER = list(range(5, 30)), list(range(40, 60)), [7, 90, 33]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gpu")


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_modules(folder) as found:
        for case in CASES:
            checkpoint = write_checkpoint(tmp_path_factory.mktemp("checkpoint") / case, case)
            convert(Request(checkpoint, folder / case, ("q4",)))
        yield found


@pytest.fixture(scope="module")
def pages(webgpu_browser: Browser, address: str) -> Iterator[BrowserContext]:
    with warm(webgpu_browser, f"{address}plain.html") as context:
        yield context


def run(
    pages: BrowserContext, address: str, folder: Path, case: str, script: list[Any], **more: Any
) -> Any:
    given = {"graph": f"/{case}/onnx/model_q4.onnx", "plan": plan_of(folder / case), "top": 0}
    found = ask(pages, address, "steps", {**given, "script": script, **more})
    assert found["live"] == 0
    return found["found"]


def rows(found: list[dict[str, Any]], batches: list[int]) -> list[NDArray[np.float32]]:
    return [
        np.array(one["row"], np.uint32).view(np.float32).reshape(batch, -1)
        for one, batch in zip(found, batches, strict=True)
    ]


def pieces(session: int, start: int, *sizes: int) -> list[list[Any]]:
    """Steps of so many ids, one behind the other."""
    ends = [start + sum(sizes[: i + 1]) for i in range(len(sizes))]
    return [
        ["step", session, [[60 + at % 90 for at in range(end - size, end)]], end - size]
        for end, size in zip(ends, sizes, strict=True)
    ]


# Pieces, an abandoned step, a fork of which both go on, a rewind, sequences chosen and repeated;
# the first session goes beyond 128 and 256 tokens.
SCRIPT: list[list[Any]] = [
    ["step", 0, [FIRST], 0],
    ["step", 0, [OTHER], 25],  # nobody waits for it
    ["step", 0, [MORE], 25],
    ["fork", 0],
    ["step", 1, [OTHER], 45],
    ["step", 0, [OTHER[::-1]], 45],
    ["step", 1, [[8]], 48],
    ["rewind", 0, 30],
    ["step", 0, [OTHER], 30],
    ["select", 1, [0, 0], 49],
    ["step", 1, [[5], [6]], 49],
    ["select", 1, [1], 50],
    ["step", 1, [[9]], 50],
    ["rewind", 1, 0],
    ["step", 1, [OTHER], 0],
    *pieces(0, 33, *[30] * 8, 1, 1),
]


@pytest.mark.parametrize("case", CASES)
def test_the_numbers_are_those_of_caches_that_grow(
    pages: BrowserContext, address: str, folder: Path, case: str
) -> None:
    calls = [call for call in SCRIPT if call[0] == "step"]
    batches = [len(ids) for _, _, ids, _ in calls]
    found = rows(run(pages, address, folder, case, SCRIPT), batches)
    grown = rows(run(pages, address, folder, case, SCRIPT, growing=True), batches)
    for call, one, other in zip(calls, found, grown, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-5, err_msg=str(call))
        assert one.argmax(axis=-1).tolist() == other.argmax(axis=-1).tolist()


LONG = [["step", 0, [FIRST], 0], *pieces(0, 25, 30, 30, 30)]  # 115 tokens, of 128 there is room for


def test_no_buffer_is_made_for_a_token(pages: BrowserContext, address: str, folder: Path) -> None:
    """But two of some bytes, of a graph whose mask is int64: the CPU computes lengths of it."""
    script = [*LONG, *(["step", 0, None, 115 + i] for i in range(22))]
    found = run(pages, address, folder, "llama", script, top=1)
    made = [one["buffers"] for one in found]
    assert set(made[6:17]) == {2}
    assert 8 < made[17] < 20  # the 129th token: eight tensors are made anew
    assert set(made[19:]) == {2}
    assert {one["read"] for one in found} == {144}


def test_a_buffer_that_is_too_small_says_so(
    pages: BrowserContext, address: str, folder: Path
) -> None:
    """Rows of 128 bytes; then the session goes on with what it had."""
    script = [*LONG, *pieces(0, 115, 20, 10), ["step", 0, [[9]], 100]]
    found = run(pages, address, folder, "llama", script, limit=140 * 128)
    assert ["error" in one for one in found] == [False] * 5 + [True, False]
    assert "shorten the prompt" in found[5]["error"]
    whole = run(pages, address, folder, "llama", [*LONG, script[-1]])
    assert whole[-1]["row"] == found[-1]["row"]
