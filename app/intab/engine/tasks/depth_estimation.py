"""depth-estimation: how far away everything on a picture is.

>>> found = await pipe("room.jpg")
>>> found["depth"].size, found["predicted_depth"].shape    # both of the picture's own size
((640, 480), (480, 640))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from intab.engine.media.interpolation import bicubic
from intab.engine.media.pictures import from_array
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.image_task import ImageTask
from intab.engine.tasks.text_task import floats
from intab.errors import RunError


class DepthEstimation(ImageTask):
    """Options: image_processor_kwargs."""

    name = "depth-estimation"
    does = "estimate depth"
    graph = "an estimator of depth"
    heads = ("ForDepthEstimation",)
    wanted = ("predicted_depth",)

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Depths at the picture's own size, and a picture of them: the farthest is the brightest,
        or the nearest, as the model has it."""
        depths = floats(outputs[0])
        depths = depths.reshape(depths.shape[-2:]) if depths.size else depths
        if depths.ndim != 2:
            raise RunError(f"The model gives depths of shape {list(depths.shape)}.")
        depths = bicubic(depths, *rows[0].about)
        least, most = depths.min(), depths.max()
        scaled = (depths - least) / (most - least) if most > least else np.zeros_like(depths)
        picture = from_array((scaled * np.float32(255)).astype(np.uint8))
        return {"predicted_depth": depths, "depth": picture}
