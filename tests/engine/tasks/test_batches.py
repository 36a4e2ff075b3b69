"""Rows run side by side: sorted, padded, answered in order, and only where that changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from intab.engine.io.protocols import Progress
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.batches import AHEAD
from intab.engine.tasks.feature_extraction import FeatureExtraction
from intab.errors import ContextLengthError, ModelClosedError, OptionError, PromptError
from tests.conftest import run_to_end
from tests.engine.support.pipelines import make_pipeline, seen

TEXTS = ["a", "a b c d", "", "a b", "h g f e d", "c c"]


def shapes(network: Any) -> list[tuple[int, ...]]:
    return [feeds["input_ids"].shape for feeds in network.ran]


async def test_rows_are_sorted_and_answers_in_order() -> None:
    pipe, network = make_pipeline(FeatureExtraction())
    found = await pipe(TEXTS, batch_size=2)
    assert [len(one[0]) for one in found] == [3, 6, 2, 4, 7, 4]
    assert found == [await pipe(text) for text in TEXTS]
    batches = [shape for shape in shapes(network)[: -len(TEXTS)] if shape[0] > 1]
    assert batches == [(2, 7), (2, 4), (2, 3)]


async def test_padding_is_hidden_and_taken_away() -> None:
    pipe, network = make_pipeline(FeatureExtraction())
    long, short = await pipe(["a b c", "a"], batch_size=2)
    [feeds] = [feeds for feeds in network.ran if len(feeds["input_ids"]) == 2]
    assert feeds["input_ids"].tolist() == [[2, 5, 6, 7, 3], [2, 5, 3, 0, 0]]
    assert feeds["attention_mask"].tolist() == [[1] * 5, [1, 1, 1, 0, 0]]
    assert [len(long[0]), len(short[0])] == [5, 3]


@given(st.lists(st.text("abc ", max_size=9), min_size=1), st.integers(1, 9))
def test_batches_change_no_answer(texts: list[str], size: int) -> None:
    async def check() -> None:
        pipe, _ = make_pipeline(FeatureExtraction(), config={"max_position_embeddings": 40})
        assert await pipe(texts, batch_size=size) == await pipe(texts)

    run_to_end(check())


@pytest.mark.parametrize("size", [1, 3])
async def test_nothing_in_nothing_out(size: int) -> None:
    pipe, network = make_pipeline(FeatureExtraction())
    assert await pipe([], batch_size=size) == []
    assert network.ran == []


async def test_a_graph_of_one_row_runs_row_by_row() -> None:
    pipe, network = make_pipeline(FeatureExtraction(), batch=1)
    assert len(await pipe(TEXTS, batch_size=4)) == len(TEXTS)
    assert {shape[0] for shape in shapes(network)} == {1}


async def test_without_a_mask_only_equal_lengths_run_together() -> None:
    pipe, network = make_pipeline(FeatureExtraction(), names=["input_ids"])
    found = await pipe(TEXTS, batch_size=4)
    assert [len(one[0]) for one in found] == [3, 6, 2, 4, 7, 4]
    assert (2, 4) in shapes(network)
    assert {shape for shape in shapes(network) if shape[0] > 1} == {(2, 4)}


async def test_rows_that_depend_on_each_other_run_alone() -> None:
    """As those of an int8 graph with one scale for a batch."""

    def scaled(feeds: Arrays) -> NDArray[Any]:
        return np.asarray(seen(feeds) / feeds["input_ids"].max(), np.float32)

    pipe, network = make_pipeline(FeatureExtraction(), scaled)
    found = await pipe(TEXTS, batch_size=3)
    assert found == [await pipe(text) for text in TEXTS]
    # Two rows together tell it: a whole batch would be computed in vain.
    assert [shape for shape in shapes(network) if shape[0] > 1] == [(2, 7)]
    network.ran.clear()
    await pipe(TEXTS, batch_size=3)
    assert {shape[0] for shape in shapes(network)} == {1}


async def test_equal_rows_tell_nothing_of_each_other() -> None:
    pipe, _ = make_pipeline(FeatureExtraction())
    await pipe(["a", "a"], batch_size=2)
    assert pipe.batching.agree is None
    await pipe(["a", "b c"], batch_size=2)
    assert pipe.batching.agree


async def test_a_graph_of_one_length_is_padded_to_it() -> None:
    pipe, network = make_pipeline(FeatureExtraction(), length=8)
    found = await pipe("a b")
    assert shapes(network) == [(1, 8)]
    assert len(found[0]) == 4
    with pytest.raises(ContextLengthError, match="has 9 tokens, the model takes 8"):
        await pipe("a b c d e f g")


async def test_a_generator_is_read_as_it_is_answered() -> None:
    taken: list[str] = []

    def texts() -> Iterator[str]:
        for number in range(1000):
            taken.append("a " * (number % 5))
            yield taken[-1]

    pipe, _ = make_pipeline(FeatureExtraction())
    answers = pipe(texts(), batch_size=2)
    first = await anext(answers)
    assert len(first[0]) == 2
    assert len(taken) == 2 * AHEAD
    await answers.aclose()
    alone = pipe(texts())
    taken.clear()
    await anext(alone)
    assert len(taken) == 1
    await alone.aclose()


async def test_asynchronous_generators_and_iterators() -> None:
    async def texts() -> AsyncIterator[str]:
        for text in TEXTS:
            await asyncio.sleep(0)
            yield text

    pipe, _ = make_pipeline(FeatureExtraction())
    wanted = await pipe(TEXTS)
    assert [one async for one in pipe(texts(), batch_size=4)] == wanted
    assert [one async for one in pipe(iter(TEXTS))] == wanted


async def test_progress_counts_inputs() -> None:
    heard: list[Progress] = []
    pipe, _ = make_pipeline(FeatureExtraction())
    await pipe(TEXTS, batch_size=4, on_progress=heard.append)
    assert [(one.stage, one.loaded, one.total) for one in heard] == [("run", 4, 6), ("run", 6, 6)]
    heard.clear()
    _ = [one async for one in pipe(iter(TEXTS), on_progress=heard.append)]
    assert [(one.loaded, one.total) for one in heard] == [(n, 0) for n in range(1, 7)]


async def test_stop_comes_between_batches() -> None:
    pipe, network = make_pipeline(FeatureExtraction())

    def stop(progress: Progress) -> None:
        if progress.loaded == 6:
            task.cancel()

    task = asyncio.ensure_future(pipe(["a"] * 100, batch_size=2, on_progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(network.ran) < 6
    assert await pipe("a") == [[[2, 1, 1, 0], [5, 1, 1, 0], [3, 1, 1, 0]]]


async def test_closed_between_batches() -> None:
    pipe, _ = make_pipeline(FeatureExtraction())
    answers = pipe(iter(TEXTS))
    await anext(answers)
    await pipe.close()
    with pytest.raises(ModelClosedError, match="load it again"):
        await anext(answers)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number from 1 on, not 0"),
        ({"batch_size": True}, "batch_size must be"),
        ({"batch_size": "4"}, "batch_size must be"),
        ({"on_progress": 4}, "on_progress must be a function"),
        ({"num_workers": 2}, "There is no option 'num_workers'"),
    ],
)
async def test_options_of_every_call(options: dict[str, Any], says: str) -> None:
    pipe, _ = make_pipeline(FeatureExtraction())
    with pytest.raises(OptionError, match=says):
        await pipe(TEXTS, **options)


@pytest.mark.parametrize("wrong", [None, 4, b"a", ["a"]])
async def test_one_input_that_is_none(wrong: Any) -> None:
    pipe, _ = make_pipeline(FeatureExtraction())
    with pytest.raises(PromptError, match="must be a string, not"):
        await pipe(["a", wrong], batch_size=2)


async def test_numbers_of_half_precision_may_differ_more() -> None:
    def noisy(feeds: Arrays) -> NDArray[Any]:
        return np.asarray(seen(feeds) * (1 + 0.005 * (len(feeds["input_ids"]) > 1)), np.float32)

    for dtype, agree in (("fp32", False), ("fp16", True)):
        pipe, _ = make_pipeline(FeatureExtraction(), noisy)
        pipe.dtype = dtype
        await pipe(TEXTS, batch_size=3)
        assert pipe.batching.agree is agree
