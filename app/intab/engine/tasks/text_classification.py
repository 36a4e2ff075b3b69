"""text-classification: labels with scores, as transformers' pipeline gives them.

>>> await pipe("I like it")
[{'label': 'POSITIVE', 'score': 0.9998}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.model_config import ModelConfig
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.text_inputs import check_text_options, encode
from intab.engine.tasks.text_task import TextTask, floats, sigmoid, softmax
from intab.errors import OptionError, PromptError

FUNCTIONS = ("softmax", "sigmoid", "none")


class TextClassification(TextTask):
    """Options: top_k, function_to_apply, truncation, max_length, add_special_tokens."""

    name = "text-classification"
    does = "classify texts"
    graph = "a classifier of texts"
    heads = ("ForSequenceClassification",)
    rank = 2

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        after = {k: v for k, v in options.items() if k in ("top_k", "function_to_apply")}
        top_k, function = after.get("top_k"), after.get("function_to_apply")
        if top_k is not None and (not isinstance(top_k, int) or isinstance(top_k, bool)):
            raise OptionError(f"top_k must be a whole number or None, not {top_k!r}.")
        if isinstance(top_k, int) and top_k < 1:
            raise OptionError(f"top_k must be 1 or more, or None for all labels, not {top_k}.")
        check_function(function)
        rest = {k: v for k, v in options.items() if k not in after}
        return check_text_options(rest), after

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A text, {"text", "text_pair"}, or [[text, pair]], which is an older form."""
        text, pair = item, None
        if isinstance(item, dict):
            if not {"text"} <= item.keys() <= {"text", "text_pair"}:
                raise PromptError('A pair of texts is {"text": ..., "text_pair": ...}.')
            text, pair = item["text"], item.get("text_pair")
        elif isinstance(item, list):
            first = item[0] if len(item) == 1 else None
            if not isinstance(first, list) or len(first) != 2:
                raise PromptError('A pair of texts is {"text": ..., "text_pair": ...}, not a list.')
            text, pair = first
        # An empty second text is none, as for transformers' tokenizers.
        return [encode(pipeline, text, None if pair == "" else pair, options)]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The best label, or a list of them, the best first, if top_k is given."""
        [output] = outputs
        logits = floats(output)
        function = options.get("function_to_apply") or function_of(pipeline.config, len(logits))
        scores = apply(function, logits)
        names = pipeline.config.id2label
        found: list[dict[str, Any]] = [
            {"label": names.get(i, f"LABEL_{i}"), "score": float(score)}
            for i, score in enumerate(scores)
        ]
        if "top_k" not in options:
            return found[int(scores.argmax())]
        found.sort(key=lambda one: one["score"], reverse=True)
        return found[: options["top_k"]]

    def shaped(self, inputs: Any, found: Any, options: Mapping[str, Any]) -> Any:
        """As transformers, a list of one for a single string, unless top_k is given."""
        return [found] if isinstance(inputs, str) and "top_k" not in options else found


def check_function(function: Any, *, any_case: bool = True) -> None:
    """OptionError for a `function_to_apply` that is none of FUNCTIONS, nor None."""
    named = str(function).lower() if any_case else function
    if function is not None and named not in FUNCTIONS:
        raise OptionError(
            f"function_to_apply must be one of {', '.join(FUNCTIONS)}, not {function!r}."
        )


def function_of(config: ModelConfig, labels: int) -> str:
    """What makes scores of the logits of so many labels unless it is asked for."""
    if config.problem_type == "regression":
        return "none"
    if config.problem_type == "multi_label_classification" or labels == 1:
        return "sigmoid"
    return "softmax"


def apply(function: str, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores [labels] of logits [labels]."""
    if function.lower() == "none":
        return logits
    if function.lower() == "sigmoid":
        return sigmoid(logits)
    return softmax(logits)
