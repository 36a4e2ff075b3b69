"""zero-shot-image-classification: labels of the caller's, judged by a model of pictures and texts.

>>> await pipe("cat.jpg", candidate_labels=["a cat", "a dog"])
[{'score': 0.98, 'label': 'a cat'}, {'score': 0.02, 'label': 'a dog'}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intab.engine.media.segments import sigmoid
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.beside_texts import TYPES, ranked
from intab.engine.tasks.picture_texts import PictureTextsTask, encoded, is_siglip
from intab.engine.tasks.text_task import floats, softmax
from intab.engine.tasks.zero_shot_classification import hypotheses, take_labels

_TEMPLATE = "This is a photo of {}."


class ZeroShotImageClassification(PictureTextsTask):
    """Options: candidate_labels, hypothesis_template, tokenizer_kwargs, image_processor_kwargs."""

    name = "zero-shot-image-classification"
    does = "compare pictures with texts"
    graph = "an encoder of pictures and texts"
    heads = ("CLIPModel", "SiglipModel", "ChineseCLIPModel", "AltCLIPModel", "BlipModel",
             "MetaClip2Model", "CLIPSegModel", "AlignModel")  # fmt: skip
    beside = (*PictureTextsTask.beside, TYPES)
    needed = ("logits_per_image",)
    known = ("candidate_labels", "hypothesis_template", "tokenizer_kwargs")

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or cannot be used."""
        before, after = super().split(pipeline, options)
        labels = take_labels(after.get("candidate_labels"))
        template = after.get("hypothesis_template")
        texts = hypotheses(_TEMPLATE if template is None else template, labels)
        wished = after.get("tokenizer_kwargs") or {}
        return {**before, "ids": encoded(pipeline, texts, wished)}, {"labels": labels}

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A picture with all texts, which run once for each picture."""
        [row] = super().preprocess(pipeline, item, options)
        return [Row({**row.feeds, **options["ids"]}, about=row.about)]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """The labels with their scores, the best first."""
        logits = floats(outputs[0])
        scores = sigmoid(logits) if is_siglip(pipeline) else softmax(logits)
        return ranked(options["labels"], scores)
