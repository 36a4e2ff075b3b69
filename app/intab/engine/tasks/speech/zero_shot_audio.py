"""zero-shot-audio-classification: labels of the caller's, judged by a model of sounds and texts, as
transformers' pipeline does it with CLAP.

>>> await pipe("bark.wav", candidate_labels=["a dog", "a vacuum cleaner"])
[{'score': 0.9995, 'label': 'a dog'}, {'score': 0.0005, 'label': 'a vacuum cleaner'}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.beside_texts import BesideTexts, encoded, ranked
from intab.engine.tasks.speech.sound_task import SoundTask
from intab.engine.tasks.text_task import floats, only, softmax
from intab.engine.tasks.zero_shot_classification import hypotheses, take_labels

_TEMPLATE = "This is a sound of {}."
_OPTIONS = ("candidate_labels", "hypothesis_template")


class ZeroShotAudioClassification(BesideTexts, SoundTask):
    """Options: candidate_labels, hypothesis_template."""

    name = "zero-shot-audio-classification"
    does = "compare sounds with texts"
    graph = "an encoder of sounds and texts"
    heads = ("ClapModel",)
    needed = ("logits_per_audio",)

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or cannot be used."""
        only(self.name, options, _OPTIONS)
        labels = take_labels(options.get("candidate_labels"))
        template = options.get("hypothesis_template")
        texts = hypotheses(_TEMPLATE if template is None else template, labels)
        return {"ids": encoded(pipeline, texts, None)}, {"labels": labels}

    def trial(self, pipeline: Any) -> Row:
        """A tone, and two texts."""
        ids = encoded(pipeline, ["a", "b"], None)
        return self.preprocess(pipeline, self.sample(pipeline), {"ids": ids})[0]

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A sound with all texts."""
        row = self.row(pipeline, item.samples)
        return [Row({**row.feeds, **options["ids"]})]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """The labels with their scores, the best first."""
        return ranked(options["labels"], softmax(floats(outputs[0])))
