"""feature-extraction: the vectors of a text's tokens, [1][tokens][hidden], as transformers gives.

>>> features = await pipe("a text")
>>> len(features[0]), len(features[0][0])    # tokens, hidden size
(4, 384)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.sentence_files import FILES
from intab.engine.tasks.text_inputs import check_text_options, encode
from intab.engine.tasks.text_task import TextTask, check_dict
from intab.errors import OptionError


class FeatureExtraction(TextTask):
    """Options: truncation, tokenize_kwargs, return_tensors (a numpy array instead of lists)."""

    name = "feature-extraction"
    graph = "an encoder of texts"
    texts = FILES  # so that what sentence-similarity stored of the model stays
    wanted = ()
    token_rank = 3

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        before = check_dict("tokenize_kwargs", options.get("tokenize_kwargs"))
        for name, value in options.items():
            if name == "truncation" and "truncation" in before:
                raise OptionError("truncation is given twice, in tokenize_kwargs too.")
            if name not in ("tokenize_kwargs", "return_tensors"):
                before[name] = value
        if before.get("padding") == "max_length":
            raise OptionError("Vectors of padding are taken away: leave padding out.")
        return check_text_options(before), {"arrays": bool(options.get("return_tensors"))}

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """The feeds of a text."""
        return [encode(pipeline, item, None, options)]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The first output, whatever it is called."""
        first = next(iter(outputs[0].values()))[None]
        return first if options["arrays"] else first.tolist()
