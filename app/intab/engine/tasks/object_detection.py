"""object-detection: where things are on a picture, as boxes with labels.

>>> await pipe("street.jpg", threshold=0.9)
[{'score': 0.98, 'label': 'bus', 'box': {'xmin': 20, 'ymin': 231, 'xmax': 804, 'ymax': 755}}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.boxes import corners, suppressed
from intab.engine.media.processor import ImageProcessor
from intab.engine.media.resizing import Size
from intab.engine.media.segments import sigmoid
from intab.engine.media.yolo import detections, layout_of, letterbox
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.image_task import KWARGS, ImagePipeline, ImageTask, prepared
from intab.engine.tasks.text_task import softmax
from intab.errors import OptionError, UnsupportedModelError

_WANTED = ("logits", "pred_boxes")
_SIZE = 640  # pixels of a side, if a detector without a config takes any
_SHARED = 0.45
_SIDES = ("xmin", "ymin", "xmax", "ymax")
# Families that score each class alone, with no class for nothing, and the processors of those that
# are not named: how many pairs of box and class they keep, None for as many as there are boxes.
_FOCAL: Mapping[str, int | None] = {
    **dict.fromkeys(("conditional_detr", "dab-detr", "deformable_detr", "lw_detr"), 100),
    **dict.fromkeys(("d_fine", "deimv2", "rf_detr", "rt_detr", "rt_detr_v2")),
    **dict.fromkeys(("ConditionalDetrImage", "DeformableDetrImage"), 100),
    **dict.fromkeys(("RTDetrImage", "RfDetrImage")),
}


class ObjectDetection(ImageTask):
    """Options: threshold, image_processor_kwargs; of YOLO's detectors without a config threshold
    and iou_threshold, the part that two boxes of one label may share."""

    name = "object-detection"
    does = "detect objects"
    graph = "a detector of objects"
    heads = ("ForObjectDetection",)
    known = ("threshold", "iou_threshold")

    def layout(self, pipeline: ImagePipeline) -> str:
        """How a detector without a config gives its boxes, "" for one of transformers'."""
        [network] = pipeline.networks.values()
        if any(info.name in _WANTED for info in network.outputs):
            return ""
        return layout_of(network.outputs[0].shape, self.size(pipeline))

    def size(self, pipeline: ImagePipeline) -> Size:
        """The height and the width of such a detector's pictures."""
        height, width = pipeline.fixed_size
        return height or _SIZE, width or _SIZE

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError for what gives no boxes."""
        super().check_graph(pipeline)
        [network] = pipeline.networks.values()
        given = [info.name for info in network.outputs]
        assert isinstance(pipeline, ImagePipeline)
        if self.layout(pipeline):
            return
        if lacking := [name for name in _WANTED if name not in given]:
            raise UnsupportedModelError(
                f"The graph has no output {lacking[0]}; it gives {', '.join(given)}: export the "
                f"model for {self.name}."
            )

    def outputs(self, pipeline: Pipeline) -> Sequence[str]:
        """Scores and boxes."""
        [network] = pipeline.networks.values()
        assert isinstance(pipeline, ImagePipeline)
        return [network.outputs[0].name] if self.layout(pipeline) else _WANTED

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        before, after = super().split(pipeline, options)
        assert isinstance(pipeline, ImagePipeline)
        layout = self.layout(pipeline)
        if "iou_threshold" in after and not layout:
            raise OptionError(
                "iou_threshold has no effect: this model makes no two boxes of one thing."
            )
        for name, usual in (("threshold", 0.5), ("iou_threshold", _SHARED)):
            value = after.setdefault(name, usual)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise OptionError(f"{name} must be a number, not {value!r}.")
        return {**before, "layout": layout}, {**after, "layout": layout}

    def processor(
        self, pipeline: ImagePipeline, changed: Mapping[str, Any] | None
    ) -> ImageProcessor:
        """None is needed by a detector without a config, whose pictures are all made alike."""
        if not self.layout(pipeline):
            return super().processor(pipeline, changed)
        if changed:
            raise OptionError(f"{KWARGS} has no effect: YOLO's pictures are scaled and filled up.")
        return ImageProcessor.of({})

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A picture as one row."""
        if not options["layout"]:
            return super().preprocess(pipeline, item, options)
        assert isinstance(pipeline, ImagePipeline)
        size = item.height, item.width
        preparation, placed = letterbox(size, self.size(pipeline), options["layout"])
        row = self.row(pipeline, prepared(item, preparation), size)
        return [Row(row.feeds, about=(row.about, placed))]

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
        if options["layout"]:
            return self._without_config(pipeline, rows[0], outputs[0], options)
        logits, boxes = (outputs[0][name].astype(np.float32) for name in _WANTED)
        family = self.family(pipeline)
        scores, labels, boxes = (
            best_of_all(logits, boxes, _FOCAL[family] or len(boxes))
            if family in _FOCAL
            else best_of_each(logits, boxes)
        )
        height, width = rows[0].about
        pixels = corners(boxes) * np.array([width, height, width, height], np.float32)
        kept = np.flatnonzero(scores > options["threshold"])
        return [record(scores[n], pipeline.label(int(labels[n])), pixels[n]) for n in kept]

    def family(self, pipeline: ImagePipeline) -> str:
        """What its scores mean: by its model_type, or by its processor, as transformers goes by."""
        kind = pipeline.processor.kind if pipeline.processor else ""
        return next((n for n in (pipeline.config.model_type, kind) if n in _FOCAL), "")

    def _without_config(
        self, pipeline: ImagePipeline, row: Row, output: Arrays, options: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Of boxes that share too much with a better one of their label none stays."""
        [raw] = output.values()
        layout = options["layout"]
        boxes, scores, labels = detections(raw.astype(np.float32), layout, self.size(pipeline))
        kept = np.flatnonzero(scores > options["threshold"])
        boxes, scores, labels = row.about[1].back(boxes[kept]), scores[kept], labels[kept]
        most = 1.0 if layout == "v10" else options["iou_threshold"]  # which chose already
        stay = suppressed(boxes, scores, labels, most)
        return [record(scores[n], pipeline.label(int(labels[n])), boxes[n]) for n in stay]


def record(score: Any, label: str, box: Any) -> dict[str, Any]:
    """What is found, its sides in whole pixels, cut as transformers cuts them."""
    sides = dict(zip(_SIDES, map(int, box), strict=True))
    return {"score": float(score), "label": label, "box": sides}


Found = tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.float32]]


def best_of_each(logits: NDArray[np.float32], boxes: NDArray[np.float32]) -> Found:
    """The best class of each box, of which the last stands for nothing."""
    scores = softmax(logits)[:, :-1]
    return scores.max(-1), scores.argmax(-1), boxes


def best_of_all(logits: NDArray[np.float32], boxes: NDArray[np.float32], most: int) -> Found:
    """The best pairs of box and class, so many at most."""
    scores = sigmoid(logits).reshape(-1)
    best = np.argsort(-scores, kind="stable")[:most]
    return scores[best], best % logits.shape[1], boxes[best // logits.shape[1]]
