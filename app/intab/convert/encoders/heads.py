"""What stands on an encoder: found by the architecture that config.json names, read and written.

A head takes the first token, the mean of all, or each token; some products, activations and norms
follow; the last product gives labels, starts and ends, or the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from intab.convert.architecture import Array, Linear, Norm
from intab.convert.config import Config, shown
from intab.convert.encoders.reader import Reader
from intab.convert.families.llama import activation
from intab.errors import ConvertError

FEATURES, LABELS, TOKENS, ANSWERS, MASKS = "features", "labels", "tokens", "answers", "masks"
_ENDS = {
    "ForSequenceClassification": LABELS,
    "ForTokenClassification": TOKENS,
    "ForQuestionAnswering": ANSWERS,
    "ForMaskedLM": MASKS,
    "ForPreTraining": MASKS,
    "Model": FEATURES,
}
MODULES = "modules.json"  # sentence-transformers reads an encoder without its head


@dataclass(frozen=True)
class Step:
    """A product, an activation ("" for none), a norm."""

    name: str
    linear: Linear
    activation: str = ""
    norm: Norm | None = None


@dataclass(frozen=True)
class Head:
    """What a graph gives of the last layer.

    kind: FEATURES ... of above. pool: "cls", "mean", "" for each token. steps: the last one
    is the classifier. words: the product with the vocabulary, None where it is the embedding's;
    bias: what is added to it.
    """

    kind: str
    pool: str = ""
    steps: tuple[Step, ...] = ()
    words: Linear | None = None
    bias: Array | None = None


def head_kind(raw: Mapping[str, Any], *, sentences: bool) -> str:
    """The kind of head by config.json's `architectures`; ConvertError for one that is not known.

    sentences: whether there is a modules.json beside it.
    """
    names = raw.get("architectures") or ["Model"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConvertError(f"architectures in config.json must be names, not {shown(names)}.")
    found = next((kind for end, kind in _ENDS.items() if names[0].endswith(end)), None)
    if found is None:
        raise ConvertError(
            f"The architecture {names[0]} of an encoder cannot be converted; these can: "
            f"{', '.join(f'…{end}' for end in _ENDS)}."
        )
    return FEATURES if sentences and found == MASKS else found


def read_head(reader: Reader, kind: str, embedding: Array) -> Head:
    """The head's weights."""
    if kind == FEATURES:
        return Head(kind)
    if kind == MASKS:
        return _masks(reader, embedding)
    outputs = 2 if kind == ANSWERS else _labels(reader.config)
    pool = ""
    if kind == LABELS:
        pool = str(reader.config.values.get("classifier_pooling", "cls"))
    if pool not in ("", "cls", "mean"):
        raise ConvertError(f'classifier_pooling must be "cls" or "mean", not {shown(pool)}.')
    modern = reader.config.kind == "modernbert"
    steps = _BEFORE[reader.config.kind](reader) if kind == LABELS or modern else ()
    name = _last(reader.config.kind, kind)
    last = Step("classifier", reader.linear(name, reader.shape.hidden, outputs))
    return Head(kind, pool, (*steps, last))


def _last(family: str, kind: str) -> str:
    if kind == ANSWERS and family != "modernbert":
        return "qa_outputs"
    split = kind == LABELS and family not in ("bert", "distilbert", "modernbert")
    return "classifier.out_proj" if split else "classifier"


def _labels(config: Config) -> int:
    """The number of labels, as transformers counts them."""
    names = config.values.get("id2label")
    if isinstance(names, dict) and names:
        return len(names)
    return config.size_or("num_labels", 2)


def _dense(reader: Reader, name: str, kind: str) -> tuple[Step, ...]:
    size = reader.shape.hidden
    return (Step("head.dense", reader.linear(name, size, size), kind),)


def _modern(reader: Reader) -> tuple[Step, ...]:
    config, size = reader.config, reader.shape.hidden
    dense = reader.linear("head.dense", size, size, bias=config.flag("classifier_bias"))
    norm = reader.norm("head.norm", bias=config.flag("norm_bias"))
    kind = activation(config.word("classifier_activation"))
    return (Step("head.dense", dense, kind, norm),)


def _roberta(reader: Reader) -> tuple[Step, ...]:
    return _dense(reader, "classifier.dense", "tanh")


# What stands before the classifier of whole texts; of tokens in ModernBERT alone.
_BEFORE: dict[str, Callable[[Reader], tuple[Step, ...]]] = {
    "bert": lambda reader: _dense(reader, f"{reader.prefix}pooler.dense", "tanh"),
    "distilbert": lambda reader: _dense(reader, "pre_classifier", "relu"),
    "modernbert": _modern,
    **dict.fromkeys(("roberta", "xlm-roberta", "camembert", "mpnet"), _roberta),
}
# The product, the norm and the biases before the vocabulary, and its own product.
_TRANSFORM = {
    "bert": ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm"),
    "distilbert": ("vocab_transform", "vocab_layer_norm"),
}
_BIASES = {
    "bert": ("cls.predictions.bias", "cls.predictions.decoder.bias"),
    "distilbert": ("vocab_projector.bias",),
    "modernbert": ("decoder.bias",),
}
_WORDS = {
    "bert": "cls.predictions.decoder.weight",
    "distilbert": "vocab_projector.weight",
    "modernbert": "decoder.weight",
}


def _masks(reader: Reader, embedding: Array) -> Head:
    """The head of a masked language model."""
    family, size = reader.config.kind, reader.shape.hidden
    if family == "modernbert":
        steps = _modern(reader)
    else:
        dense, norm = _TRANSFORM.get(family, ("lm_head.dense", "lm_head.layer_norm"))
        # RoBERTa and MPNet have this one activation, whatever config.json says of the others.
        kind = reader.shape.activation if family in _TRANSFORM else "gelu"
        linear = reader.linear(dense, size, size)
        steps = (Step("head.dense", linear, kind, reader.norm(norm)),)
    return Head(MASKS, "", steps, _words(reader, embedding), _bias(reader))


def _words(reader: Reader, embedding: Array) -> Linear | None:
    """The product with the vocabulary; one that is stored and differs is not tied."""
    name = _WORDS.get(reader.config.kind, "lm_head.decoder.weight")
    tied = reader.config.flag("tie_word_embeddings")
    if tied and not reader.checkpoint.has(name):
        return None
    found = reader.tensor(name, *embedding.shape)
    return None if tied and np.array_equal(found, embedding) else Linear(found.T)


def _bias(reader: Reader) -> Array | None:
    if reader.config.kind == "modernbert" and not reader.config.flag("decoder_bias"):
        return None
    names = _BIASES.get(reader.config.kind, ("lm_head.bias", "lm_head.decoder.bias"))
    stored = next((name for name in names if reader.checkpoint.has(name)), names[0])
    return reader.tensor(stored, reader.shape.vocabulary)
