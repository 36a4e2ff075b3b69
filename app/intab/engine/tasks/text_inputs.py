"""Texts, alone or in pairs, become a text encoder's feeds: one row, or several windows of it.

Which inputs there are is read from the graph; what the tokenizer does not make (token_type_ids,
position_ids) is made as the model's family makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import tokenizers
from numpy.typing import NDArray

from intab.engine.model_config import ModelConfig
from intab.engine.runtime.cache_slots import plan_slots
from intab.engine.runtime.network import Arrays, Network
from intab.engine.tasks.batches import Batching, Row
from intab.engine.tasks.pipeline import Pipeline
from intab.engine.text.assets import Texts
from intab.engine.text.tokenizer import Cut
from intab.errors import (
    ContextLengthError,
    EmptyPromptError,
    OptionError,
    PromptError,
    UnsupportedModelError,
)

OPTIONS = ("truncation", "max_length", "add_special_tokens", "padding")
PADDING = (None, False, True, "longest", "max_length", "do_not_pad")
STRATEGIES = ("longest_first", "only_first", "only_second")
_HUGE = 10**9  # tokenizers without a limit say 1e30
# What graphs call the inputs, the usual name first.
_NAMES = {
    "input_ids": ("input_ids", "input_word_ids", "ids"),
    "attention_mask": ("attention_mask", "input_mask", "mask"),
    "token_type_ids": ("token_type_ids", "segment_ids", "input_type_ids"),
    "position_ids": ("position_ids",),
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names}
# Their tokenizers give a pair's second text another type; the others leave types to the model,
# which takes zeros. The rule of each class is its model_input_names in transformers 5.24.
_WITH_TYPES = (
    *("BertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "ConvBertTokenizer"),
    *("SqueezeBertTokenizer", "LayoutLMTokenizer", "LxmertTokenizer", "RetriBertTokenizer"),
    *("DPRQuestionEncoderTokenizer", "DPRContextEncoderTokenizer", "DPRReaderTokenizer"),
    *("DebertaTokenizer", "DebertaV2Tokenizer", "FNetTokenizer", "MarkupLMTokenizer"),
)
# Families whose positions are counted from the padding's id on: that many have no use.
_FROM_PADDING = (
    *("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "roberta-prelayernorm", "xmod"),
    *("data2vec-text", "longformer", "mpnet", "ibert", "esm", "layoutlmv3", "markuplm", "luke"),
)


def check_text(text: Any) -> str:
    """The text; PromptError for anything else."""
    if isinstance(text, bytes | bytearray):
        raise PromptError('A text must be a string, not bytes: decode it, e.g. .decode("utf-8").')
    if not isinstance(text, str):
        raise PromptError(f"A text must be a string, not {type(text).__name__}.")
    return text


def check_text_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the tokenizer; OptionError for one that is unknown or out of range. `padding` is
    known and has no effect: rows are padded as a batch and the graph need it, and masked."""
    truncation, most = options.get("truncation", False), options.get("max_length")
    padding = options.get("padding")
    for name in options:
        if name not in OPTIONS:
            raise OptionError(f"There is no option {name!r}; for texts there are {OPTIONS}.")
    if truncation not in (None, False, True, "do_not_truncate", *STRATEGIES):
        raise OptionError(
            f"truncation must be True or False, or one of {STRATEGIES}, not {truncation!r}."
        )
    if padding not in PADDING:
        raise OptionError(f"padding must be one of {PADDING}, not {padding!r}.")
    if not isinstance(options.get("add_special_tokens", True), bool):
        raise OptionError("add_special_tokens must be True or False.")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise OptionError(f"max_length must be a whole number from 1 on, not {most!r}.")
    idle = truncation in (None, False, "do_not_truncate") and padding != "max_length"
    if most is not None and idle:
        raise OptionError("max_length has no effect without truncation=True.")
    return dict(options)


def encode(pipeline: Pipeline, text: Any, pair: Any, options: Mapping[str, Any]) -> Row:
    """A text, or two that belong together, as one row; ContextLengthError if it is too long."""
    check_text(text)
    if pair is not None:
        check_text(pair)
    truncation = options.get("truncation")
    cut = None
    if truncation not in (None, False, "do_not_truncate"):
        most = options.get("max_length") or tokenizer_limit(pipeline) or longest(pipeline)
        strategy = "longest_first" if truncation is True else str(truncation)
        cut = make_cut(pipeline, most, strategy=strategy)
    special = options.get("add_special_tokens", True)
    found = pipeline.texts.tokenizer.windows(text, pair, special, cut)[0]
    return make_row(pipeline, found)


def make_cut(
    pipeline: Pipeline, most: int | None, stride: int = 0, strategy: str = "longest_first"
) -> Cut | None:
    """How texts are cut to so many tokens, on the side that the tokenizer's settings say."""
    return None if most is None else Cut(most, stride, strategy, cut_side(pipeline.texts))


def cut_side(texts: Texts) -> Literal["left", "right"]:
    """The side on which a model's texts are cut."""
    return "left" if texts.tokenizer_config.get("truncation_side") == "left" else "right"


def make_row(
    pipeline: Pipeline, found: tokenizers.Encoding, *, types: bool | None = None, about: Any = None
) -> Row:
    """An encoding as the inputs that the graph takes; ContextLengthError if it is too long.

    types: whether types say which text of a pair a token is of; None: as the tokenizer does it.
    """
    length, most = len(found.ids), longest(pipeline)
    if not length:
        raise EmptyPromptError("The text has no tokens: write at least one character.")
    if most is not None and length > most:
        raise ContextLengthError(
            f"The text has {length:,} tokens, the model takes {most:,}: shorten it or pass "
            "truncation=True."
        )
    if types is None:
        types = has_types(pipeline)
    kinds = found.type_ids if types and pipeline.config.token_types > 1 else [0] * length
    values = {
        "input_ids": found.ids,
        "attention_mask": [1] * length,
        "token_type_ids": kinds,
        "position_ids": _positions(pipeline, found.ids),
    }
    feeds = empty_caches(pipeline)
    for info in _network(pipeline).inputs:
        if info.name not in feeds:
            feeds[info.name] = np.array(values[_KINDS[info.name]], info.dtype)
    return Row(feeds, length, about)


def empty_caches(pipeline: Pipeline) -> Arrays:
    """What a decoder that reads a text whole, such as Qwen3-Embedding, takes for the tokens before
    it: a row without any for each input of its cache."""
    network = _network(pipeline)
    left = {info.name: info for info in network.inputs if info.name not in _KINDS}
    outputs = {info.name: info for info in network.outputs}
    slots = plan_slots(left, outputs, pipeline.config, {}) if left else ()
    return {slot.past: np.zeros(slot.shape[1:], slot.dtype) for slot in slots if slot.batch == 0}


def ids_of(row: Row) -> NDArray[Any]:
    """A row's token ids."""
    return next(value for name, value in row.feeds.items() if _KINDS.get(name) == "input_ids")


def check_inputs(pipeline: Pipeline) -> None:
    """UnsupportedModelError if the graph takes what no text gives."""
    caches = empty_caches(pipeline)
    names = [info.name for info in _network(pipeline).inputs if info.name not in caches]
    known = [_KINDS.get(name) for name in names]
    wrong = [name for name, kind in zip(names, known, strict=True) if kind is None]
    if wrong or "input_ids" not in known:
        reason = f"takes {wrong[0]}" if wrong else "takes no input_ids"
        raise UnsupportedModelError(
            f"The graph {reason} ({', '.join(names)}), and a text gives {', '.join(_NAMES)}: "
            "export the model as an encoder of texts."
        )


def batching_of(pipeline: Pipeline, token_rank: int) -> Batching:
    """How rows of texts are put together: padded if the graph has a mask to hide it."""
    inputs = _network(pipeline).inputs
    tokenizer, config = pipeline.texts.tokenizer, pipeline.config
    pad = tokenizer.special_id("pad_token")
    pad = pad if pad is not None else config.padding_id
    masked = any(_KINDS.get(info.name) == "attention_mask" for info in inputs)
    half = pipeline.dtype.endswith("16")
    if not masked or pad is None:
        return Batching(inputs, None, token_rank, half)
    fills = {i.name: pad if _KINDS.get(i.name) == "input_ids" else 0 for i in inputs}
    return Batching(inputs, fills, token_rank, half)


def has_types(pipeline: Pipeline) -> bool:
    """Whether transformers' tokenizer gives a pair's second text another type."""
    said = pipeline.texts.tokenizer_config.get("model_input_names")
    if isinstance(said, list):
        return "token_type_ids" in said
    return pipeline.texts.tokenizer.class_name in _WITH_TYPES


def tokenizer_limit(pipeline: Pipeline) -> int | None:
    """The most tokens by tokenizer_config.json's model_max_length, None if it says none."""
    return limit_of(pipeline.texts)


def limit_of(texts: Texts) -> int | None:
    """The same of a model's texts."""
    told = texts.tokenizer_config.get("model_max_length")
    if isinstance(told, bool) or not isinstance(told, int | float) or not 1 <= told < _HUGE:
        return None
    return int(told)


def longest(pipeline: Pipeline) -> int | None:
    """The most tokens that the model takes: by its table of positions and the graph's own size."""
    config = pipeline.config
    limit = config.context_length if config.has_absolute_positions else None
    if limit is not None:
        limit -= _first_position(config)
    fixed = [i.shape[1] for i in _network(pipeline).inputs if len(i.shape) == 2]
    sizes = [size for size in (limit, *fixed) if size is not None]
    return min(sizes, default=None)


def _first_position(config: ModelConfig) -> int:
    if config.model_type not in _FROM_PADDING:
        return 0
    if config.model_type == "mpnet":
        return 2  # its class has 1 for the padding, whatever pad_token_id says
    return (1 if config.padding_id is None else config.padding_id) + 1


def _positions(pipeline: Pipeline, ids: Sequence[int]) -> Sequence[int]:
    """Where tokens stand; where positions are counted from the padding's id, a padding token that
    is written in a text has none."""
    first = _first_position(pipeline.config)
    if not first:
        return range(len(ids))
    real = np.array(ids) != first - 1
    places: list[int] = (np.cumsum(real) * real + first - 1).tolist()
    return places


def _network(pipeline: Pipeline) -> Network:
    [network] = pipeline.networks.values()
    return network
