"""The page's sentences and figures, from the very module that the page uses, run by Node."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.node import run_node

PROGRAM = """
import * as texts from "./app/page/texts.mjs";
const [name, given] = JSON.parse(process.argv[1]);
console.log(JSON.stringify(texts[name](given)));
"""


def say(name: str, given: Any) -> Any:
    return run_node(PROGRAM, [name, given])


@pytest.mark.parametrize(
    ("bytes_", "shown"),
    [(0, "0 kB"), (999_000, "999 kB"), (6_300_000, "6.3 MB"), (1_250_000_000, "1.25 GB")],
)
def test_a_size_is_in_the_unit_that_suits_it(bytes_: int, shown: str) -> None:
    assert say("sizeText", bytes_) == shown


@pytest.mark.parametrize(
    ("loaded", "total", "rate", "left", "shown"),
    [
        (3.1e6, 6.3e6, 4.2e6, 0.76, ["3.1 of 6.3 MB", "4.2 MB/s", "1 s left"]),
        (0.1e9, 1.1e9, 850e3, 1176, ["0.10 of 1.10 GB", "850 kB/s", "20 min left"]),
        (0.1e9, 9.1e9, 0.5e6, 18000, ["0.10 of 9.10 GB", "500 kB/s", "5 h left"]),
        (3.1e6, 6.3e6, 0, None, ["3.1 of 6.3 MB"]),
        (6.3e6, 6.3e6, 4.2e6, 0, ["6.3 of 6.3 MB"]),
        (0, 0, 0, None, []),
    ],
)
def test_how_far_a_load_is(
    loaded: float, total: float, rate: float, left: float | None, shown: list[str]
) -> None:
    given = {"loaded": loaded, "total": total, "rate": rate, "seconds_left": left}
    assert say("transferTexts", given) == shown


def test_of_many_files_on_their_way_the_first_are_named() -> None:
    some = [["onnx/a.onnx", [1e6, 2e6]], ["done.json", [5, 5]], ["b.bin", [0, 900e3]]]
    assert say("filesText", some) == "a.onnx 1.0 of 2.0 MB · b.bin 0 of 900 kB"
    many = [[f"{n}.bin", [0, 1e6]] for n in range(5)]
    assert say("filesText", many).endswith("2.bin 0.0 of 1.0 MB · 2 more files")


def test_on_what_a_model_runs_in_plain_words() -> None:
    assert (
        say("deviceWordText", {"dtype": "q8", "device": "wasm, 2 threads"})
        == "Runs on this device's processor, with 8-bit weights."
    )
    assert say("deviceWordText", {"dtype": "?", "device": "webgpu"}) == (
        "Runs on this device's graphics processor."
    )


def test_a_visit_without_a_network_is_no_failure() -> None:
    text = "org/name is loaded as it was stored: https://hub/x: could not be reached"
    assert say("noticeText", {"topic": "offline", "text": text}) == (
        "org/name is loaded as it was stored; it needs no network."
    )
    assert say("noticeText", {"topic": "memory", "text": text}) == text
