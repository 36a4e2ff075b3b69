"""`SequenceModel`: an encoder-decoder that writes, by the same loops as a decoder alone.

A source that was encoded and the ids that an answer begins with go in, Generations come out. Tasks
stand on it: text_to_text.py, speech.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from intab.engine.generation.batch import Job, generate_batch, make_job
from intab.engine.generation.beam_search import search_beams
from intab.engine.generation.decode import stream
from intab.engine.generation.generation_config import read_defaults
from intab.engine.generation.metrics import UNKNOWN, Meter, Setting
from intab.engine.generation.option_checks import CHECKS
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.streamer import Generation, TextChunk
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.encoded import Encoded
from intab.engine.runtime.encoder_decoder import EncoderDecoder
from intab.engine.text.assets import Texts
from intab.errors import OptionError, UnsupportedModelError

# What transformers' GenerationConfig has where nobody says anything: such a value in a file counts
# as not said.
_UNSAID: Mapping[str, Any] = {"max_length": 20}


class SequenceModel:
    """An encoder-decoder with its texts; `defaults` are those of a task."""

    def __init__(self, reader: EncoderDecoder, texts: Texts, vocabulary: int) -> None:
        self.reader, self.texts, self.vocabulary = reader, texts, vocabulary
        self.config = ModelConfig.of(texts.config)
        self.setting: Setting = UNKNOWN
        self.said = said_by(texts)

    @property
    def start(self) -> int:
        """The id that answers begin with; UnsupportedModelError if no file tells it."""
        for told in (self.said, self.config):
            for name in ("decoder_start_token_id", "bos_token_id"):
                if isinstance(told.get(name), int):
                    return int(told[name])
        raise UnsupportedModelError(
            "No decoder_start_token_id in config.json or generation_config.json, so no answer can "
            "begin: add it there."
        )

    def defaults(self, own: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
        """The options that hold where the caller says nothing: what the files say, over that a
        pipeline's own (but its max_new_tokens gives way to a max_length), then what config.json has
        for a task. This is what transformers 4.57.6 makes of its pipelines' defaults."""
        said = {k: v for k, v in self.said.items() if k not in _UNSAID or v != _UNSAID[k]}
        merged = {**said, **own}
        if "max_length" in said:
            merged.pop("max_new_tokens", None)
        merged.update(params)
        eos = self.texts.tokenizer.special_id("eos_token")
        told = self.config.eos_token_id
        return read_defaults(merged, eos if told is None else told, self.vocabulary)

    def options(
        self, passed: Mapping[str, Any], defaults: Mapping[str, Any], prompt: int
    ) -> GenerationOptions:
        """The options of an answer that begins with so many ids; OptionError."""
        chosen = GenerationOptions.make(passed, defaults)
        if chosen.prompt_lookup_num_tokens:
            raise OptionError("prompt_lookup_num_tokens is for decoders alone: leave it out.")
        chosen.check_tokens(self.vocabulary)
        chosen = replace(chosen, prefill_chunk_size=sys.maxsize).for_prompt(prompt)
        most = self.most_tokens
        return chosen if most is None else chosen.limited(max(most - prompt, 1))

    @property
    def most_tokens(self) -> int | None:
        """The most ids of an answer, by the decoder's table of positions."""
        config = self.config
        told = config.get("max_target_positions") or config.context_length
        return told if config.has_absolute_positions and isinstance(told, int) else None

    async def answers(
        self, sources: Sequence[Encoded], prompts: Sequence[Sequence[int]], options: Any
    ) -> list[list[Generation]]:
        """num_return_sequences answers to each source; options: one GenerationOptions for all."""
        tokenizer, setting = self.texts.tokenizer, self.setting
        read = [source.ids for source in sources]
        jobs = [self._job(*pair, options) for pair in zip(prompts, read, strict=True)]
        if options.num_beams > 1:
            readers = [self.reader.reading([source]) for source in sources]
            return [
                await search_beams(reader, tokenizer, job, setting)
                for reader, job in zip(readers, jobs, strict=True)
            ]
        found: list[list[Generation]] = []
        for group in _alike(prompts):
            reader = self.reader.reading([sources[i] for i in group])
            found += await generate_batch(reader, tokenizer, [jobs[i] for i in group], setting)
        order = [i for group in _alike(prompts) for i in group]
        return [one for _, one in sorted(zip(order, found, strict=True), key=lambda pair: pair[0])]

    async def stream(
        self, source: Encoded, prompt: Sequence[int], options: GenerationOptions
    ) -> AsyncGenerator[TextChunk]:
        """The answer to one source as it is written."""
        session = self.reader.reading([source]).session()
        meter = Meter(len(prompt), self.setting)
        try:
            job, tokenizer = self._job(prompt, source.ids, options), self.texts.tokenizer
            chunks = stream(
                session, tokenizer, prompt, options, meter, begin=job.begin, source=job.source
            )
            async for chunk in chunks:
                yield chunk
        finally:
            session.close()

    def _job(self, prompt: Sequence[int], read: Sequence[int], options: GenerationOptions) -> Job:
        tokenizer, setting = self.texts.tokenizer, self.setting
        job = make_job(list(prompt), options, tokenizer, self.vocabulary, setting)
        return replace(job, source=read)


def said_by(texts: Texts) -> dict[str, Any]:
    """What generation_config.json says, or config.json if there is none, as transformers reads
    it."""
    if texts.generation_config:
        return dict(texts.generation_config)
    names = (*CHECKS, "decoder_start_token_id", "bos_token_id")
    return {k: texts.config[k] for k in names if texts.config.get(k) is not None}


def _alike(prompts: Sequence[Sequence[int]]) -> list[list[int]]:
    """The places of prompts of one length together: nothing pads them."""
    groups: dict[int, list[int]] = {}
    for place, prompt in enumerate(prompts):
        groups.setdefault(len(prompt), []).append(place)
    return list(groups.values())
