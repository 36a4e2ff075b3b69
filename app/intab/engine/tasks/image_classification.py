"""image-classification: what is on a picture, as transformers' pipeline says it.

>>> await pipe("cat.jpg", top_k=1)
[{'label': 'tabby', 'score': 0.71}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.image_task import ImagePipeline, ImageTask
from intab.engine.tasks.text_classification import apply, check_function, function_of
from intab.engine.tasks.text_task import floats, take_number

_MOST = 5


class ImageClassification(ImageTask):
    """Options: top_k, function_to_apply, image_processor_kwargs."""

    name = "image-classification"
    does = "classify pictures"
    graph = "a classifier of pictures"
    heads = ("ForImageClassification", "ForImageClassificationWithTeacher")
    known = ("top_k", "function_to_apply")

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        before, after = super().split(pipeline, options)
        check_function(after.get("function_to_apply"))
        return before, {**after, "top_k": take_number(after, "top_k", 1, _MOST)}

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """The best labels, the best first."""
        assert isinstance(pipeline, ImagePipeline)
        logits = floats(outputs[0]).reshape(-1)
        function = options.get("function_to_apply") or function_of(pipeline.config, len(logits))
        scores = apply(function, logits)
        best = np.argsort(-scores, kind="stable")[: options["top_k"]]
        return [{"label": pipeline.label(int(n)), "score": float(scores[n])} for n in best]
