"""audio-classification: labels with scores of a sound, as transformers' pipeline gives them.

>>> await pipe("yes.wav", top_k=1)
[{'score': 0.9971, 'label': 'yes'}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intab.engine.model_config import ModelConfig
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.speech.sound_task import SoundTask
from intab.engine.tasks.text_classification import apply, check_function
from intab.engine.tasks.text_task import floats, only, take_number
from intab.errors import UnsupportedModelError

_OPTIONS = ("top_k", "function_to_apply")


class AudioClassification(SoundTask):
    """Options: top_k, function_to_apply."""

    name = "audio-classification"
    does = "classify sounds"
    graph = "a classifier of sounds"
    heads = ("ForAudioClassification", "ForSequenceClassification")

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError for a model that does not listen; a "ForSequenceClassification"
        that has a vocabulary does if it begins with convolutions."""
        super().check(config)
        reads = config.get("vocab_size") and not config.get("conv_dim")
        if config.architecture.endswith(self.heads[1]) and reads:
            raise UnsupportedModelError(
                f"This model does not {self.does}: its architecture is {config.architecture}, "
                "which is for text-classification."
            )

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        only(self.name, options, _OPTIONS)
        take_number(options, "top_k", 1, None)
        check_function(options.get("function_to_apply"), any_case=False)  # as transformers here
        return {}, dict(options)

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """One row."""
        return [self.row(pipeline, item.samples)]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The labels, the best first; all of them unless top_k is passed, as transformers has
        it."""
        [output] = outputs
        logits = floats(output)
        scores = apply(options.get("function_to_apply") or function_of(pipeline.config), logits)
        names = pipeline.config.id2label
        order = sorted(range(len(scores)), key=lambda place: -scores[place])
        return [
            {"score": float(scores[place]), "label": names.get(place, f"LABEL_{place}")}
            for place in order[: options.get("top_k")]
        ]


def function_of(config: ModelConfig) -> str:
    """What makes scores of logits: softmax of a single label too, other than for texts."""
    kinds = {"regression": "none", "multi_label_classification": "sigmoid"}
    return kinds.get(config.problem_type, "softmax")
