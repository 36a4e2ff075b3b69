"""What the tasks share whose model looks at a picture and reads the caller's texts beside it."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Batching, Row
from intab.engine.tasks.image_task import ImagePipeline, ImageTask
from intab.engine.tasks.text_inputs import make_cut, tokenizer_limit
from intab.errors import ContextLengthError, OptionError, UnsupportedModelError

_TEXTS = ("input_ids", "attention_mask")
TYPES = "token_type_ids"  # zeros: each text stands alone
_SIGLIP_LENGTH = 64  # tokens, to which its texts are padded and cut


class PictureTextsTask(ImageTask):
    """A picture a run, with all texts, which have an axis of their own. `needed`: the outputs that
    its graph must give."""

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
        """A picture at a time."""
        [network] = pipeline.networks.values()
        return Batching(network.inputs, agree=False)

    def trial(self, pipeline: ImagePipeline) -> Row:
        """It is tried with two texts."""
        row = super().trial(pipeline)
        return Row({**row.feeds, **encoded(pipeline, ["a", "b"], {})}, about=row.about)

    async def run(self, pipeline: Pipeline, feeds: Arrays) -> Arrays:
        """The texts have an axis of their own."""
        given = {name: value[0] if name in self.beside else value for name, value in feeds.items()}
        return await super().run(pipeline, given)

    def outputs(self, pipeline: Pipeline) -> Sequence[str]:
        """Those that are needed."""
        return self.needed


def as_trained(text: str, tokenizer_class: str) -> str:
    """A text as SigLIP's tokenizers change it first, which exports may leave out: lower case,
    and for the first SigLIP no punctuation.

    >>> as_trained("A Cat, asleep.", "SiglipTokenizer")
    'a cat asleep'
    """
    if tokenizer_class.startswith("SiglipTokenizer"):
        bare = text.lower().translate(str.maketrans("", "", string.punctuation))
        return " ".join(bare.split())
    lowers = tokenizer_class.startswith(("Siglip2Tokenizer", "GemmaTokenizer"))
    return text.lower() if lowers else text


def is_siglip(pipeline: Pipeline) -> bool:
    """Whether each text is judged alone."""
    names = (pipeline.config.model_type, pipeline.config.architecture)
    return any("siglip" in name.lower() for name in names)


def encoded(pipeline: Pipeline, texts: Sequence[str], wished: dict[str, Any]) -> Arrays:
    """The texts side by side, as the graph takes them: [texts, tokens]. OptionError for what
    tokenizer_kwargs does not have, ContextLengthError for a text that is too long."""
    tokenizer = pipeline.texts.tokenizer
    most = wished.pop("max_length", None)
    cuts = wished.pop("truncation", False)
    fills = wished.pop("padding", True)
    if wished:
        raise OptionError(
            f"tokenizer_kwargs has no {next(iter(wished))!r}: it may have padding, truncation and "
            "max_length."
        )
    if is_siglip(pipeline):
        most, cuts, fills = most or _SIGLIP_LENGTH, True, "max_length"
        named = str(pipeline.texts.tokenizer_config.get("tokenizer_class") or "")
        texts = [as_trained(text, named) for text in texts]
    [network] = pipeline.networks.values()
    fixed = next(info.shape[-1] for info in network.inputs if info.name == _TEXTS[0])
    fills = "max_length" if fixed else fills
    limit = most or fixed or tokenizer_limit(pipeline)
    cut = make_cut(pipeline, limit) if cuts and limit else None
    rows = [tokenizer.windows(text, cut=cut)[0].ids for text in texts]
    if limit and (longest := max(rows, key=len))[limit:]:
        text = texts[rows.index(longest)]
        raise ContextLengthError(
            f"{text[:40]!r} is {len(longest)} tokens, and the model reads {limit}: shorten it, or "
            "pass tokenizer_kwargs={'truncation': True}."
        )
    width = limit if fills == "max_length" and limit else max(map(len, rows))
    ids = np.full((len(rows), width), tokenizer.special_id("pad_token") or 0, np.int64)
    mask = np.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)], mask[place, : len(row)] = row, 1
    [network] = pipeline.networks.values()
    given = dict(zip((*_TEXTS, TYPES), (ids, mask, np.zeros_like(ids)), strict=True))
    return {i.name: given[i.name].astype(i.dtype) for i in network.inputs if i.name in given}
