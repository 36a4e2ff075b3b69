"""object-detection: where things are on a picture, as boxes with labels.

>>> await pipe("street.jpg", threshold=0.9)
[{'score': 0.98, 'label': 'bus', 'box': {'xmin': 20, 'ymin': 231, 'xmax': 804, 'ymax': 755}}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.boxes import corners
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.image_task import ImagePipeline, ImageTask
from intab.engine.tasks.text_task import softmax
from intab.errors import OptionError, UnsupportedModelError

_WANTED = ("logits", "pred_boxes")
_SIDES = ("xmin", "ymin", "xmax", "ymax")
# Families that score each class alone, with no class for nothing: how many pairs of box and class
# they keep, None for as many as there are boxes.
_FOCAL: Mapping[str, int | None] = {
    **dict.fromkeys(("conditional_detr", "deformable_detr"), 100),
    **dict.fromkeys(("d_fine", "rt_detr", "rt_detr_v2")),
}


class ObjectDetection(ImageTask):
    """Options: threshold, image_processor_kwargs."""

    name = "object-detection"
    does = "detect objects"
    graph = "a detector of objects"
    heads = ("ForObjectDetection",)
    known = ("threshold",)

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError for what gives no boxes."""
        super().check_graph(pipeline)
        [network] = pipeline.networks.values()
        given = [info.name for info in network.outputs]
        if lacking := [name for name in _WANTED if name not in given]:
            raise UnsupportedModelError(
                f"The graph has no output {lacking[0]}; it gives {', '.join(given)}: export the "
                f"model for {self.name}."
            )

    def outputs(self, pipeline: Pipeline) -> Sequence[str]:
        """Scores and boxes."""
        return _WANTED

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        before, after = super().split(pipeline, options)
        least = after.get("threshold", 0.5)
        if isinstance(least, bool) or not isinstance(least, int | float):
            raise OptionError(f"threshold must be a number, not {least!r}.")
        return before, {"threshold": least}

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """What scores more than the threshold, in pixels of the picture: in the model's order, or
        the best first for families that score each class alone."""
        assert isinstance(pipeline, ImagePipeline)
        logits, boxes = (outputs[0][name].astype(np.float32) for name in _WANTED)
        family = pipeline.config.model_type
        scores, labels, boxes = (
            best_of_all(logits, boxes, _FOCAL[family] or len(boxes))
            if family in _FOCAL
            else best_of_each(logits, boxes)
        )
        height, width = rows[0].about
        pixels = corners(boxes) * np.array([width, height, width, height], np.float32)
        return [
            {
                "score": float(score),
                "label": pipeline.label(int(label)),
                "box": dict(zip(_SIDES, map(int, box), strict=True)),
            }
            for score, label, box in zip(scores, labels, pixels, strict=True)
            if score > options["threshold"]
        ]


Found = tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.float32]]


def best_of_each(logits: NDArray[np.float32], boxes: NDArray[np.float32]) -> Found:
    """The best class of each box, of which the last stands for nothing."""
    scores = softmax(logits)[:, :-1]
    return scores.max(-1), scores.argmax(-1), boxes


def best_of_all(logits: NDArray[np.float32], boxes: NDArray[np.float32], most: int) -> Found:
    """The best pairs of box and class, so many at most."""
    scores = np.asarray(1 / (1 + np.exp(-logits)), np.float32).reshape(-1)
    best = np.argsort(-scores, kind="stable")[:most]
    return scores[best], best % logits.shape[1], boxes[best // logits.shape[1]]
