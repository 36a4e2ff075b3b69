"""A loaded model: prompt in, text out. `intab.load` makes one.

    model = await intab.load("default")
    async for chunk in model.stream("Once upon a time", max_new_tokens=50):
        print(chunk, end="")

It knows the tokenizer, the chat template and the context length; the network computes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from intab.engine import chat
from intab.engine.generate import Generation, Session, TextChunk, complete, stream
from intab.engine.graph import GraphPlan
from intab.engine.guessing import Guesser, make_guesser
from intab.engine.metrics import Meter, OnMetrics
from intab.engine.options import GenerationOptions
from intab.engine.tokenizer import Tokenizer
from intab.errors import (
    ContextLengthError,
    EmptyPromptError,
    ManifestError,
    ModelClosedError,
    OptionError,
    PromptError,
)

Prompt = str | Sequence[chat.Message]


class Network(Protocol):
    """A graph that is ready to run; sessions are independent sequences in it."""

    @property
    def device(self) -> str:
        """Where it runs and how, e.g. "wasm, 2 threads"."""

    @property
    def plan(self) -> GraphPlan:
        """How the graph is fed, and what it can do."""

    def session(self, padding: Sequence[int] = (0,)) -> Session:
        """Empty sequences, one for each number of tokens of left padding."""

    async def close(self) -> None:
        """Give everything back; may be called twice."""


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
        try:
            GenerationOptions.make({}, self._defaults)
        except OptionError as exc:
            raise ManifestError(f"generation_config.json is not valid: {exc}") from exc

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
        plan = self._open_network().plan
        chosen = GenerationOptions.make(options, self._defaults)
        chosen.check_tokens(self.tokenizer.size)
        ids = self.encode(prompt, **(chat_template_kwargs or {}))
        chosen = self._within_context(ids, chosen)
        return self._stream(ids, chosen, make_guesser(chosen, len(ids), all_rows=plan.all_rows))

    async def generate(self, prompt: Prompt, **options: Any) -> Generation:
        """The whole answer at once; the options of `stream`."""
        return await complete(self.stream(prompt, **options))

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

    def _within_context(self, ids: list[int], options: GenerationOptions) -> GenerationOptions:
        if self.context_length is None:
            return options
        room = self.context_length - len(ids)
        if room < 1:
            raise ContextLengthError(
                f"The prompt has {len(ids):,} tokens, the model's context is "
                f"{self.context_length:,} and one is needed for the answer: shorten the prompt."
            )
        return options.limited(room)

    async def _stream(
        self, ids: list[int], options: GenerationOptions, guesser: Guesser | None
    ) -> AsyncGenerator[TextChunk]:
        session = self._open_network().session()
        try:
            meter = Meter(len(ids), self._on_metrics)
            async for chunk in stream(session, self.tokenizer, ids, options, meter, guesser):
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
    token = chat.special_tokens(texts.tokenizer_config).get("eos_token")
    found = (
        texts.generation_config.get("eos_token_id"),
        texts.config.get("eos_token_id"),
        token and texts.tokenizer.token_id(token),
    )
    eos = next((value for value in found if value is not None), None)
    return {**texts.generation_config, "eos_token_id": eos}
