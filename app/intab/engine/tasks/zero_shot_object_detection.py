"""zero-shot-object-detection: where things are that the caller names, by OWL-ViT, OWLv2 or
Grounding DINO.

>>> await pipe("room.jpg", candidate_labels=["a cat", "a couch"])
[{'score': 0.29, 'label': 'a cat', 'box': {'xmin': 324, 'ymin': 20, 'xmax': 640, 'ymax': 373}}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from intab.engine.media.boxes import corners
from intab.engine.media.segments import sigmoid
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.beside_texts import TYPES
from intab.engine.tasks.image_task import ImagePipeline, ImageTask
from intab.engine.tasks.object_detection import record
from intab.engine.tasks.picture_texts import PictureTextsTask, encoded
from intab.engine.tasks.text_task import take_number
from intab.errors import OptionError, PromptError

_GROUNDED = "groundingdino"  # which reads one label a run, and scores its tokens
_SQUARE = "owlv2"  # whose pictures are filled up to squares, of which its boxes are parts


class ZeroShotObjectDetection(PictureTextsTask):
    """Options: candidate_labels, threshold, top_k, tokenizer_kwargs, image_processor_kwargs."""

    name = "zero-shot-object-detection"
    does = "find what is named"
    graph = "a detector of what texts name"
    heads = (
        "OwlViTForObjectDetection",
        "Owlv2ForObjectDetection",
        "GroundingDinoForObjectDetection",
    )
    beside = (*PictureTextsTask.beside, TYPES)
    needed = ("logits", "pred_boxes")
    known = ("candidate_labels", "threshold", "top_k", "tokenizer_kwargs")

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or cannot be used."""
        before, after = super().split(pipeline, options)
        threshold = after.get("threshold", 0.1)
        if isinstance(threshold, bool) or not isinstance(threshold, int | float):
            raise OptionError(f"threshold must be a number, not {threshold!r}.")
        labels = after.get("candidate_labels")
        kwargs = dict(after.get("tokenizer_kwargs") or {})
        most = take_number(after, "top_k", 1, None)
        before |= {"labels": labels if labels is None else _labels(labels), "kwargs": kwargs}
        return before, {"threshold": threshold, "top_k": most}

    async def read(self, pipeline: Pipeline, item: Any) -> Any:
        """A picture, and its own labels if it is a dict of both."""
        if not isinstance(item, Mapping):
            return await super().read(pipeline, item), None
        if set(item) != {"image", "candidate_labels"}:
            raise PromptError("A dict must have image and candidate_labels, and nothing else.")
        return await super().read(pipeline, item["image"]), _labels(item["candidate_labels"])

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A picture with all texts, or with each of them."""
        picture, own = item
        labels = own or options["labels"]
        if labels is None:
            raise OptionError("candidate_labels is missing: name what is to be found.")
        [row] = super().preprocess(pipeline, picture, options)
        return self._rows(pipeline, row, labels, options["kwargs"])

    def _rows(
        self, pipeline: Pipeline, row: Row, labels: Sequence[str], kwargs: Mapping[str, Any]
    ) -> list[Row]:
        if not _is_grounded(pipeline):
            feeds = {**row.feeds, **encoded(pipeline, labels, kwargs)}
            return [Row(feeds, about=(row.about, labels))]
        found = []
        for label in labels:
            text = encoded(pipeline, [label], kwargs)
            feeds = {**row.feeds, **{name: value[0] for name, value in text.items()}}
            found.append(Row(feeds, about=(row.about, [label])))
        return found

    def trial(self, pipeline: ImagePipeline) -> Row:
        """It is tried with two texts, or one."""
        return self._rows(pipeline, ImageTask.trial(self, pipeline), ["a", "b"], {})[0]

    async def run(self, pipeline: Pipeline, feeds: Arrays) -> Arrays:
        """Grounding DINO's text goes with its picture; there are no scores behind its end."""
        if not _is_grounded(pipeline):
            return await super().run(pipeline, feeds)
        found = await ImageTask.run(self, pipeline, feeds)
        return {name: np.maximum(one, np.finfo(one.dtype).min) for name, one in found.items()}

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """What scores more than the threshold, the best first, in pixels of the picture."""
        found: list[dict[str, Any]] = []
        for row, output in zip(rows, outputs, strict=True):
            found += _found(pipeline, row, output, options["threshold"])
        found.sort(key=lambda one: -one["score"])
        return found[: options["top_k"]]


def _is_grounded(pipeline: Pipeline) -> bool:
    return _GROUNDED in pipeline.config.architecture.lower()  # MM Grounding DINO too


def _found(pipeline: Pipeline, row: Row, output: Arrays, threshold: float) -> list[dict[str, Any]]:
    """What one run has found, label by label."""
    (height, width), labels = row.about
    if pipeline.config.architecture.lower().startswith(_SQUARE):
        height = width = max(height, width)
    logits = output["logits"].astype(np.float32)
    if _is_grounded(pipeline):  # a score for each token, of which the best counts
        logits = logits.max(-1, keepdims=True)
    scores = sigmoid(logits).T  # [labels, boxes]
    boxes = corners(output["pred_boxes"].astype(np.float32))
    boxes = boxes * np.array([width, height, width, height], np.float32)
    return [
        record(scores[label, box], labels[label], boxes[box])
        for label, box in np.argwhere(scores > threshold)
    ]


def _labels(given: Any) -> list[str]:
    """A string is split at its commas and nothing is taken away, as transformers has it."""
    labels = given.split(",") if isinstance(given, str) else given
    if not isinstance(labels, list | tuple) or not all(isinstance(one, str) for one in labels):
        raise OptionError("candidate_labels must be a list of labels, or a string of them, a,b.")
    if not labels:
        raise OptionError("candidate_labels is empty: name at least one label.")
    return list(labels)
