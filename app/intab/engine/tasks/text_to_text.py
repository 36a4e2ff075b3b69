"""text2text-generation, summarization and translation: an encoder-decoder reads a text and writes
another, as transformers 4.57.6 does.

>>> pipe = await intab.pipeline("summarization", "org/name")
>>> await pipe("A long text ...")
[{'summary_text': 'A short one.'}]

What neither the caller nor the model's files say is as in transformers' pipelines: 256 new tokens,
4 beams.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from intab.engine.generation.streamer import Generation, TextChunk
from intab.engine.hub.roles import ENCODER_DECODER, Need
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.network import Arrays
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import Parts
from intab.engine.tasks.generation_request import drop_idle
from intab.engine.tasks.heads import check_heads, task_of
from intab.engine.tasks.languages import language_id, takes_languages, with_language
from intab.engine.tasks.opening import check_decoders, open_reader
from intab.engine.tasks.sequence_model import SequenceModel
from intab.engine.tasks.sequence_pipeline import SequencePipeline
from intab.engine.tasks.text_inputs import check_text
from intab.engine.tasks.text_task import take_flag, take_number
from intab.engine.text.tokenizer import Cut
from intab.errors import ContextLengthError, EmptyPromptError, OptionError, UnsupportedModelError

_DEFAULTS: Mapping[str, Any] = {"max_new_tokens": 256, "num_beams": 4}
_RETURNED = {"summarization": "summary", "text2text-generation": "generated"}
_PAIR = re.compile(r"translation_(\w+)_to_(\w+)")
_HUGE = 10**9  # tokenizers without a limit say 1e30


class TextToText:
    """A Task, by its name: also "translation_en_to_de"."""

    graph = "an encoder-decoder of text"
    needs: Sequence[Need] = ENCODER_DECODER
    texts: Sequence[str] = ()
    tokenizer = True
    config = True

    def __init__(self, name: str) -> None:
        self.name = name

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError unless it is an encoder-decoder that reads texts."""
        if task_of(config.architecture) == "automatic-speech-recognition":
            raise UnsupportedModelError(
                f"This model reads sound: its architecture is {config.architecture}. Choose the "
                "task automatic-speech-recognition."
            )
        check_heads("write text from text", ("ForConditionalGeneration", "MTModel"), config)

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """DeviceError for decoders on two devices."""
        check_decoders(variants, candidate)

    async def open(
        self, runtime: Runtime[B], parts: Parts[B], report: OnProgress
    ) -> TextToTextPipeline:
        """The pipeline, which is tried once."""
        model = await open_reader(runtime, parts, report, _feeds([1, 2, 1]))
        return TextToTextPipeline(self.name, model)


@cache
def translation(name: str) -> TextToText | None:
    """The task of "translation_xx_to_yy", None for another name."""
    return TextToText(name) if _PAIR.fullmatch(name) else None


def _feeds(ids: Sequence[int]) -> Arrays:
    return {
        "input_ids": np.array([ids], np.int64),
        "attention_mask": np.ones((1, len(ids)), np.int64),
    }


@dataclass(frozen=True)
class Request:
    """A call's options: the pipeline's own, and those of generating."""

    options: Mapping[str, Any]
    tensors: bool = False
    clean: bool = False
    truncation: bool = False
    languages: tuple[int, int] | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    padding: int | None = None
    start: int = 0


class TextToTextPipeline(SequencePipeline):
    """A pipeline that reads texts and writes others."""

    def __init__(self, name: str, model: SequenceModel) -> None:
        super().__init__(name, model)
        params = model.config.get("task_specific_params")
        params = params if isinstance(params, Mapping) else {}
        self._as = self._called(params)
        own = params.get(self._as)
        own = dict(own) if isinstance(own, Mapping) else {}
        self.prefix = str(own.pop("prefix", None) or model.config.get("prefix") or "")
        self.defaults = model.defaults(_DEFAULTS, own)
        self.start = model.start
        self.returned = _RETURNED.get(name, "translation")

    def _called(self, params: Mapping[str, Any]) -> str:
        """The task whose parameters hold: "translation" is the first one in config.json."""
        pairs = [name for name in params if str(name).startswith("translation")]
        return pairs[0] if self.task == "translation" and pairs else self.task

    def stream(self, text: str, **options: Any) -> AsyncGenerator[TextChunk]:
        """Yield the answer to one text as it is written; with one beam.

        Args:
            text: the source.
            options: as of a call.

        Yields:
            `TextChunk`s; the last one has finish_reason and metrics.

        Raises:
            OptionError, PromptError, ModelClosedError: before anything is computed.
            RunError: the runtime failed on the way.
        """
        self.check_open()
        request = self.request(dict(options))
        passed = {"num_beams": 1, **request.options}
        if passed["num_beams"] != 1 or passed.get("num_return_sequences", 1) != 1:
            raise OptionError("A stream gives one answer with one beam: call the pipeline instead.")
        return self._stream_of(self._ids(text, request), passed, request)

    async def _stream_of(
        self, ids: list[int], passed: Mapping[str, Any], request: Request
    ) -> AsyncGenerator[TextChunk]:
        defaults = {k: v for k, v in request.defaults.items() if k != "num_return_sequences"}
        options = self.model.options(passed, defaults, 1)
        source = await self.model.reader.encode(_feeds(ids))
        async for chunk in self.model.stream(source, [request.start], options):
            yield chunk

    def request(self, options: dict[str, Any]) -> Request:
        """A call's options; OptionError for what does not go together."""
        tensors = take_flag(options, "return_tensors", default=False)
        take_flag(options, "return_text", default=True)
        clean = take_flag(options, "clean_up_tokenization_spaces", default=False)
        truncation = options.pop("truncation", None)
        if truncation not in (None, True, False, "longest_first", "only_first", "do_not_truncate"):
            raise OptionError(f"truncation must be True or False, not {truncation!r}.")
        for name in ("return_tensors", "return_text", "clean_up_tokenization_spaces"):
            options.pop(name, None)
        padding = drop_idle(options)
        if (stop := options.pop("stop_sequence", None)) is not None:
            options["eos_token_id"] = self._first_id(stop)
        languages = self._languages(options)
        if languages:
            if options.get("forced_bos_token_id") is not None:
                raise OptionError(
                    "tgt_lang and forced_bos_token_id both say what the answer begins with: pass "
                    "tgt_lang alone."
                )
            options["forced_bos_token_id"] = languages[1]
        cut = truncation not in (None, False, "do_not_truncate")
        start = self._start(options)
        request = Request(options, tensors, clean, cut, languages, self.defaults, padding, start)
        self.model.options(options, self.defaults, 1)  # so that it is judged before any input
        return request

    def _start(self, options: dict[str, Any]) -> int:
        """The id before an answer; OptionError."""
        name = "decoder_start_token_id"
        told = take_number({name: options.pop(name, None)}, name, 0, self.start)
        start = self.start if told is None else told
        if start >= self.model.vocabulary:
            raise OptionError(
                f"{name} is {start}, but the vocabulary ends at {self.model.vocabulary - 1}."
            )
        return start

    def _first_id(self, stop: Any) -> int:
        ids = self.texts.tokenizer.encode(check_text(stop), add_special_tokens=False)
        if not ids:
            raise OptionError("stop_sequence has no token in it: write at least one character.")
        return ids[0]

    def _languages(self, options: dict[str, Any]) -> tuple[int, int] | None:
        """The tokens of source and target, None for a model of one pair; OptionError."""
        translates = self.returned == "translation"
        given = {n: options.pop(n) for n in ("src_lang", "tgt_lang") if translates and n in options}
        if not translates or not takes_languages(self.texts):
            return None
        if pair := _PAIR.fullmatch(self._as):
            given = given or {"src_lang": pair[1], "tgt_lang": pair[2]}
        for name in ("src_lang", "tgt_lang"):
            if given.get(name) is None:
                raise OptionError(
                    f"This model translates between many languages: pass {name}, such as "
                    "src_lang='eng_Latn', tgt_lang='fra_Latn'."
                )
        source, target = (
            language_id(self.texts, name, given[name]) for name in ("src_lang", "tgt_lang")
        )
        return source, target

    async def batch(self, items: Sequence[Any], request: Request) -> list[Any]:
        """The records of each text."""
        ids = [self._ids(item, request) for item in items]
        sources = [await self.model.reader.encode(_feeds(each)) for each in ids]
        options = self.model.options(request.options, request.defaults, 1)
        self.check_open()
        found = await self.model.answers(sources, [[request.start]] * len(ids), options)
        return [self._records(answers, request) for answers in found]

    def _ids(self, text: Any, request: Request) -> list[int]:
        """A source's ids; PromptError."""
        tokenizer = self.texts.tokenizer
        most = self._most()
        limit = self.texts.tokenizer_config.get("model_max_length")
        known = isinstance(limit, int) and limit < _HUGE
        room = min([n for n in (limit if known else None, most) if n], default=None)
        text = check_text(text)
        if request.languages:
            bare = tokenizer.encode(text, add_special_tokens=False)
            if request.truncation and room:
                bare = bare[: max(room - 2, 0)]
            ids = with_language(self.texts, bare, request.languages[0])
        else:
            cut = Cut(room) if request.truncation and room else None
            ids = list(tokenizer.windows(self.prefix + text, cut=cut)[0].ids)
        if not ids:
            raise EmptyPromptError("The text has no tokens: write at least one character.")
        if most is not None and len(ids) > most:
            raise ContextLengthError(
                f"The text has {len(ids):,} tokens, the model takes {most:,}: shorten it or pass "
                "truncation=True."
            )
        return ids

    def _most(self) -> int | None:
        """The most tokens of a source."""
        config = self.config
        return config.context_length if config.has_absolute_positions else None

    def _records(self, answers: Sequence[Generation], request: Request) -> list[dict[str, Any]]:
        name = self.returned
        if request.tensors:
            longest, pad = max(len(one.ids) for one in answers), self._padding(request)
            return [
                {
                    f"{name}_token_ids": [
                        request.start,
                        *one.ids,
                        *[pad] * (longest - len(one.ids)),
                    ]
                }
                for one in answers
            ]
        tokenizer = self.texts.tokenizer
        # A start that the caller chose may be a word, which transformers shows.
        first = [request.start] if request.start != self.start else []
        texts = [
            tokenizer.decode([*first, *one.ids], clean_up_tokenization_spaces=request.clean)
            for one in answers
        ]
        return [{f"{name}_text": text} for text in texts]

    def _padding(self, request: Request) -> int:
        if request.padding is not None:
            return request.padding
        pad = self.texts.tokenizer.special_id("pad_token")
        return (self.config.padding_id or 0) if pad is None else pad

    def shaped(self, found: list[Any]) -> Any:
        """As transformers, a list has no lists of one."""
        return [one for [one] in found] if all(len(one) == 1 for one in found) else found
