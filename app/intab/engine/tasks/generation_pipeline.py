"""text-generation in a pipeline's form: a `Model`, called as transformers' pipeline is.

>>> pipe = await intab.pipeline("text-generation", "default")
>>> await pipe("Once upon a time", max_new_tokens=5, do_sample=False)
[{'generated_text': 'Once upon a time there was a little'}]

Options that are not the pipeline's own are those of `Model.generate`. What neither the caller nor
generation_config.json says is as in transformers' pipeline: 256 new tokens, sampled at 0.7.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from intab.engine.generation.streamer import Generation
from intab.engine.io.protocols import Progress
from intab.engine.model import Model
from intab.engine.model_config import ModelConfig
from intab.engine.tasks.batches import Options, each, is_stream
from intab.engine.tasks.pipeline import Pipeline
from intab.engine.tasks.text_task import take_flag, take_number
from intab.engine.text.tokenizer import cleans_up
from intab.errors import (
    ContextLengthError,
    EmptyPromptError,
    ModelClosedError,
    OptionError,
    PromptError,
)

_DEFAULTS: Mapping[str, Any] = {"max_new_tokens": 256, "do_sample": True, "temperature": 0.7}
_CHAT = ("tools", "documents")


class GenerationPipeline(Pipeline):
    """A pipeline that continues texts and chats; `model` is the Model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.networks = {}
        self.texts = model._texts
        self.config = ModelConfig.of(self.texts.config)
        self.name, self.dtype, self.reason = model.name, model.dtype, model.reason
        self.closed = False

    @property
    def task(self) -> str:
        """Its task's name."""
        return "text-generation"

    @property
    def device(self) -> str:
        """Where it runs and how."""
        return self.model.device

    @property
    def lost(self) -> bool:
        """Whether the device that it ran on is gone."""
        return self.model.lost

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Continue a text or a chat, or each of several.

        Args:
            inputs: a text, a list of messages, a list of either, or a generator of either.
            options: return_full_text, return_text, return_tensors, skip_special_tokens, prefix,
                stop_sequence, add_special_tokens, continue_final_message, tools, documents,
                tokenizer_encode_kwargs, handle_long_generation, clean_up_tokenization_spaces,
                batch_size, on_progress, and those of `Model.generate`; pad_token_id and use_cache
                change nothing.

        Returns:
            To be awaited: a list of {"generated_text"}, one for each of num_return_sequences; a
            list of such lists for several inputs. For a generator an asynchronous generator.

        Raises:
            OptionError: an option is unknown or out of range.
            PromptError: an input cannot be used; ContextLengthError: it is too long.
            RunError: onnxruntime fails; ModelClosedError: the model was closed.
        """
        if len(inputs) != 1:
            raise OptionError(f"text-generation takes one input or a list, not {len(inputs)}.")
        [given] = inputs
        return self._several(given, options) if is_stream(given) else self._whole(given, options)

    async def _whole(self, given: Any, options: Mapping[str, Any]) -> Any:
        if isinstance(given, list) and not is_chat(given):
            return [one async for one in self._several(given, options)]
        [found] = [one async for one in self._several([given], options)]
        return found

    async def _several(self, given: Any, options: Mapping[str, Any]) -> AsyncGenerator[Any]:
        """The answers in order, so many prompts at a time as a batch has."""
        if self.closed:
            raise ModelClosedError(f"The model {self.name} was closed: load it again.")
        rest = dict(options)
        common = Options.take(rest)
        request = self.request(rest)
        total, done = len(given) if isinstance(given, list) else 0, 0
        waiting: list[Any] = []
        async for one in each(given):
            waiting.append(one)
            if len(waiting) == common.batch_size:
                for answer in await self.batch(waiting, request):
                    done += 1
                    yield answer
                waiting = []
                common.on_progress(Progress("run", loaded=done, total=total))
        if waiting:
            for answer in await self.batch(waiting, request):
                yield answer
            common.on_progress(Progress("run", loaded=done + len(waiting), total=total))

    def request(self, options: dict[str, Any]) -> Any:
        """A call's options, checked; OptionError."""
        return Request.take(options, self.texts.generation_config)

    async def batch(self, prompts: Sequence[Any], request: Any) -> list[list[dict[str, Any]]]:
        """The answers to some prompts."""
        ids = [request.encode(self.model, one) for one in prompts]
        found = await self.model.generate(ids if len(ids) > 1 else ids[0], **request.options)
        several = found if len(ids) > 1 else [found]
        return [
            [request.record(self.model, prompt, row, one) for one in listed(of_one)]
            for prompt, row, of_one in zip(prompts, ids, several, strict=True)
        ]

    async def close(self) -> None:
        """Give the model's memory back; neither it nor the pipeline can be used after."""
        self.closed = True
        await self.model.close()


def listed(found: Any) -> list[Generation]:
    """The answers to one prompt, of which there may be one alone."""
    return found if isinstance(found, list) else [found]


def is_chat(value: Any) -> bool:
    """Whether this is a list of messages."""
    first = value[0] if isinstance(value, list | tuple) and value else None
    return isinstance(first, Mapping) and {"role", "content"} <= first.keys()


class Request:
    """A call's options: the pipeline's own, and those of the model."""

    def __init__(self, own: Mapping[str, Any], options: dict[str, Any], shape: str) -> None:
        self.own, self.options, self.shape = own, options, shape

    @classmethod
    def take(cls, given: dict[str, Any], configured: Mapping[str, Any]) -> Request:
        """OptionError for what does not go together; what is left is `Model.generate`'s."""
        shape = take_shape(given)
        own: dict[str, Any] = {
            "prefix": given.pop("prefix", None) or "",
            "special": take_flag(given, "add_special_tokens", default=True),
            "skip": take_flag(given, "skip_special_tokens", default=True),
            "continue": given.pop("continue_final_message", None),
            "hole": given.pop("handle_long_generation", None),
            "context": {name: given.pop(name) for name in _CHAT if name in given},
            "encode": dict(given.pop("tokenizer_encode_kwargs", None) or {}),
            "clean": flag_or_none(given, "clean_up_tokenization_spaces"),
        }
        for name in ("add_special_tokens", "skip_special_tokens", "clean_up_tokenization_spaces"):
            given.pop(name, None)
        drop_idle(given)
        if own["hole"] not in (None, "hole"):
            raise OptionError('handle_long_generation must be None or "hole".')
        if (stop := given.pop("stop_sequence", None)) is not None:
            given["stop"] = stop
        said = {**configured, **given}
        added = {name: value for name, value in _DEFAULTS.items() if said.get(name) is None}
        if said.get("max_length") is not None:
            added.pop("max_new_tokens", None)
        if not {**said, **added}.get("do_sample"):
            added.pop("temperature", None)
        return cls(own, {**added, **given}, shape)

    def encode(self, model: Model, prompt: Any) -> list[int]:
        """A prompt's ids."""
        if isinstance(prompt, str):
            special = self.own["encode"].get("add_special_tokens", self.own["special"])
            ids = model.tokenizer.encode(self.own["prefix"] + prompt, special) or _first(model)
        elif is_chat(prompt):
            going_on = self._goes_on(prompt)
            context = {**self.own["context"], **self.own["encode"]}
            ids = model.encode(prompt, continue_final_message=going_on, **context)
        else:
            kind = type(prompt).__name__
            raise PromptError(f"A prompt is a text or a list of messages, not {kind}.")
        return self._with_room(model, ids)

    def _goes_on(self, chat: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the last message is continued: the assistant's is, unless it is said."""
        said = self.own["continue"]
        return chat[-1]["role"] == "assistant" if said is None else bool(said)

    def _with_room(self, model: Model, ids: list[int]) -> list[int]:
        """With "hole" the last ids that leave room for the new tokens."""
        most, new = model.context_length, self.options.get("max_new_tokens", 0)
        if self.own["hole"] is None or most is None or len(ids) + new <= most:
            return ids
        if new >= most:
            raise ContextLengthError(
                f"{new:,} new tokens leave no room for a prompt in a context of {most:,}: ask for "
                "fewer."
            )
        return ids[new - most :]

    def record(
        self, model: Model, prompt: Any, ids: Sequence[int], found: Generation
    ) -> dict[str, Any]:
        """One answer in transformers' shape: ids, the new text, or prompt and text."""
        if self.shape == "tensors":
            return {"generated_token_ids": [*ids, *found.ids]}
        clean = self.own["clean"] and may_clean(model)
        text = model.tokenizer.decode(found.ids, self.own["skip"], clean)
        if self.shape == "new":
            return {"generated_text": text}
        if isinstance(prompt, str):
            return {"generated_text": prompt + text}
        if self._goes_on(prompt):
            last = {"role": prompt[-1]["role"], "content": prompt[-1]["content"] + text}
            return {"generated_text": [*prompt[:-1], last]}
        return {"generated_text": [*prompt, {"role": "assistant", "content": text}]}


def flag_or_none(given: Mapping[str, Any], name: str) -> bool | None:
    """A flag that may be left out; OptionError."""
    return None if given.get(name) is None else take_flag(given, name, default=False)


def drop_idle(given: dict[str, Any]) -> int | None:
    """Take out what transformers' users pass and what changes no text: pad_token_id, which is given
    back, and use_cache. OptionError."""
    take_flag(given, "use_cache", default=True)
    given.pop("use_cache", None)
    return take_number({"pad_token_id": given.pop("pad_token_id", None)}, "pad_token_id", 0, None)


def may_clean(model: Model) -> bool:
    """Whether the model's texts are cleaned up if that is asked for."""
    texts = model._texts
    asked = {**texts.tokenizer_config, "clean_up_tokenization_spaces": True}
    return cleans_up(texts.tokenizer.backend, asked)


def _first(model: Model) -> list[int]:
    """What an answer to nothing begins with: the token of the beginning, as in transformers."""
    texts = model._texts
    for told in (texts.generation_config, texts.config):
        if isinstance(first := told.get("bos_token_id"), int):
            return [first]
    raise EmptyPromptError(
        "The text has no tokens, and the model no bos_token_id: write at least one character."
    )


def take_shape(given: dict[str, Any]) -> str:
    """What is given back: "full", "new" or "tensors"; OptionError for two at once."""
    full, text, tensors = (
        given.pop(name, None) for name in ("return_full_text", "return_text", "return_tensors")
    )
    if sum(one is not None for one in (full, text, tensors)) > 1:
        raise OptionError("Pass one of return_full_text, return_text and return_tensors.")
    if tensors:
        return "tensors"
    return "new" if full is False else "full"
