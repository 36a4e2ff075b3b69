"""What the tasks share whose model looks at a picture and reads the caller's texts beside it."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any

from intab.engine.runtime.network import Arrays
from intab.engine.tasks import beside_texts
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.beside_texts import BesideTexts
from intab.engine.tasks.image_task import ImagePipeline, ImageTask

_SIGLIP_LENGTH = 64  # tokens, to which its texts are padded and cut


class PictureTextsTask(BesideTexts, ImageTask):
    """A picture a run, with all texts."""

    def trial(self, pipeline: ImagePipeline) -> Row:
        """It is tried with two texts."""
        row = super().trial(pipeline)
        return Row({**row.feeds, **encoded(pipeline, ["a", "b"], {})}, about=row.about)


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


def encoded(pipeline: Pipeline, texts: Sequence[str], wished: Mapping[str, Any]) -> Arrays:
    """The texts as the graph takes them, SigLIP's as it was trained on; OptionError and
    ContextLengthError."""
    if not is_siglip(pipeline):
        return beside_texts.encoded(pipeline, texts, wished)
    named = str(pipeline.texts.tokenizer_config.get("tokenizer_class") or "")
    changed = [as_trained(text, named) for text in texts]
    return beside_texts.encoded(pipeline, changed, wished, _SIGLIP_LENGTH)
