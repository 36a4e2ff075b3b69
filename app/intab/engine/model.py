"""A loaded model: prompt in, text out. `intab.load` makes one.

    model = await intab.load("default")
    async for chunk in model.stream("Once upon a time", max_new_tokens=50):
        print(chunk, end="")

It knows the tokenizer, the chat template and the context length; the network computes.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from intab.engine import chat
from intab.engine.batches import Job, generate_batch, is_batch
from intab.engine.beams import search_beams
from intab.engine.defaults import read_defaults
from intab.engine.generate import complete, stream
from intab.engine.guessing import Guesser, make_guesser
from intab.engine.metrics import Meter, OnMetrics
from intab.engine.network import Network
from intab.engine.options import GenerationOptions
from intab.engine.tokenizer import Tokenizer
from intab.engine.truncation import cut_chat, cut_ids, room_for_prompt
from intab.engine.writing import Generation, TextChunk
from intab.errors import (
    ContextLengthError,
    EmptyPromptError,
    ModelClosedError,
    OptionError,
    PromptError,
)

Prompt = str | Sequence[chat.Message]


@dataclass(frozen=True)
class Texts:
    """What a model folder's text files say: the tokenizer, the configs, the chat templates."""

    tokenizer: Tokenizer
    config: Mapping[str, Any]
    generation_config: Mapping[str, Any]
    tokenizer_config: Mapping[str, Any]
    chat_templates: chat.Templates


class Model:
    """A language model that is ready to run: `name`, `dtype`, `device`, the `reason` for both."""

    def __init__(
        self,
        name: str,
        dtype: str,
        reason: str,
        network: Network,
        texts: Texts,
        on_metrics: OnMetrics | None = None,
    ) -> None:
        self.name = name
        self.dtype = dtype
        self.reason = reason
        self.tokenizer = texts.tokenizer
        self._network: Network | None = network
        self._texts = texts
        self._on_metrics = on_metrics
        self._defaults = _generation_defaults(texts)

    def __repr__(self) -> str:
        return f"<intab.Model {self.name!r}, {self.dtype} on {self.device}>"

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._network is None

    @property
    def device(self) -> str:
        """Where it runs and how, e.g. "wasm, 2 threads"."""
        return self._network.device if self._network else "nothing (closed)"

    @property
    def context_length(self) -> int | None:
        """The most tokens of prompt and answer together; None where the config does not say."""
        return context_length(self._texts.config)

    def stream(
        self,
        prompt: Prompt,
        *,
        chat_template_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncGenerator[TextChunk]:
        """Yield the answer to a string or a list of chat messages, chunk by chunk.

        Options are those of `GenerationOptions`; `chat_template_kwargs` (tools, documents and what
        else the template knows) go to the chat template. OptionError and PromptError come at once,
        before anything is computed. Ending the loop early frees the model.
        """
        if is_batch(prompt):
            raise PromptError("A stream has one prompt: pass a list of them to generate.")
        job = self._job(prompt, options, chat_template_kwargs or {})
        if job.options.num_beams > 1 or job.options.num_return_sequences > 1:
            raise OptionError(
                "A stream gives one answer as it is written: with num_beams or "
                "num_return_sequences above 1, use generate."
            )
        return self._stream(job)

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
        """The whole answer at once; the options of `stream`, and several answers.

        A prompt is a string or a list of messages and has one Generation. A list of prompts has a
        list of them: all run at once, each as it would alone. Where `num_return_sequences` is
        passed, a list of so many stands in the place of each Generation, the best first for beams.
        """
        several = is_batch(prompt)
        prompts = prompt if is_batch(prompt) else [prompt]
        jobs = [self._job(one, options, chat_template_kwargs or {}) for one in prompts]
        found = await self._answers(jobs)
        if "num_return_sequences" not in options and jobs[0].options.num_return_sequences == 1:
            return [one for [one] in found] if several else found[0][0]
        return found if several else found[0]

    async def _answers(self, jobs: Sequence[Job]) -> list[list[Generation]]:
        network, options = self._open_network(), jobs[0].options
        if options.num_beams > 1:
            return [
                await search_beams(network, self.tokenizer, job, self._on_metrics) for job in jobs
            ]
        if len(jobs) == options.num_return_sequences == 1:
            return [[await complete(self._stream(jobs[0]))]]
        return await generate_batch(network, self.tokenizer, jobs, self._on_metrics)

    def encode(self, prompt: Prompt, **context: Any) -> list[int]:
        """The ids of a prompt, messages by way of the chat template; PromptError if unusable."""
        if isinstance(prompt, str):
            if context:
                raise PromptError(
                    f"{next(iter(context))} is for the chat template: pass messages, not a string."
                )
            ids = self.tokenizer.encode(prompt)
        elif isinstance(prompt, (list, tuple)):
            text = self.render_chat(prompt, **context)
            ids = self.tokenizer.encode(text, add_special_tokens=False)
        else:
            raise PromptError(
                f"A prompt is a string or a list of messages, not {type(prompt).__name__}."
            )
        if not ids:
            raise EmptyPromptError("The prompt is empty: write at least one character.")
        return ids

    def render_chat(self, messages: Sequence[chat.Message], **context: Any) -> str:
        """The text that the chat template makes of `messages`."""
        special = chat.special_tokens(self._texts.tokenizer_config)
        return chat.render(self._texts.chat_templates, messages, special, **context)

    async def close(self) -> None:
        """Give the model's memory back; it cannot be used after."""
        if self._network:
            network, self._network = self._network, None
            await network.close()

    def _open_network(self) -> Network:
        if self._network is None:
            raise ModelClosedError(f"The model {self.name} was closed: load it again.")
        return self._network

    def _job(self, prompt: Any, options: Mapping[str, Any], context: Mapping[str, Any]) -> Job:
        network = self._open_network()
        chosen = GenerationOptions.make(options, self._defaults)
        chosen.check_tokens(self.tokenizer.size)
        if not network.plan.caches:
            # Without a cache each piece would compute those before it again.
            chosen = replace(chosen, prefill_chunk_size=sys.maxsize)
        ids = self.encode(prompt, **context)
        if chosen.truncation and self.context_length and len(ids) >= self.context_length:
            ids = self._cut(prompt, ids, chosen, context)
        return Job(ids, self._within_context(ids, chosen))

    def _cut(
        self, prompt: Prompt, ids: list[int], options: GenerationOptions, context: Mapping[str, Any]
    ) -> list[int]:
        room = room_for_prompt(self.context_length or 0, options.max_new_tokens)
        side = options.truncation_side
        if isinstance(prompt, str):
            return cut_ids(ids, room, side, self.tokenizer.encode(""))
        return cut_chat(prompt, room, side, lambda kept: self.encode(kept, **context))

    def _within_context(self, ids: list[int], options: GenerationOptions) -> GenerationOptions:
        if self.context_length is None:
            return options
        room = self.context_length - len(ids)
        if room < 1:
            raise ContextLengthError(
                f"The prompt has {len(ids):,} tokens, the model's context is "
                f"{self.context_length:,} and one is needed for the answer: shorten the prompt "
                "or pass truncation=True."
            )
        return options.limited(room)

    def _stream(self, job: Job) -> AsyncGenerator[TextChunk]:
        all_rows = self._open_network().plan.all_rows
        return self._run(job, make_guesser(job.options, len(job.prompt), all_rows=all_rows))

    async def _run(self, job: Job, guesser: Guesser | None) -> AsyncGenerator[TextChunk]:
        session, prompt = self._open_network().session(), job.prompt
        try:
            meter = Meter(len(prompt), self._on_metrics)
            async for chunk in stream(session, self.tokenizer, prompt, job.options, meter, guesser):
                yield chunk
        finally:
            session.close()


def context_length(config: Mapping[str, Any]) -> int | None:
    """The context length that a config.json tells, under any of its usual names."""
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "seq_length"):
        if isinstance(value := config.get(name), int) and value > 0:
            return value
    return None


def _generation_defaults(texts: Texts) -> dict[str, Any]:
    eos = texts.config.get("eos_token_id")
    token = chat.special_tokens(texts.tokenizer_config).get("eos_token")
    if eos is None and token:
        eos = texts.tokenizer.token_id(token)
    return read_defaults(texts.generation_config, eos)
