"""What the tasks share whose model reads the caller's texts beside a picture or a sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import ArrayTask, Pipeline
from intab.engine.tasks.batches import Batching
from intab.engine.tasks.text_inputs import make_cut, tokenizer_limit
from intab.engine.tasks.text_task import check_dict
from intab.errors import ContextLengthError, OptionError, UnsupportedModelError

_TEXTS = ("input_ids", "attention_mask")
TYPES = "token_type_ids"  # zeros: each text stands alone


class BesideTexts(ArrayTask):
    """One picture or sound a run, with all texts, which have an axis of their own. `needed`: the
    outputs that its graph must give. It stands before the task of pictures or of sound."""

    tokenizer = True
    config = True
    beside: Sequence[str] = _TEXTS
    needed: Sequence[str] = ()

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError for what compares nothing."""
        super().check_graph(pipeline)
        [network] = pipeline.networks.values()
        given = [info.name for info in network.outputs]
        taken = [info.name for info in network.inputs]
        if not set(given).issuperset(self.needed) or _TEXTS[0] not in taken:
            raise UnsupportedModelError(
                f"The graph takes {', '.join(taken)} and gives {', '.join(given)}: export the "
                f"model for {self.name}, which takes {_TEXTS[0]} and gives "
                f"{' and '.join(self.needed)}."
            )

    def arguments(
        self, inputs: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """The labels may be the second argument."""
        if len(inputs) == 2 and "candidate_labels" not in options:
            return inputs[0], {**options, "candidate_labels": inputs[1]}
        return super().arguments(inputs, options)

    def batching(self, pipeline: Pipeline) -> Batching:
        """One at a time."""
        return Batching(self.main(pipeline).inputs, agree=False)

    async def run(self, pipeline: Pipeline, feeds: Arrays) -> Arrays:
        """The texts have an axis of their own."""
        given = {name: value[0] if name in self.beside else value for name, value in feeds.items()}
        return await super().run(pipeline, given)

    def outputs(self, pipeline: Pipeline) -> Sequence[str]:
        """Those that are needed."""
        return self.needed


def encoded(
    pipeline: Pipeline,
    texts: Sequence[str],
    wished: Mapping[str, Any] | None,
    trained: int | None = None,
) -> Arrays:
    """The texts side by side, as the graph takes them: [texts, tokens]. OptionError for what
    tokenizer_kwargs does not have, ContextLengthError for a text that is too long.

    wished: tokenizer_kwargs, None if the task has none.
    trained: the tokens that all texts are padded or cut to, unless another max_length is wished.
    """
    tokenizer = pipeline.texts.tokenizer
    kwargs = check_dict("tokenizer_kwargs", wished)
    most = kwargs.pop("max_length", None)
    cuts = kwargs.pop("truncation", False)
    fills = kwargs.pop("padding", True)
    if kwargs:
        raise OptionError(
            f"tokenizer_kwargs has no {next(iter(kwargs))!r}: it may have padding, truncation and "
            "max_length."
        )
    if trained:
        most, cuts, fills = most or trained, True, "max_length"
    [network] = pipeline.networks.values()
    fixed = next(info.shape[-1] for info in network.inputs if info.name == _TEXTS[0])
    fills = "max_length" if fixed else fills
    limit = most or fixed or tokenizer_limit(pipeline)
    cut = make_cut(pipeline, limit) if cuts and limit else None
    rows = [tokenizer.windows(text, cut=cut)[0].ids for text in texts]
    if limit and (longest := max(rows, key=len))[limit:]:
        text = texts[rows.index(longest)]
        cutting = "" if wished is None else ", or pass tokenizer_kwargs={'truncation': True}"
        raise ContextLengthError(
            f"{text[:40]!r} is {len(longest)} tokens, and the model reads {limit}: shorten it"
            f"{cutting}."
        )
    width = limit if fills == "max_length" and limit else max(map(len, rows))
    ids = np.full((len(rows), width), tokenizer.special_id("pad_token") or 0, np.int64)
    mask = np.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)], mask[place, : len(row)] = row, 1
    given = dict(zip((*_TEXTS, TYPES), (ids, mask, np.zeros_like(ids)), strict=True))
    return {i.name: given[i.name].astype(i.dtype) for i in network.inputs if i.name in given}


def ranked(labels: Sequence[str], scores: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    """Labels with their scores, the best first."""
    order = np.argsort(-scores, kind="stable")
    return [{"score": float(scores[n]), "label": labels[n]} for n in order]
