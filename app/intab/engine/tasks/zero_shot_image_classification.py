"""zero-shot-image-classification: labels of the caller's, judged by a model of pictures and texts.

>>> await pipe("cat.jpg", candidate_labels=["a cat", "a dog"])
[{'score': 0.98, 'label': 'a cat'}, {'score': 0.02, 'label': 'a dog'}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Batching, Row
from intab.engine.tasks.image_task import ImagePipeline, ImageTask
from intab.engine.tasks.text_inputs import make_cut, tokenizer_limit
from intab.engine.tasks.text_task import floats, softmax
from intab.engine.tasks.zero_shot_classification import hypotheses, take_labels
from intab.errors import OptionError, UnsupportedModelError

_TEMPLATE = "This is a photo of {}."
_TEXTS = ("input_ids", "attention_mask")
_SIGLIP_LENGTH = 64  # tokens, to which its texts are padded and cut
_LOGITS = "logits_per_image"


class ZeroShotImageClassification(ImageTask):
    """Options: candidate_labels, hypothesis_template, tokenizer_kwargs, image_processor_kwargs."""

    name = "zero-shot-image-classification"
    does = "compare pictures with texts"
    graph = "an encoder of pictures and texts"
    heads = ("CLIPModel", "SiglipModel", "ChineseCLIPModel", "AltCLIPModel", "BlipModel")
    tokenizer = True
    config = True
    wanted = (_LOGITS,)
    known = ("candidate_labels", "hypothesis_template", "tokenizer_kwargs")
    beside = _TEXTS

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError for what compares nothing."""
        super().check_graph(pipeline)
        [network] = pipeline.networks.values()
        given = [info.name for info in network.outputs]
        taken = [info.name for info in network.inputs]
        if _LOGITS not in given or _TEXTS[0] not in taken:
            raise UnsupportedModelError(
                f"The graph takes {', '.join(taken)} and gives {', '.join(given)}: export the "
                f"model for {self.name}, which takes {_TEXTS[0]} and gives {_LOGITS}."
            )

    def arguments(
        self, inputs: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """The labels may be the second argument."""
        if len(inputs) == 2 and "candidate_labels" not in options:
            return inputs[0], {**options, "candidate_labels": inputs[1]}
        return super().arguments(inputs, options)

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or cannot be used."""
        before, after = super().split(pipeline, options)
        labels = take_labels(after.get("candidate_labels"))
        template = after.get("hypothesis_template")
        texts = hypotheses(_TEMPLATE if template is None else template, labels)
        wished = dict(after.get("tokenizer_kwargs") or {})
        return {**before, "ids": _encoded(pipeline, texts, wished)}, {"labels": labels}

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A picture with all texts, which run once for each picture."""
        [row] = super().preprocess(pipeline, item, options)
        return [Row({**row.feeds, **options["ids"]}, about=row.about)]

    def batching(self, pipeline: Pipeline) -> Batching:
        """A picture at a time."""
        [network] = pipeline.networks.values()
        return Batching(network.inputs, agree=False)

    def trial(self, pipeline: ImagePipeline) -> Row:
        """It is tried with two texts."""
        row = super().trial(pipeline)
        return Row({**row.feeds, **_encoded(pipeline, ["a", "b"], {})}, about=row.about)

    async def run(self, pipeline: Pipeline, feeds: Arrays) -> Arrays:
        """The texts have an axis of their own."""
        given = {name: value[0] if name in _TEXTS else value for name, value in feeds.items()}
        return await super().run(pipeline, given)

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """The labels with their scores, the best first."""
        logits = floats(outputs[0])
        scores = 1 / (1 + np.exp(-logits)) if _is_siglip(pipeline) else softmax(logits)
        order = np.argsort(-scores, kind="stable")
        return [{"score": float(scores[n]), "label": options["labels"][n]} for n in order]


def _is_siglip(pipeline: Pipeline) -> bool:
    names = (pipeline.config.model_type, pipeline.config.architecture)
    return any("siglip" in name.lower() for name in names)


def _encoded(pipeline: Pipeline, texts: Sequence[str], wished: dict[str, Any]) -> Arrays:
    """The texts side by side, as the graph takes them: [texts, tokens]."""
    tokenizer = pipeline.texts.tokenizer
    most = wished.pop("max_length", None)
    cuts = wished.pop("truncation", False)
    fills = wished.pop("padding", True)
    if wished:
        raise OptionError(
            f"tokenizer_kwargs has no {next(iter(wished))!r}: it may have padding, truncation and "
            "max_length."
        )
    if _is_siglip(pipeline):
        most, cuts, fills = most or _SIGLIP_LENGTH, True, "max_length"
    limit = most or tokenizer_limit(pipeline)
    cut = make_cut(pipeline, limit) if cuts and limit else None
    rows = [tokenizer.windows(text, cut=cut)[0].ids for text in texts]
    width = limit if fills == "max_length" and limit else max(map(len, rows))
    ids = np.full((len(rows), width), tokenizer.special_id("pad_token") or 0, np.int64)
    mask = np.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)], mask[place, : len(row)] = row, 1
    [network] = pipeline.networks.values()
    given = dict(zip(_TEXTS, (ids, mask), strict=True))
    return {i.name: given[i.name].astype(i.dtype) for i in network.inputs if i.name in given}
