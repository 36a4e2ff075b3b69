"""Frames of a camera are made ready where their pixels are, and answered as pictures are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from intab.engine.media.preparing import Preparation
from intab.engine.runtime.network import Arrays, Elsewhere, TensorInfo, elsewhere
from intab.engine.tasks.image_classification import ImageClassification
from intab.engine.tasks.image_task import ImagePipeline, ImageTask
from intab.engine.tasks.object_detection import ObjectDetection
from intab.engine.text.assets import Texts
from tests.engine.support.drawing import drawing
from tests.engine.support.graph_networks import FunctionNetwork
from tests.engine.support.pipelines import SETTINGS, word_tokenizer

VIT = {"image_processor_type": "ViTImageProcessor", "size": 8, "resample": 3}


class Far(Elsewhere):
    def __init__(self, array: NDArray[np.float32]) -> None:
        super().__init__(array.shape, "float32")
        self.array = array

    def values(self) -> NDArray[np.float32]:
        return self.array.reshape(self.shape)


class FakeFrame(Image.Image):
    """Its pixels are elsewhere, with a picture that has them."""

    def __init__(self, picture: Image.Image) -> None:
        super().__init__()
        self.picture = picture
        self._mode, self._size = picture.mode, picture.size
        self.loads = 0

    def load(self) -> Any:
        self.loads += 1
        self.im = self.picture.im
        return super().load()

    def prepared(self, preparation: Preparation) -> Far:
        return Far(preparation(self.picture))


def frame(number: int = 0) -> FakeFrame:
    return FakeFrame(Image.fromarray(np.roll(drawing(23, 40), number, 0)))


def first(feeds: Arrays) -> Mapping[str, NDArray[Any]]:
    [pixels] = [np.asarray(value) for value in feeds.values()]
    return {"y": pixels.reshape(len(pixels), -1)[:, :30]}


def make(
    processor: Mapping[str, Any] | None,
    shape: tuple[int | None, ...] = (None, 3, None, None),
    dtype: str = "float32",
    task: ImageTask | None = None,
    function: Callable[[Arrays], Mapping[str, NDArray[Any]]] = first,
) -> tuple[ImagePipeline, FunctionNetwork]:
    task = task or ImageClassification()
    out = TensorInfo("y", "float32", (1, 84, 21) if isinstance(task, ObjectDetection) else ())
    network = FunctionNetwork([TensorInfo("x", dtype, shape)], [out], function)
    files = {"preprocessor_config.json": json.dumps(processor)} if processor else {}
    texts = Texts(word_tokenizer(SETTINGS), {}, {}, SETTINGS, {}, files)
    pipeline = task.pipeline(task, {"model": network}, texts)

    async def read(source: Any) -> Image.Image:
        assert isinstance(source, Image.Image)
        return source

    pipeline.read = read
    return pipeline, network


async def test_a_frame_stays_where_it_is() -> None:
    pipe, network = make(VIT)
    one = frame()
    found = await pipe(one, function_to_apply="none")
    [fed] = network.ran[-1].values()
    assert elsewhere(fed)
    assert (fed.shape, fed.ndim, one.loads) == ((1, 3, 8, 8), 4, 0)
    assert found == await pipe(one.picture, function_to_apply="none")
    assert isinstance(network.ran[-1]["x"], np.ndarray)


async def test_frames_together() -> None:
    pipe, network = make(VIT)
    frames = [frame(0), frame(1), frame(2)]
    found = await pipe(frames, batch_size=3)
    assert network.ran[-1]["x"].shape == (3, 3, 8, 8)
    assert found == await pipe([one.picture for one in frames], batch_size=3)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((1, None, None, 3), "float32"), ((1, 3, 8, 8), "float16"), ((1, 1, 8, 8), "float32")],
)
async def test_what_a_graph_takes_otherwise(shape: tuple[int | None, ...], dtype: str) -> None:
    pipe, network = make(VIT, shape, dtype)
    one = frame()
    assert await pipe(one) == await pipe(one.picture)
    assert network.ran[0]["x"].dtype == dtype
    assert isinstance(network.ran[0]["x"], np.ndarray)


async def test_what_pillow_alone_can_do() -> None:
    pipe, _ = make({**VIT, "resample": 1})
    one = frame()
    assert await pipe(one) == await pipe(one.picture)
    assert one.loads


async def test_a_detector_without_a_config() -> None:
    def boxes(feeds: Arrays) -> Mapping[str, NDArray[Any]]:
        pixels = np.asarray(feeds["x"])
        return {"y": np.resize(np.abs(pixels), (1, 84, 21)).astype(np.float32)}

    task = ObjectDetection()
    pipe, network = make(None, (1, 3, 32, 32), task=task, function=boxes)
    one = frame()
    found = await pipe(one, threshold=0.0)
    assert elsewhere(network.ran[-1]["x"])
    assert found
    assert found == await pipe(one.picture, threshold=0.0)
