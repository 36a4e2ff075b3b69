"""question-answering: the answer to a question out of a text, as transformers 4.57.6 gives it.

>>> await pipe(question="Where do I live?", context="My name is Wolfgang and I live in Berlin")
{'score': 0.9191, 'start': 34, 'end': 40, 'answer': 'Berlin'}

A context that is longer than the model is read in windows of `max_seq_len` tokens, `doc_stride` of
them read again in the next. Spans become answers in spans.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.spans import Spans, best_answers
from intab.engine.tasks.text_inputs import check_text, longest, make_cut, make_row, tokenizer_limit
from intab.engine.tasks.text_task import TextTask, only, take_flag, take_number
from intab.errors import OptionError, PromptError, UnsupportedModelError

_OPTIONS = (
    *("top_k", "topk", "doc_stride", "max_answer_len", "max_seq_len", "max_question_len"),
    *("handle_impossible_answer", "align_to_words", "padding"),
)
_LONGEST = 384
_STRIDE = 128


class QuestionAnswering(TextTask):
    """Options: top_k, doc_stride, max_answer_len, max_seq_len, handle_impossible_answer,
    align_to_words."""

    name = "question-answering"
    does = "answer questions"
    graph = "a finder of answers"
    heads = ("ForQuestionAnswering", "ForQuestionAnsweringSimple")
    probe: Any = {"question": "a", "context": "a"}  # noqa: RUF012
    rank = 2
    token_rank = 2

    def outputs(self, pipeline: Pipeline) -> Sequence[str]:
        """The logits of an answer's first and last token."""
        [network] = pipeline.networks.values()
        names = [info.name for info in network.outputs]
        wanted = ("start_logits", "end_logits")
        if set(wanted) <= set(names):
            return wanted
        if len(names) < 2:
            raise UnsupportedModelError(
                f"The graph gives {', '.join(names)}, not start_logits and end_logits: export the "
                "model for question-answering."
            )
        return names[:2]

    def arguments(
        self, inputs: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """question= and context=, a question and a context, a dict, or several dicts."""
        question, context = options.pop("question", None), options.pop("context", None)
        if len(inputs) == 2 and all(isinstance(one, str) for one in inputs):
            return {"question": inputs[0], "context": inputs[1]}, options
        if len(inputs) == 1 and question is None and context is None:
            return inputs[0], options
        if inputs or question is None or context is None:
            raise OptionError('Pass question= and context=, or {"question": ..., "context": ...}.')
        return _pairs(question, context), options

    def items(self, inputs: Any, options: Mapping[str, Any]) -> tuple[list[Any], bool]:
        """As transformers, the answer to a list of one is not in a list."""
        items = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        return items, len(items) != 1

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or out of range."""
        only(self.name, options, _OPTIONS)
        given = dict(options)
        if given.get("top_k") is None and "topk" in given:
            given["top_k"] = given["topk"]
        if given.get("padding") not in (None, False, "do_not_pad"):
            raise OptionError("padding has no effect here: windows are padded as batches need it.")
        take_number(given, "max_question_len", 1, None)  # a fast tokenizer cuts no question
        limit = tokenizer_limit(pipeline) or longest(pipeline) or _LONGEST
        length = take_number(given, "max_seq_len", 1, min(limit, _LONGEST)) or 1
        stride = take_number(given, "doc_stride", 0, min(length // 2, _STRIDE))
        if stride is not None and stride > length:
            raise OptionError(f"doc_stride ({stride}) is larger than max_seq_len ({length}).")
        return {"length": length, "stride": stride}, {
            "top_k": take_number(given, "top_k", 1, 1),
            "longest": take_number(given, "max_answer_len", 1, 15),
            "impossible": take_flag(given, "handle_impossible_answer", default=False),
            "align": take_flag(given, "align_to_words", default=True),
        }

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A row for each window of the context."""
        question, context = _checked(item)
        first = pipeline.texts.tokenizer_config.get("padding_side") != "left"
        texts = (question, context) if first else (context, question)
        length, stride = options.get("length", _LONGEST), options.get("stride", 0)
        _check_room(pipeline, question, length, stride)
        cut = make_cut(pipeline, length, stride, "only_second" if first else "only_first")
        found = pipeline.texts.tokenizer.windows(*texts, cut=cut)
        place = 1 if first else 0
        return [
            make_row(pipeline, one, types=True, about=_window(pipeline, one, place, context))
            for one in found
        ]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The best answer, or a list of them."""
        names = self.outputs(pipeline)
        logits = [[output[name].astype(np.float32) for name in names] for output in outputs]
        windows = [
            Spans(start, end, *row.about) for row, (start, end) in zip(rows, logits, strict=True)
        ]
        found = best_answers(windows, **options)
        return found[0] if len(found) == 1 else found


def _pairs(question: Any, context: Any) -> Any:
    """Questions with their contexts, or with the one context."""
    if not isinstance(question, list):
        return {"question": question, "context": context}
    contexts = context if isinstance(context, list) else [context] * len(question)
    if len(contexts) != len(question):
        raise OptionError(
            f"There are {len(question)} questions and {len(contexts)} contexts: pass one for each."
        )
    return [{"question": q, "context": c} for q, c in zip(question, contexts, strict=True)]


def _checked(item: Any) -> tuple[str, str]:
    if not isinstance(item, dict) or item.keys() != {"question", "context"}:
        raise PromptError('A question is {"question": ..., "context": ...}.')
    for name, text in item.items():
        if not check_text(text):
            raise PromptError(f"The {name} is empty: write at least one character.")
    return item["question"], item["context"]


def _check_room(pipeline: Pipeline, question: str, length: int, stride: int) -> None:
    """OptionError if a window has no room for more than what is read again."""
    tokenizer = pipeline.texts.tokenizer
    taken = len(tokenizer.encode(question, add_special_tokens=False)) + tokenizer.added(True)
    if length - taken <= stride:
        raise OptionError(
            f"The question leaves {max(length - taken, 0)} of {length} tokens to the context, and "
            f"doc_stride is {stride}: pass a smaller doc_stride, or shorten the question."
        )


def _window(
    pipeline: Pipeline, found: tokenizers.Encoding, place: int, context: str
) -> tuple[NDArray[np.bool_], tokenizers.Encoding, int, str]:
    """Which tokens may be in an answer: the context's, and the class token for none."""
    wanted = np.array([one == place for one in found.sequence_ids])
    beginning = pipeline.texts.tokenizer.special_id("cls_token")
    return wanted | (np.array(found.ids) == beginning), found, place, context
