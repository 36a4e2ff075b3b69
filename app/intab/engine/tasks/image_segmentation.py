"""image-segmentation: which pixel of a picture belongs to what, as masks.

>>> [(one["label"], one["mask"].size) for one in await pipe("street.jpg")]
[('road', (640, 480)), ('sky', (640, 480))]

A model gives a score for each class and pixel (SegFormer ...), or queries with a mask and scores
for each class (DETR, MaskFormer, Mask2Former), of which panoptic and instance segments are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.interpolation import bilinear, largest
from intab.engine.media.pictures import from_array
from intab.engine.media.segments import (
    Found,
    Thresholds,
    class_scores,
    instances,
    segments,
    sigmoid,
)
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.image_task import ImagePipeline, ImageTask
from intab.engine.tasks.text_task import floats, softmax
from intab.errors import OptionError, UnsupportedModelError

_SUBTASKS = ("panoptic", "instance", "semantic")
_DETR = ("logits", "pred_masks")
_MASKFORMER = ("class_queries_logits", "masks_queries_logits")
_OF_MASK2FORMER = (384, 384)  # the size of its masks before anything else, for all its models
_USUAL = {"threshold": 0.9, "mask_threshold": 0.5, "overlap_mask_area_threshold": 0.5}


class ImageSegmentation(ImageTask):
    """Options: subtask ("panoptic", "instance" or "semantic", the first that the model does),
    threshold, mask_threshold, overlap_mask_area_threshold, image_processor_kwargs."""

    name = "image-segmentation"
    does = "segment pictures"
    graph = "a segmenter of pictures"
    heads = ("ForSemanticSegmentation", "DetrForSegmentation", "MaskFormerForInstanceSegmentation",
             "Mask2FormerForUniversalSegmentation")  # fmt: skip
    known = ("subtask", *_USUAL)

    def queries(self, pipeline: Pipeline) -> tuple[str, str] | None:
        """The outputs of scores and masks of queries; None if it has a score for each pixel."""
        [network] = pipeline.networks.values()
        given = {info.name for info in network.outputs}
        return next((names for names in (_MASKFORMER, _DETR) if given.issuperset(names)), None)

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError for what gives no scores for each pixel."""
        super().check_graph(pipeline)
        if self.queries(pipeline):
            return
        [network] = pipeline.networks.values()
        [name] = self.outputs(pipeline) or [""]
        info = next(info for info in network.outputs if info.name == name)
        if info.shape and len(info.shape) != 4:
            raise UnsupportedModelError(
                f"The graph gives {info}, which is not a score for each class and pixel, and no "
                f"{_DETR[1]} or {_MASKFORMER[1]}: export the model for {self.name}."
            )

    def outputs(self, pipeline: Pipeline) -> Sequence[str] | None:
        """The one output, or those of the queries."""
        return self.queries(pipeline) or super().outputs(pipeline)

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown, or what the model cannot do."""
        before, after = super().split(pipeline, options)
        by_queries = self.queries(pipeline) is not None
        wanted = after.get("subtask")
        if wanted is not None and wanted not in _SUBTASKS:
            raise OptionError(f"subtask must be one of {', '.join(_SUBTASKS)}, not {wanted!r}.")
        if wanted not in (None, "semantic") and not by_queries:
            raise OptionError(f"This model does not do {wanted} segmentation: leave subtask out.")
        subtask = wanted or ("panoptic" if by_queries else "semantic")
        return before, {"subtask": subtask, "least": _thresholds(after, subtask)}

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """A mask of the picture's own size for each class that is there, in the classes' order; of
        panoptic and instance segments for each of these, in the queries' order."""
        assert isinstance(pipeline, ImagePipeline)
        size, subtask = rows[0].about, options["subtask"]
        if not self.queries(pipeline):
            logits = floats(outputs[0])
            logits = np.moveaxis(logits, -1, 0) if pipeline.channels_last else logits
            return _of_classes(pipeline, largest(logits, *size))
        scores, masks = self._of_queries(pipeline, outputs[0])
        if subtask == "semantic":
            summed = class_scores(scores, sigmoid(masks))
            return _of_classes(pipeline, largest(summed, *size))
        least: Thresholds = options["least"]
        if subtask == "instance" and self.queries(pipeline) == _MASKFORMER:
            found = instances(scores, masks, size, least.score)
        else:
            found = segments(scores, sigmoid(masks), size, least)
        return [_record(pipeline, one) for one in found]

    def _of_queries(
        self, pipeline: Pipeline, outputs: Arrays
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The queries' scores for each class, and their masks as logits."""
        names = self.queries(pipeline) or _DETR
        logits, masks = (outputs[name].astype(np.float32) for name in names)
        if pipeline.config.model_type == "mask2former":
            masks = bilinear(masks, *_OF_MASK2FORMER)
        return softmax(logits), masks


def _thresholds(options: Mapping[str, Any], subtask: str) -> Thresholds:
    """OptionError for one that is no share, or that a semantic call would not look at."""
    for name in _USUAL:
        value = options.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise OptionError(f"{name} must be a number from 0 to 1, not {value!r}.")
        if name in options and subtask == "semantic":
            raise OptionError(f"{name} has no effect: semantic segmentation has no thresholds.")
    return Thresholds(*({**_USUAL, **options}[name] for name in _USUAL))


def _of_classes(pipeline: ImagePipeline, classes: NDArray[np.intp]) -> list[dict[str, Any]]:
    return [
        {
            "score": None,
            "label": pipeline.label(int(number)),
            "mask": from_array(classes == number),
        }
        for number in np.unique(classes)
    ]


def _record(pipeline: ImagePipeline, one: Found) -> dict[str, Any]:
    label = pipeline.label(one.label)
    return {"score": one.score, "label": label, "mask": from_array(one.mask)}
