"""text-classification: labels and scores of texts, as transformers' pipeline has them.

>>> await pipe("I like it")
[{'label': 'POSITIVE', 'score': 0.99}]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.model_config import ModelConfig
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import ArrayTask, Pipeline
from intab.engine.tasks.text_inputs import check_text_options, encode
from intab.errors import OptionError, PromptError, UnsupportedModelError

FUNCTIONS = ("softmax", "sigmoid", "none")


class TextClassification(ArrayTask):
    """Options: top_k, function_to_apply, truncation, max_length."""

    name = "text-classification"
    graph = "a classifier of texts"

    def check(self, config: ModelConfig) -> None:
        """An architecture of another kind is refused."""
        name = config.architecture
        if name and not name.endswith("ForSequenceClassification"):
            raise UnsupportedModelError(
                f"This model does not classify texts: its architecture is {name}. Choose one of "
                "…ForSequenceClassification."
            )

    def split(self, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        after = {k: v for k, v in options.items() if k in ("top_k", "function_to_apply")}
        top_k, function = after.get("top_k"), after.get("function_to_apply")
        if top_k is not None and (not isinstance(top_k, int) or isinstance(top_k, bool)):
            raise OptionError(f"top_k must be a whole number or None, not {top_k!r}.")
        if isinstance(top_k, int) and top_k < 1:
            raise OptionError(f"top_k must be 1 or more, or None for all labels, not {top_k}.")
        if function is not None and str(function).lower() not in FUNCTIONS:
            raise OptionError(
                f"function_to_apply must be one of {', '.join(FUNCTIONS)}, not {function!r}."
            )
        rest = {k: v for k, v in options.items() if k not in after}
        return check_text_options(rest), after

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> Arrays:
        """A text, {"text", "text_pair"}, or [[text, pair]], which is an older form."""
        if isinstance(item, dict):
            if not {"text"} <= item.keys() <= {"text", "text_pair"}:
                raise PromptError('A pair of texts is {"text": ..., "text_pair": ...}.')
            return encode(pipeline, item["text"], item.get("text_pair"), options)
        first = item[0] if isinstance(item, list) and len(item) == 1 else None
        if isinstance(first, list) and len(first) == 2:
            return encode(pipeline, first[0], first[1], options)
        if isinstance(item, list):
            raise PromptError('A pair of texts is {"text": ..., "text_pair": ...}, not a list.')
        return encode(pipeline, item, None, options)

    def postprocess(self, pipeline: Pipeline, outputs: Arrays, options: Mapping[str, Any]) -> Any:
        """The best label, or a list of them, the best first, where top_k is given."""
        config, first = pipeline.config, next(iter(outputs.values()))
        logits = outputs.get("logits", first)[0].astype(np.float32)
        scores = apply(options.get("function_to_apply") or function_of(config), logits)
        names = config.id2label
        found: list[dict[str, Any]] = [
            {"label": names.get(i, f"LABEL_{i}"), "score": float(score)}
            for i, score in enumerate(scores)
        ]
        if "top_k" not in options:
            return found[int(scores.argmax())]
        found.sort(key=lambda one: one["score"], reverse=True)
        return found[: options["top_k"]]

    async def answer(self, pipeline: Pipeline, inputs: Any, options: Mapping[str, Any]) -> Any:
        """As transformers, a list of one for a single string, unless top_k is given."""
        found = await super().answer(pipeline, inputs, options)
        return [found] if isinstance(inputs, str) and "top_k" not in options else found


def function_of(config: ModelConfig) -> str:
    """What makes scores of logits unless it is asked for."""
    if config.problem_type == "regression":
        return "none"
    if config.problem_type == "multi_label_classification" or config.num_labels == 1:
        return "sigmoid"
    return "softmax"


def apply(function: str, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores [labels] of logits [labels]."""
    if function.lower() == "none":
        return logits
    if function.lower() == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), np.float32)
