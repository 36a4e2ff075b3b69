"""image-segmentation: which pixel of a picture belongs to what, as masks.

>>> [(one["label"], one["mask"].size) for one in await pipe("street.jpg")]
[('road', (640, 480)), ('sky', (640, 480))]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from intab.engine.media.interpolation import bilinear
from intab.engine.media.pictures import from_array
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.image_task import ImagePipeline, ImageTask
from intab.engine.tasks.text_task import floats
from intab.errors import OptionError, UnsupportedModelError

_SUBTASKS = ("panoptic", "instance", "semantic")


class ImageSegmentation(ImageTask):
    """Options: subtask ("semantic" for models that give one score a class and pixel),
    image_processor_kwargs."""

    name = "image-segmentation"
    does = "segment pictures"
    graph = "a segmenter of pictures"
    heads = ("ForSemanticSegmentation",)
    known = ("subtask",)

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError for what gives no scores for each pixel."""
        super().check_graph(pipeline)
        [network] = pipeline.networks.values()
        [name] = self.outputs(pipeline) or [""]
        info = next(info for info in network.outputs if info.name == name)
        if info.shape and len(info.shape) != 4:
            raise UnsupportedModelError(
                f"The graph gives {info}, which is not a score for each class and pixel: export "
                f"the model for {self.name}, semantic."
            )

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown, or what the model cannot do."""
        before, after = super().split(pipeline, options)
        wanted = after.get("subtask")
        if wanted is not None and wanted not in _SUBTASKS:
            raise OptionError(f"subtask must be one of {', '.join(_SUBTASKS)}, not {wanted!r}.")
        if wanted not in (None, "semantic"):
            raise OptionError(f"This model does not do {wanted} segmentation: leave subtask out.")
        return before, {}

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """A mask of the picture's own size for each class that is there, in the classes' order."""
        assert isinstance(pipeline, ImagePipeline)
        logits = floats(outputs[0])
        if pipeline.channels_last:
            logits = np.moveaxis(logits, -1, 0)
        classes = bilinear(logits, *rows[0].about).argmax(0)
        return [
            {
                "score": None,
                "label": pipeline.label(int(number)),
                "mask": from_array((classes == number) * np.uint8(255)),
            }
            for number in np.unique(classes)
        ]
