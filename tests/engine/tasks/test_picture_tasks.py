"""Tasks that look at pictures, over networks that a Python function computes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from intab.engine.runtime.network import Arrays, TensorInfo
from intab.engine.tasks.background_removal import BackgroundRemoval
from intab.engine.tasks.depth_estimation import DepthEstimation
from intab.engine.tasks.image_classification import ImageClassification
from intab.engine.tasks.image_feature_extraction import ImageFeatureExtraction
from intab.engine.tasks.image_segmentation import ImageSegmentation
from intab.engine.tasks.image_task import ImagePipeline, ImageTask
from intab.engine.tasks.object_detection import ObjectDetection
from intab.engine.tasks.picture_texts import as_trained
from intab.engine.tasks.zero_shot_image_classification import ZeroShotImageClassification
from intab.engine.tasks.zero_shot_object_detection import ZeroShotObjectDetection
from intab.engine.text.assets import Texts
from intab.errors import (
    ContextLengthError,
    DeviceError,
    OptionError,
    PromptError,
    RunError,
    UnsupportedModelError,
)
from tests.engine.support.drawing import drawing
from tests.engine.support.graph_networks import FunctionNetwork
from tests.engine.support.pipelines import SETTINGS, word_tokenizer

PLAIN = {"do_resize": False, "do_rescale": False, "do_normalize": False}
SHAPE = (None, 3, None, None)


def make(
    task: ImageTask,
    outputs: Mapping[str, Callable[[Arrays], NDArray[Any]]],
    shape: tuple[int | None, ...] = SHAPE,
    *,
    ranks: Mapping[str, tuple[int | None, ...]] | None = None,
    more: tuple[str, ...] = (),
    config: Mapping[str, Any] | None = None,
    processor: Mapping[str, Any] | None = PLAIN,
    file: str = "preprocessor_config.json",
) -> ImagePipeline:
    inputs = [TensorInfo("pixel_values", "float32", shape)]
    shapes = {"pixel_mask": (None, None, None), **(ranks or {})}
    inputs += [TensorInfo(name, "int64", shapes.get(name, (None, None))) for name in more]
    infos = [TensorInfo(name, "float32", shapes.get(name, ())) for name in outputs]
    network = FunctionNetwork(
        inputs, infos, lambda feeds: {name: one(feeds) for name, one in outputs.items()}
    )
    files = {} if processor is None else {file: json.dumps(processor)}
    texts = Texts(word_tokenizer(SETTINGS), dict(config or {}), {}, SETTINGS, {}, files)
    pipeline = task.pipeline(task, {"model": network}, texts)

    async def read(source: Any) -> Image.Image:
        return Image.fromarray(source)

    pipeline.read = read
    task.check_graph(pipeline)
    return pipeline


def mean(feeds: Arrays) -> NDArray[np.float32]:
    """The mean of each channel: [rows, 3]."""
    return np.asarray(feeds["pixel_values"].mean((2, 3)), np.float32)


COLOURS = np.zeros((4, 6, 3), np.uint8) + np.array([1, 3, 2], np.uint8)
NAMES = {"id2label": {"0": "red", "1": "green", "2": "blue"}}


async def test_labels() -> None:
    pipe = make(ImageClassification(), {"logits": mean}, config=NAMES)
    assert [one["label"] for one in await pipe(COLOURS)] == ["green", "blue", "red"]
    [best] = await pipe([COLOURS], top_k=1, function_to_apply="none", batch_size=2)
    assert best == [{"label": "green", "score": 3.0}]
    await pipe._task.self_test(pipe)
    for options in ({"top_k": 0}, {"function_to_apply": "tanh"}, {"x": 1}):
        with pytest.raises(OptionError):
            await pipe(COLOURS, **options)


async def test_pictures_of_one_channel_and_with_channels_last() -> None:
    def first(feeds: Arrays) -> NDArray[np.float32]:
        return feeds["pixel_values"].reshape(1, -1)[:, :3]

    grey = make(ImageClassification(), {"y": first}, (1, 1, None, None))
    found = await grey(COLOURS, function_to_apply="none")
    assert [one["score"] for one in found] == [2, 2, 2]
    await grey._task.self_test(grey)
    last = make(ImageClassification(), {"y": first}, (1, None, None, 3))
    found = await last(COLOURS, function_to_apply="none", top_k=3)
    assert [one["label"] for one in found] == ["LABEL_1", "LABEL_2", "LABEL_0"]
    await last._task.self_test(last)


async def test_a_graph_that_always_takes_two_pictures() -> None:
    """The last one goes in twice where there are fewer, and one answer of it is kept."""
    taken = []

    def counted(feeds: Arrays) -> NDArray[np.float32]:
        taken.append(len(feeds["pixel_values"]))
        return mean(feeds)

    pipe = make(ImageClassification(), {"logits": counted}, (2, 3, None, None), config=NAMES)
    pictures = [COLOURS, COLOURS[..., ::-1], COLOURS[..., [1, 0, 2]]]
    alone = [(await pipe(picture))[0]["label"] for picture in pictures]
    assert alone == ["green", "green", "red"]
    found = await pipe(pictures, batch_size=8)
    assert [one[0]["label"] for one in found] == alone
    assert set(taken) == {2}


async def test_vectors() -> None:
    given = {"last_hidden_state": lambda feeds: mean(feeds)[:, None], "pooler_output": mean}
    pipe = make(ImageFeatureExtraction(), given)
    assert await pipe(COLOURS) == [[[1, 3, 2]]]
    assert (await pipe(COLOURS, pool=True, return_tensors=True)).tolist() == [[1, 3, 2]]
    without = make(ImageFeatureExtraction(), {"y": mean})
    with pytest.raises(OptionError, match="no pooled vector: it gives y"):
        await without(COLOURS, pool=True)


async def test_depths() -> None:
    pipe = make(DepthEstimation(), {"predicted_depth": lambda f: f["pixel_values"][:, 0, ::2, ::2]})
    found = await pipe(drawing(8, 10))
    assert found["predicted_depth"].shape == (8, 10)
    assert np.asarray(found["depth"]).max() == 255
    flat = await pipe(COLOURS)
    assert np.asarray(flat["depth"]).max() == 0
    odd = make(DepthEstimation(), {"y": lambda f: np.zeros((1, 0, 4), np.float32)})
    assert odd.task == "depth-estimation"
    bad = make(DepthEstimation(), {"y": lambda f: np.zeros((1, 0), np.float32)})
    with pytest.raises(RunError, match="depths of shape"):
        await bad(COLOURS)


async def test_masks() -> None:
    pipe = make(ImageSegmentation(), {"logits": lambda f: f["pixel_values"][:, :, ::2, ::2]},
                config=NAMES)  # fmt: skip
    [one] = await pipe(COLOURS)
    assert (one["label"], one["score"], one["mask"].size) == ("green", None, (6, 4))
    for subtask in ("panoptic", "other"):
        with pytest.raises(OptionError):
            await pipe(COLOURS, subtask=subtask)
    with pytest.raises(UnsupportedModelError, match="not a score for each class and pixel"):
        make(ImageSegmentation(), {"logits": mean}, ranks={"logits": (None, 3)})


BOXES = np.array([[[0.5, 0.5, 0.5, 1], [0.25, 0.25, 0.5, 0.5]]], np.float32)
LOGITS = np.array([[[3, 0, 0], [0, 0, 4]]], np.float32)
FOUND = {"logits": lambda feeds: LOGITS, "pred_boxes": lambda feeds: BOXES}


async def test_backgrounds() -> None:
    pipe = make(BackgroundRemoval(), {"y": lambda f: f["pixel_values"][:, :1] / 4})
    found = await pipe(COLOURS)
    assert (found.mode, found.size, found.getpixel((0, 0))) == ("RGBA", (6, 4), (1, 3, 2, 63))
    logits = make(BackgroundRemoval(), {"y": lambda f: f["pixel_values"][:, 0, ..., None] * 99})
    assert (await logits(COLOURS, return_mask=True)).getpixel((0, 0)) == 255
    await logits._task.self_test(logits)
    odd = make(BackgroundRemoval(), {"y": mean})
    with pytest.raises(RunError, match=r"a mask of shape \[3\]"):
        await odd(COLOURS)
    with pytest.raises(UnsupportedModelError, match="not one number for each pixel"):
        make(BackgroundRemoval(), {"y": mean}, ranks={"y": (1, 2, 4, 4)})


async def test_boxes() -> None:
    pipe = make(ObjectDetection(), FOUND, config=NAMES, more=("pixel_mask",))
    [one] = await pipe(np.zeros((8, 20, 3), np.uint8))
    assert (one["label"], one["box"]) == ("red", {"xmin": 5, "ymin": 0, "xmax": 15, "ymax": 8})
    focal = make(ObjectDetection(), FOUND, config={**NAMES, "model_type": "rt_detr"})
    labels = [one["label"] for one in await focal(COLOURS, threshold=0.9)]
    assert labels == ["blue", "red"]
    processor = {**PLAIN, "image_processor_type": "RTDetrImageProcessor"}
    processed = make(ObjectDetection(), FOUND, config=NAMES, processor=processor)
    assert [one["label"] for one in await processed(COLOURS, threshold=0.9)] == labels
    for options in ({"threshold": "x"}, {"iou_threshold": 0.4}):
        with pytest.raises(OptionError):
            await pipe(COLOURS, **options)
    with pytest.raises(UnsupportedModelError, match="no output logits; it gives y"):
        make(ObjectDetection(), {"y": mean})


async def test_a_mask_whose_size_the_graph_fixes() -> None:
    """As exports of DETR have it that Transformers.js runs: 64 x 64, whatever the picture is."""
    shapes = []

    def boxes(feeds: Arrays) -> NDArray[np.float32]:
        shapes.append(feeds["pixel_mask"].shape)
        return FOUND["pred_boxes"](feeds)

    pipe = make(ObjectDetection(), {**FOUND, "pred_boxes": boxes}, config=NAMES,
                more=("pixel_mask",), ranks={"pixel_mask": (None, 64, 64)})  # fmt: skip
    await pipe(np.zeros((8, 20, 3), np.uint8))
    assert shapes == [(1, 64, 64)]


async def test_boxes_without_a_config() -> None:
    """YOLOv8's output for 32 x 32: 21 cells, of which one has something."""
    raw = np.zeros((1, 6, 21), np.float32)
    raw[0, :, 4] = [16, 16, 8, 4, 0.1, 0.9]
    pipe = make(ObjectDetection(), {"y": lambda f: raw}, (1, 3, 32, 32), processor=None,
                ranks={"y": (1, 6, 21)})  # fmt: skip
    [one] = await pipe(np.zeros((64, 64, 3), np.uint8))
    assert (one["label"], one["box"]) == (
        "LABEL_1",
        {"xmin": 24, "ymin": 28, "xmax": 40, "ymax": 36},
    )
    await pipe._task.self_test(pipe)
    with pytest.raises(OptionError, match="has no effect: YOLO's pictures"):
        await pipe(COLOURS, image_processor_kwargs={"size": 3})


async def test_labels_of_the_caller() -> None:
    def compare(feeds: Arrays) -> NDArray[np.float32]:
        return np.asarray(feeds["input_ids"].sum(1)[None], np.float32)

    task = ZeroShotImageClassification()
    texts = ("input_ids", "attention_mask")
    pipe = make(task, {"logits_per_image": compare}, more=texts)
    found = await pipe(COLOURS, ["a", "c"], hypothesis_template="{} b")
    assert [one["label"] for one in found] == ["c", "a"]
    await pipe._task.self_test(pipe)
    typed = make(task, {"logits_per_image": compare}, more=(*texts, "token_type_ids"))
    assert await typed(COLOURS, ["a", "c"], hypothesis_template="{} b") == found
    siglip = make(
        task, {"logits_per_image": compare}, more=texts[:1], config={"model_type": "siglip"}
    )
    [one] = await siglip(COLOURS, candidate_labels="a")
    assert one["score"] == pytest.approx(1)
    cut = {"truncation": True, "max_length": 3, "padding": "max_length"}
    assert len(await pipe(COLOURS, ["a b c", "d"], tokenizer_kwargs=cut)) == 2
    with pytest.raises(OptionError, match="tokenizer_kwargs has no 'x'"):
        await pipe(COLOURS, ["a"], tokenizer_kwargs={"x": 1})
    with pytest.raises(UnsupportedModelError, match="which takes input_ids and gives"):
        make(task, {"y": mean})


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("SiglipTokenizer", "a cat asleep"),
        ("Siglip2Tokenizer", "a  cat, asleep."),
        ("GemmaTokenizerFast", "a  cat, asleep."),
        ("CLIPTokenizer", "A  Cat, asleep."),
    ],
)
def test_texts_as_siglip_was_trained_on_them(kind: str, made: str) -> None:
    assert as_trained("A  Cat, asleep.", kind) == made


async def test_boxes_of_what_the_caller_names() -> None:
    texts = ("input_ids", "attention_mask")
    scores = {
        "logits": lambda f: np.asarray(f["input_ids"].sum(1)[None, None] - 20, np.float32),
        "pred_boxes": lambda f: np.array([[[0.5, 0.5, 0.5, 1]]], np.float32),
    }
    task = ZeroShotObjectDetection()
    pipe = make(task, scores, more=texts)
    found = await pipe(COLOURS, "c,a b", threshold=1e-4)
    assert [one["label"] for one in found] == ["a b", "c"]
    assert found[0]["box"] == {"xmin": 1, "ymin": 0, "xmax": 4, "ymax": 4}
    both = await pipe(
        [COLOURS, {"image": COLOURS, "candidate_labels": ["d"]}], ["a", "b"], threshold=0, top_k=1
    )
    assert [[one["label"] for one in each] for each in both] == [["b"], ["d"]]
    square = make(task, scores, more=texts, config={"architectures": ["Owlv2ForObjectDetection"]})
    assert (await square(COLOURS, ["a"], threshold=0))[0]["box"]["ymax"] == 6
    await pipe._task.self_test(pipe)
    for options, says in (
        ({}, "candidate_labels is missing: name what"),
        ({"candidate_labels": []}, "candidate_labels is empty"),
        ({"candidate_labels": [1]}, "candidate_labels must be a list of labels"),
        ({"candidate_labels": "a", "threshold": "x"}, "threshold must be a number, not 'x'"),
        ({"candidate_labels": "a", "top_k": 0}, "top_k must be 1 or more"),
    ):
        with pytest.raises(OptionError, match=says):
            await pipe(COLOURS, **options)
    with pytest.raises(PromptError, match="A dict must have image and candidate_labels"):
        await pipe({"image": COLOURS})
    with pytest.raises(ContextLengthError, match="is 13 tokens, and the model reads 12: shorten"):
        await pipe(COLOURS, ["a b c d e f g h a b c"])
    with pytest.raises(UnsupportedModelError, match="gives logits and pred_boxes"):
        make(task, {"logits": mean}, more=texts)


async def test_what_does_not_fit() -> None:
    task = ImageClassification()
    with pytest.raises(UnsupportedModelError, match=r"takes other .* beside the picture"):
        make(task, {"y": mean}, more=("other",))
    with pytest.raises(UnsupportedModelError, match="one input of four dimensions"):
        make(task, {"y": mean}, (None, 3))
    bare = make(task, {"y": mean}, processor=None)
    with pytest.raises(OptionError, match="which says how pictures are made for it"):
        await bare(COLOURS)
    assert len(await bare(COLOURS, image_processor_kwargs={"size": 4})) == 3
    with pytest.raises(OptionError, match="must be a dict"):
        await bare(COLOURS, image_processor_kwargs=3)
    fixed = make(task, {"y": mean}, (1, 3, 8, 8))
    with pytest.raises(OptionError, match="The picture becomes 4 x 6, and the graph takes"):
        await fixed(COLOURS)
    wild = make(task, {"y": lambda f: mean(f) * np.float32(np.nan)})
    with pytest.raises(DeviceError, match="not finite"):
        await task.self_test(wild)


async def test_a_processor_among_several() -> None:
    task = ImageClassification()
    several = {"image_processor": PLAIN}
    pipe = make(task, {"y": mean}, processor=several, file="processor_config.json")
    assert len(await pipe(COLOURS)) == 3
    assert make(task, {"y": mean}, processor={}, file="processor_config.json").processor is None
