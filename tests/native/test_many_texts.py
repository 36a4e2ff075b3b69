"""A generator of many texts is read and answered in the memory of a few batches."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import ArrayTask
from intab.engine.tasks.text_classification import TextClassification
from intab.engine.tasks.token_classification import TokenClassification
from tests.engine.support.graph_networks import FunctionNetwork
from tests.engine.support.pipelines import make_pipeline

FEW, MANY, SIZE = 256, 2048, 400
SLACK = 150_000  # bytes, of what Python keeps for itself


def texts(count: int, network: FunctionNetwork) -> Iterator[str]:
    """Texts of some characters, each one made when it is asked for."""
    for number in range(count):
        network.ran.clear()  # the network of the tests remembers what it was fed
        yield "a b " * (number % 3) + "c" * SIZE


def labels(feeds: Arrays) -> NDArray[Any]:
    return np.ones((len(feeds["input_ids"]), 2), np.float32)


async def peak(task: ArrayTask, count: int, **about: Any) -> int:
    """Bytes: the most that Python holds at once while so many texts are answered."""
    pipe, network = make_pipeline(task, **about)
    tracemalloc.start()
    try:
        answered = 0
        async for _ in pipe(texts(count, network), batch_size=8):
            answered += 1
        assert answered == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("task", "about"),
    [
        (TextClassification(), {"function": labels, "shape": (None, 2)}),
        (TokenClassification(), {}),
    ],
)
async def test_many_texts_take_the_memory_of_a_few(task: ArrayTask, about: dict[str, Any]) -> None:
    await peak(task, 16, **about)  # what is made once
    few, many = await peak(task, FEW, **about), await peak(task, MANY, **about)
    assert many < few + SLACK
    assert many < MANY * SIZE  # which the texts alone would take
