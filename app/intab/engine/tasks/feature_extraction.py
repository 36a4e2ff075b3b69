"""feature-extraction: the vectors of a text's tokens, [1][tokens][hidden], as transformers gives.

>>> features = await pipe("a text")
>>> len(features[0]), len(features[0][0])    # tokens, hidden size
(4, 384)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import ArrayTask, Pipeline
from intab.engine.tasks.text_inputs import check_text_options, encode
from intab.errors import OptionError


class FeatureExtraction(ArrayTask):
    """Options: truncation, tokenize_kwargs, return_tensors (a numpy array instead of lists)."""

    name = "feature-extraction"
    graph = "an encoder of texts"

    def split(self, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        before = dict(options.get("tokenize_kwargs") or {})
        for name, value in options.items():
            if name == "truncation" and "truncation" in before:
                raise OptionError("truncation is given twice, in tokenize_kwargs too.")
            if name not in ("tokenize_kwargs", "return_tensors"):
                before[name] = value
        return check_text_options(before), {"arrays": bool(options.get("return_tensors"))}

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> Arrays:
        """The feeds of a text."""
        return encode(pipeline, item, None, options)

    def postprocess(self, pipeline: Pipeline, outputs: Arrays, options: Mapping[str, Any]) -> Any:
        """The first output, whatever it is called."""
        first = next(iter(outputs.values()))
        return first if options["arrays"] else first.tolist()
