"""A loaded model: prompt in, text out. `intab.load` makes one.

    model = await intab.load("default")
    async for chunk in model.stream("Once upon a time", max_new_tokens=50):
        print(chunk, end="")

It knows the tokenizer, the chat template and the context length; the decoder computes.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, overload

from intab.engine.chat import Chat
from intab.engine.generation.batch import Job, generate_batch, make_job
from intab.engine.generation.conversation import Speaker, as_written
from intab.engine.generation.decode import complete, stream
from intab.engine.generation.generation_config import generation_defaults
from intab.engine.generation.metrics import UNKNOWN, Meter, Setting
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.prompt_lookup import Guesser, make_guesser, refuse_guesses
from intab.engine.generation.streamer import Generation, TextChunk
from intab.engine.runtime.decoder import Decoder, Session
from intab.engine.text.assets import Texts as Texts
from intab.engine.text.assets import context_length as context_length
from intab.engine.text.chat_template import Message, Tool, check_context, render
from intab.engine.text.prompts import Prompt, check_range, is_batch, is_ids, plain_ids
from intab.engine.text.truncation import cut_chat, cut_ids, room_for_answer, room_for_prompt
from intab.errors import EmptyPromptError, ModelClosedError, OptionError, PromptError


class Model:
    """A language model that is ready to run: `name`, `dtype`, `device`, the `reason` for both."""

    def __init__(
        self,
        name: str,
        dtype: str,
        reason: str,
        decoder: Decoder,
        texts: Texts,
        setting: Setting = UNKNOWN,
        *,
        rows_agree: bool = True,
        vocabulary: int | None = None,
    ) -> None:
        self.name, self.dtype, self.reason = name, dtype, reason
        self.tokenizer = texts.tokenizer
        self._decoder: Decoder | None = decoder
        self._rows_agree = rows_agree
        # The logits of a row: a model may have more of them than its tokenizer has tokens.
        self._vocabulary = vocabulary or self.tokenizer.size
        self._texts, self._setting = texts, setting
        self._defaults = generation_defaults(texts, self._vocabulary)

    def __repr__(self) -> str:
        return f"<intab.Model {self.name!r}, {self.dtype} on {self.device}>"

    def __deepcopy__(self, memo: object) -> Model:
        """Itself: copies of a logits processor may share a model."""
        return self

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._decoder is None

    @property
    def lost(self) -> bool:
        """Whether the device it ran on is gone: `intab.load` then loads it again."""
        return self._decoder is not None and self._decoder.lost

    @property
    def device(self) -> str:
        """Where it runs and how, e.g. "wasm, 2 threads"."""
        return self._decoder.device if self._decoder else "nothing (closed)"

    @property
    def context_length(self) -> int | None:
        """The most tokens of prompt and answer together; None if the config does not say."""
        return context_length(self._texts.config)

    def stream(
        self,
        prompt: Prompt,
        *,
        chat_template_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncGenerator[TextChunk]:
        """Yield the answer as it is written. Ending the loop early frees the model.

        Args:
            prompt: a string, a list of chat messages, or a list or array [tokens] of token ids.
            chat_template_kwargs: tools, documents and what else the chat template knows.
            options: those of `GenerationOptions`.

        Yields:
            `TextChunk`s; the last one has finish_reason and metrics.

        Raises:
            OptionError, PromptError, ModelClosedError: at once, before anything is computed.
            RunError: the runtime failed on the way.
        """
        if is_batch(prompt):
            raise PromptError("A stream has one prompt: pass a list of them to generate.")
        return self._stream(self._single(prompt, options, chat_template_kwargs or {}))

    def chat(
        self,
        system: str | None = None,
        *,
        messages: Sequence[Message] = (),
        tools: Sequence[Tool] | str | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        chat_template_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Chat:
        """Begin a conversation, which keeps its computed tokens from turn to turn.

        Args:
            system, messages: its beginning: a system message, then those.
            tools, documents, chat_template_kwargs: go to the chat template each time.
            options: those of every answer, of `GenerationOptions`.

        Returns:
            The conversation.

        Raises:
            OptionError, ModelClosedError: as for `stream`.
        """
        GenerationOptions.make(options, self._defaults)
        begun = [{"role": "system", "content": system}] if system else []
        context = {"tools": tools, "documents": documents, **(chat_template_kwargs or {})}
        written = as_written(self._texts, context)
        speaker = Speaker(self._single, lambda: self._open_decoder().session(), self._run, written)
        return Chat(speaker, [*begun, *messages], options, context)

    @overload
    async def generate(
        self, prompt: Prompt, *, num_return_sequences: int, **options: Any
    ) -> list[Generation]: ...
    @overload
    async def generate(self, prompt: Prompt, **options: Any) -> Generation: ...
    @overload
    async def generate(
        self, prompt: Sequence[Prompt], *, num_return_sequences: int, **options: Any
    ) -> list[list[Generation]]: ...
    @overload
    async def generate(self, prompt: Sequence[Prompt], **options: Any) -> list[Generation]: ...
    async def generate(
        self,
        prompt: Prompt | Sequence[Prompt],
        *,
        chat_template_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Compute the whole answer; to several prompts at once, each as it would be alone.

        Args:
            prompt: as for `stream`; or a list of those, or an array [prompts, tokens] of ids.
            chat_template_kwargs, options: as for `stream`; some options are for several answers.

        Returns:
            A `Generation`; a list of them for a list of prompts. If `num_return_sequences` is
            passed, a list of so many in the place of each, the best first for beams.

        Raises:
            OptionError, PromptError, ModelClosedError: before anything is computed.
            RunError: the runtime failed on the way.
        """
        several = is_batch(prompt)
        prompts = prompt if is_batch(prompt) else [prompt]
        jobs = [self._job(one, options, chat_template_kwargs or {}) for one in prompts]
        found = await self._answers(jobs)
        if "num_return_sequences" not in options and jobs[0].options.num_return_sequences == 1:
            return [one for [one] in found] if several else found[0][0]
        return found if several else found[0]

    async def _answers(self, jobs: Sequence[Job]) -> list[list[Generation]]:
        decoder, options = self._open_decoder(), jobs[0].options
        if len(jobs) == options.num_return_sequences == options.num_beams == 1:
            return [[await complete(self._stream(jobs[0]))]]
        refuse_guesses(options)
        if options.num_beams > 1:
            from intab.engine.generation.beam_search import search_beams  # few ask for beams

            return [await search_beams(decoder, self.tokenizer, job, self._setting) for job in jobs]
        return await generate_batch(decoder, self.tokenizer, jobs, self._setting)

    def encode(self, prompt: Prompt, **context: Any) -> list[int]:
        """Turn a prompt into ids; messages go by way of the chat template.

        Args:
            prompt: as for `stream`.
            context: tools, documents and what else the chat template knows.

        Returns:
            The ids, all below the number of logits.

        Raises:
            PromptError: it cannot be used: empty (EmptyPromptError), refused by the chat template
                (ChatTemplateError), an id out of range.
        """
        if isinstance(prompt, str) or is_ids(prompt):
            if context:
                raise PromptError(
                    f"{next(iter(context))} is for the chat template: pass messages, not a string."
                )
            ids = self.tokenizer.encode(prompt) if isinstance(prompt, str) else plain_ids(prompt)
        elif isinstance(prompt, (list, tuple)):
            text = self.render_chat(prompt, **context)
            ids = self.tokenizer.encode(text, add_special_tokens=False)
        else:
            raise PromptError(
                "A prompt is a string, a list of messages or a list of token ids, "
                f"not {type(prompt).__name__}."
            )
        if not ids:
            raise EmptyPromptError("The prompt is empty: write at least one character.")
        check_range(ids, self._vocabulary)
        return ids

    def render_chat(self, messages: Sequence[Message], **context: Any) -> str:
        """Render messages with the chat template.

        Returns:
            The text of the prompt.

        Raises:
            ChatTemplateError: there is no template, it fails on these messages, or passes a limit.
            PromptError: these are no messages.
        """
        special = self.tokenizer.special_tokens_map
        return render(self._texts.chat_templates, messages, special, **context)

    async def close(self) -> None:
        """Give the model's memory back; it cannot be used after."""
        if self._decoder:
            decoder, self._decoder = self._decoder, None
            await decoder.close()

    def _open_decoder(self) -> Decoder:
        if self._decoder is None:
            raise ModelClosedError(f"The model {self.name} was closed: load it again.")
        return self._decoder

    def _job(self, prompt: Any, options: Mapping[str, Any], context: Mapping[str, Any]) -> Job:
        decoder = self._open_decoder()
        check_context(context)
        chosen = GenerationOptions.make(options, self._defaults)
        chosen.check_tokens(self._vocabulary)
        if not decoder.plan.caches:
            # Without a cache each piece would compute those before it again.
            chosen = replace(chosen, prefill_chunk_size=sys.maxsize)
        ids = self.encode(prompt, **context)
        if chosen.truncation and self.context_length and len(ids) >= self.context_length:
            ids = self._cut(prompt, ids, chosen, context)
        chosen = chosen.for_prompt(len(ids))
        if self.context_length is not None:
            chosen = chosen.limited(room_for_answer(len(ids), self.context_length))
        return make_job(ids, chosen, self.tokenizer, self._vocabulary, self._setting, context)

    def _cut(
        self, prompt: Prompt, ids: list[int], options: GenerationOptions, context: Mapping[str, Any]
    ) -> list[int]:
        room = room_for_prompt(self.context_length or 0, options.max_new_tokens)
        side = options.truncation_side
        if isinstance(prompt, str) or is_ids(prompt):
            return cut_ids(ids, room, side, self.tokenizer.encode(""))
        messages = cast("Sequence[Message]", prompt)
        return cut_chat(messages, room, side, lambda kept: self.encode(kept, **context))

    def _single(self, prompt: Any, options: Mapping[str, Any], context: Mapping[str, Any]) -> Job:
        """A job whose one answer can be streamed."""
        job = self._job(prompt, options, context)
        if job.options.num_beams > 1 or job.options.num_return_sequences > 1:
            raise OptionError(
                "A stream gives one answer as it is written: with num_beams or "
                "num_return_sequences above 1, use generate."
            )
        self._guesser(job)  # refuses what the graph cannot do
        return job

    def _guesser(self, job: Job) -> Guesser | None:
        plan, agree = self._open_decoder().plan, self._rows_agree
        return make_guesser(job.options, len(job.prompt), plan, agree=agree)

    async def _stream(self, job: Job) -> AsyncGenerator[TextChunk]:
        session = self._open_decoder().session()
        try:
            async for chunk in self._run(session, job):
                yield chunk
        finally:
            session.close()

    def _run(self, session: Session, job: Job) -> AsyncGenerator[TextChunk]:
        guesser, meter = self._guesser(job), Meter(len(job.prompt), self._setting, session.length)
        return stream(session, self.tokenizer, job.prompt, job.options, meter, guesser, job.begin)
