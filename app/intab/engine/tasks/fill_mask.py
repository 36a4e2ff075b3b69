"""fill-mask: what may stand in a mask's place, as transformers' pipeline gives it.

>>> await pipe("Paris is the [MASK] of it.", top_k=1)
[{'score': 0.99, 'token': 3007, 'token_str': 'capital', 'sequence': 'paris is the capital of it.'}]
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.text_inputs import check_text_options, encode, ids_of
from intab.engine.tasks.text_task import (
    TextTask,
    check_dict,
    floats,
    only,
    softmax,
    take_number,
)
from intab.engine.text.tokenizer import Cut
from intab.errors import OptionError, PromptError, UnsupportedModelError


class FillMask(TextTask):
    """Options: top_k, targets, tokenizer_kwargs."""

    name = "fill-mask"
    does = "fill masks"
    graph = "a filler of masks"
    heads = ("ForMaskedLM", "ForPreTraining", "WithLMHeadModel", "ForConditionalGeneration")
    rank = 3
    token_rank = 3

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError if there is no mask, too."""
        super().check_graph(pipeline)
        if pipeline.texts.tokenizer.special_id("mask_token") is None:
            raise UnsupportedModelError(
                "The tokenizer names no mask_token, so nothing can be filled: name it in "
                "tokenizer_config.json, or choose a model for fill-mask."
            )

    def sample(self, pipeline: Pipeline) -> Any:
        """A mask, which a text needs."""
        return pipeline.texts.tokenizer.special_tokens_map["mask_token"]

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or out of range."""
        only(self.name, options, ("top_k", "targets", "tokenizer_kwargs"))
        most, targets = take_number(options, "top_k", 0, 5), options.get("targets")
        numbers = None if targets is None else _targets(pipeline, targets)
        before = check_text_options(check_dict("tokenizer_kwargs", options.get("tokenizer_kwargs")))
        return before, {"top_k": most, "targets": numbers}

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """The feeds of a text with a mask."""
        row = encode(pipeline, item, None, options)
        if not len(_masks(pipeline, row)):
            mask = pipeline.texts.tokenizer.special_tokens_map["mask_token"]
            raise PromptError(f"The text has no {mask}: write one in the place to be filled.")
        return [row]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The best tokens for a mask; a list of such lists for several."""
        [row], [output], targets = rows, outputs, options["targets"]
        places = _masks(pipeline, row)
        scores = softmax(floats(output)[places])
        scores = scores if targets is None else scores[:, targets]
        if options["top_k"] > scores.shape[1] and targets is None:
            raise OptionError(
                f"top_k must be at most the {scores.shape[1]:,} tokens of the vocabulary."
            )
        found = []
        for place, of_one in zip(places, scores, strict=True):
            best = np.argsort(-of_one, kind="stable")[: options["top_k"]]
            tokens = best if targets is None else targets[best]
            found.append(
                [
                    _proposal(pipeline, row, int(place), int(t), float(of_one[b]), len(places) == 1)
                    for b, t in zip(best, tokens, strict=True)
                ]
            )
        return found[0] if len(found) == 1 else found

    def shaped(self, inputs: Any, found: Any, options: Mapping[str, Any]) -> Any:
        """As transformers, the answer to a list of one is not in a list of its own."""
        return found[0] if isinstance(inputs, list) and len(inputs) == 1 else found


def _masks(pipeline: Pipeline, row: Row) -> NDArray[np.intp]:
    """The places of a row's masks."""
    return np.flatnonzero(ids_of(row) == pipeline.texts.tokenizer.special_id("mask_token"))


def _proposal(
    pipeline: Pipeline, row: Row, place: int, token: int, score: float, single: bool
) -> dict[str, Any]:
    """With several masks special tokens stay, so that the other masks can be seen."""
    tokenizer = pipeline.texts.tokenizer
    ids = ids_of(row).copy()
    ids[place] = token
    pad = tokenizer.special_id("pad_token")
    kept = [int(one) for one in ids if one != pad]
    return {
        "score": score,
        "token": token,
        "token_str": tokenizer.decode([token], skip_special_tokens=False),
        "sequence": tokenizer.decode(kept, skip_special_tokens=single),
    }


def _targets(pipeline: Pipeline, targets: Any) -> NDArray[np.int64]:
    """The ids of targets; the first piece stands for one that is not in the vocabulary."""
    texts = [targets] if isinstance(targets, str) else targets
    if not isinstance(texts, list | tuple) or not all(isinstance(one, str) for one in texts):
        raise OptionError("targets must be a string or a list of strings.")
    tokenizer, found = pipeline.texts.tokenizer, set()
    for text in texts:
        number = tokenizer.token_id(text)
        if number is None:
            ids = tokenizer.windows(text, None, False, Cut(1))[0].ids
            said = (
                f"its first piece {tokenizer.backend.id_to_token(ids[0])!r}" if ids else "nothing"
            )
            warnings.warn(
                f"The target {text!r} is not in the vocabulary: {said} is taken in its place.",
                stacklevel=2,
            )
            number = ids[0] if ids else None
        if number is not None:
            found.add(number)
    if not found:
        raise OptionError("targets has no token in it: name at least one.")
    return np.array(list(found), np.int64)
