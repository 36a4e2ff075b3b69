"""zero-shot-classification: labels of the caller's, judged by a model of entailment, as
transformers' pipeline does it.

>>> await pipe("my phone is broken", candidate_labels=["urgent", "phone"])
{'sequence': 'my phone is broken', 'labels': ['phone', 'urgent'], 'scores': [0.98, 0.02]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from intab.engine.model_config import ModelConfig
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.text_inputs import check_text, make_cut, make_row, tokenizer_limit
from intab.engine.tasks.text_task import TextTask, floats, only, softmax, take_flag
from intab.errors import OptionError, PromptError

_TEMPLATE = "This example is {}."
_OPTIONS = ("candidate_labels", "hypothesis_template", "multi_label")


class ZeroShotClassification(TextTask):
    """Options: candidate_labels, hypothesis_template, multi_label."""

    name = "zero-shot-classification"
    does = "judge entailment"
    graph = "a classifier of pairs of texts"
    heads = ("ForSequenceClassification",)
    rank = 2

    def arguments(
        self, inputs: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """The labels may be the second argument."""
        if len(inputs) == 2 and "candidate_labels" not in options:
            return inputs[0], {**options, "candidate_labels": inputs[1]}
        if not inputs and "sequences" in options:
            return options.pop("sequences"), options
        return super().arguments(inputs, options)

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or cannot be used."""
        only(self.name, options, _OPTIONS)
        labels = take_labels(options.get("candidate_labels"))
        template = options.get("hypothesis_template")
        texts = hypotheses(_TEMPLATE if template is None else template, labels)
        several = take_flag(options, "multi_label", default=False)
        return {"hypotheses": texts}, {"labels": labels, "multi_label": several}

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A row for each label; a text that is too long is cut, its hypothesis is not."""
        if not check_text(item):
            raise PromptError("The text is empty: write at least one character.")
        return [
            _pair(pipeline, item, hypothesis) for hypothesis in options.get("hypotheses", ("a",))
        ]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The labels, the likeliest first, with their scores."""
        logits = np.stack([floats(output) for output in outputs])
        entails = entailment_of(pipeline.config)
        if options["multi_label"] or len(rows) == 1:
            contradicts = -1 if entails == 0 else 0
            scores = softmax(logits[:, [contradicts, entails]])[:, 1]
        else:
            scores = softmax(logits[:, entails])
        order = np.argsort(scores, kind="stable")[::-1]
        return {
            "sequence": rows[0].about,
            "labels": [options["labels"][i] for i in order],
            "scores": [float(scores[i]) for i in order],
        }


def _pair(pipeline: Pipeline, text: str, hypothesis: str) -> Row:
    tokenizer, most = pipeline.texts.tokenizer, tokenizer_limit(pipeline)
    whole = tokenizer.windows(text, hypothesis)[0]
    if most is not None and len(whole.ids) > most:
        second = len(tokenizer.encode(hypothesis, add_special_tokens=False))
        if second + tokenizer.added(True) < most:  # else cutting the text is not enough
            cut = make_cut(pipeline, most, strategy="only_first")
            whole = tokenizer.windows(text, hypothesis, cut=cut)[0]
    return make_row(pipeline, whole, about=text)


def entailment_of(config: ModelConfig) -> int:
    """The number of the label that says so, -1 (the last) if none does."""
    labels = config.label2id.items()
    return next((number for name, number in labels if name.lower().startswith("entail")), -1)


def take_labels(given: Any) -> list[str]:
    labels = [one.strip() for one in given.split(",")] if isinstance(given, str) else given
    if not isinstance(labels, list | tuple) or not all(isinstance(one, str) for one in labels):
        raise OptionError("candidate_labels must be a list of labels, or a string of them, a, b.")
    found = [one for one in labels if one or not isinstance(given, str)]
    if not found:
        raise OptionError("candidate_labels is empty: name at least one label.")
    return found


def hypotheses(template: Any, labels: Sequence[str]) -> list[str]:
    try:
        if isinstance(template, str) and template.format(labels[0]) != template:
            return [template.format(label) for label in labels]
    except (IndexError, KeyError, ValueError, AttributeError):
        pass
    raise OptionError(
        f"hypothesis_template must be a text with one {{}} in the label's place, not {template!r}."
    )
