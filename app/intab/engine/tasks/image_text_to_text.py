"""image-text-to-text: answers about pictures, by a model that reads texts with pictures in them
(SmolVLM, Idefics 3), as transformers 5.24's pipeline.

>>> chat = [{"role": "user", "content": [
...     {"type": "image", "path": "parrots.png"}, {"type": "text", "text": "What is this?"}]}]
>>> await pipe(chat, max_new_tokens=20, return_full_text=False)
[{'input_text': [...], 'generated_text': ' Two parrots on a branch.'}]

An encoder makes rows of a picture's tiles, and they stand in the prompt in the place of the
embeddings of its tokens (runtime/seeing.py).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from intab.engine.generation.streamer import Generation, TextChunk
from intab.engine.hub.roles import EMBEDDER, MERGED, Need
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress
from intab.engine.media.pictures import rgb
from intab.engine.media.tiles import CHANGED, Tiler
from intab.engine.model import Model
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.protocols import Runtime
from intab.engine.runtime.seeing import Seen, seeing
from intab.engine.tasks.base import Card, Parts
from intab.engine.tasks.eyes import VISION, Eyes, as_processors, open_eyes
from intab.engine.tasks.generation_pipeline import GenerationPipeline, listed
from intab.engine.tasks.generation_request import (
    Form,
    drop_idle,
    flag_or_none,
    take_shape,
    take_stop,
)
from intab.engine.tasks.heads import check_heads
from intab.engine.tasks.image_task import FILES
from intab.engine.tasks.seen_prompts import Asked, arranged, asked
from intab.engine.tasks.text_generation import TEXT_GENERATION, Generator
from intab.engine.tasks.text_task import check_dict, take_flag
from intab.engine.text.chat_template import check_context
from intab.errors import EmptyPromptError, OptionError, PromptError

_MOST = 256  # new tokens, if neither the caller nor generation_config.json says
_CONTEXT = ("tools", "documents")
_DICTS = ("generate_kwargs", "processor_kwargs", "chat_template_kwargs")
_FLAGS = ("skip_special_tokens", "clean_up_tokenization_spaces", "continue_final_message")
_HEADS = ("Idefics3ForConditionalGeneration", "SmolVLMForConditionalGeneration")


class SeeingPipeline(GenerationPipeline):
    """A pipeline that answers about pictures; `model` is the Model that writes."""

    def __init__(self, model: Model, eyes: Eyes) -> None:
        super().__init__(model)
        self._eyes = eyes
        self.networks = {VISION: eyes.network}

    @property
    def task(self) -> str:
        """Its task's name."""
        return "image-text-to-text"

    @property
    def lost(self) -> bool:
        """Whether a device that it ran on is gone."""
        return self.model.lost or self._eyes.network.lost

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Answer a chat with pictures in it, or a text with pictures beside it, or several.

        Args:
            inputs: a list of messages, whose content may have parts of type "image"; a list or a
                generator of such; or, also as images= and text=, pictures and a text with a token
                for each picture.
            options: return_full_text, return_tensors, skip_special_tokens, stop_sequence,
                clean_up_tokenization_spaces, continue_final_message, tools, documents,
                chat_template_kwargs, do_image_splitting, size and do_resize (also in
                processor_kwargs), generate_kwargs, batch_size, on_progress, and those of
                `Model.generate`.

        Returns:
            To be awaited: a list of {"input_text", "generated_text"}, one for each of
            num_return_sequences; a list of such lists for several chats. For a generator an
            asynchronous generator.

        Raises:
            OptionError: an option is unknown or out of range.
            PromptError: an input cannot be used; ContextLengthError: it is too long.
            RunError: onnxruntime fails; ModelClosedError: the model was closed.
        """
        given, flat = arranged(inputs, options, self._eyes.marks.image)
        found = super().__call__(given, **options)
        return _flattened(found) if flat else found

    def request(self, options: dict[str, Any]) -> Request:
        """A call's options, checked; OptionError."""
        return Request.take(options, self._eyes.tiler, self.texts.generation_config)

    async def batch(self, prompts: Sequence[Any], request: Any) -> list[list[dict[str, Any]]]:
        """The answers to some prompts, one by one: each sees something else."""
        return [await self._answer_to(asked(one), request) for one in prompts]

    async def _answer_to(self, one: Asked, request: Request) -> list[dict[str, Any]]:
        model, ids = await self._looking(one, request)
        found = await model.generate(ids, **request.options)
        return [request.record(self.model, one, ids, answer) for answer in listed(found)]

    async def stream(self, *inputs: Any, **options: Any) -> AsyncGenerator[TextChunk]:
        """Answer one chat, or one text with its pictures, and yield the answer as it is written.

        Args:
            inputs: as for a call, but one prompt.
            options: as for a call; what shapes its answer has no meaning here.

        Yields:
            `TextChunk`s; the last one has finish_reason and metrics.

        Raises:
            OptionError, PromptError, RunError, ModelClosedError: as for a call.
        """
        given, _ = arranged(inputs, options, self._eyes.marks.image)
        if not isinstance(given, Asked):
            raise PromptError("A stream has one prompt: pass several of them to a call.")
        request = self.request(options)
        model, ids = await self._looking(given, request)
        async for chunk in model.stream(ids, **request.options):
            yield chunk

    async def _looking(self, one: Asked, request: Request) -> tuple[Model, list[int]]:
        """The model, with the pictures of a prompt before its eyes, and the prompt's ids."""
        self._check_open()
        eyes = self._eyes
        tiles = [request.tiler(rgb(await eyes.read(picture))) for picture in one.pictures]
        ids = self._ids(one, eyes.marks.written(request.text(self.model, one), tiles))
        model = copy(self.model)
        if tiles:
            seen = Seen(eyes.token, await eyes.rows(tiles))
            self._check_open()
            model._decoder = seeing(model._open_decoder(), seen)
        return model, ids

    def _ids(self, one: Asked, text: str) -> list[int]:
        """The ids of what a prompt became; EmptyPromptError. A template may write the first token
        itself."""
        tokenizer = self.model.tokenizer
        first = tokenizer.special_tokens_map.get("bos_token")
        begun = one.chat and first and text.startswith(first)
        ids = tokenizer.encode(text, add_special_tokens=not begun)
        if not ids:
            raise EmptyPromptError("The prompt is empty: write at least one character.")
        return ids

    async def close(self) -> None:
        """Give the model's memory back; neither it nor the pipeline can be used after."""
        await super().close()
        await self._eyes.network.close()


async def _flattened(found: Any) -> list[Any]:
    return [one for answers in await found for one in answers]


@dataclass(frozen=True)
class Request:
    """A call's options: the pipeline's own, and those of the model."""

    tiler: Tiler
    form: Form
    goes_on: bool | None
    context: Mapping[str, Any]
    options: Mapping[str, Any]

    @classmethod
    def take(cls, given: dict[str, Any], tiler: Tiler, configured: Mapping[str, Any]) -> Request:
        """OptionError for what does not go together; what is left is `Model.generate`'s."""
        nested, changed, template = (check_dict(name, given.pop(name, None)) for name in _DICTS)
        if both := set(given) & set(nested):
            raise OptionError(f"{min(both)} is given twice, also in generate_kwargs: give it once.")
        check_context(template)
        if own := [name for name in _FLAGS if name in {**nested, **template}]:
            raise OptionError(f"{own[0]} is an option of the call itself: pass it there.")
        named = {name: given.pop(name) for name in CHANGED if name in given}
        context = {name: given.pop(name) for name in _CONTEXT if name in given}
        skip = take_flag(given, _FLAGS[0], default=True)
        clean, goes_on = (flag_or_none(given, name) for name in _FLAGS[1:])
        form = Form(take_shape(given), skip, clean)
        rest = {name: value for name, value in given.items() if name not in _FLAGS}
        options = _of_the_model({**rest, **nested}, configured)
        tiler = tiler.changed(told) if (told := {**named, **changed}) else tiler
        return cls(tiler, form, goes_on, {**context, **template}, options)

    def text(self, model: Model, one: Asked) -> str:
        """What a prompt becomes by the chat template; a text stays as it is."""
        if isinstance(one.prompt, str):
            return one.prompt
        going_on = self._continues(one.prompt)
        return model.render_chat(one.chat, continue_final_message=going_on, **self.context)

    def _continues(self, chat: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the last message is continued: the assistant's is, unless it is said."""
        return chat[-1].get("role") == "assistant" if self.goes_on is None else self.goes_on

    def record(
        self, model: Model, one: Asked, ids: Sequence[int], found: Generation
    ) -> dict[str, Any]:
        """One answer in transformers' shape: ids, the new text, or prompt and text."""
        goes_on = not isinstance(one.prompt, str) and self._continues(one.prompt)
        record = self.form.record(model, one.prompt, ids, found, goes_on)
        return {"input_text": one.prompt, **record}


def _of_the_model(options: dict[str, Any], configured: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `Model.generate`, by its names."""
    drop_idle(options)
    take_stop(options)
    said = {**configured, **options}
    if all(said.get(name) is None for name in ("max_new_tokens", "max_length")):
        options["max_new_tokens"] = _MOST
    return options


@dataclass(frozen=True)
class Sight:
    """The model that writes, and its eyes, open."""

    generator: Generator
    eyes: Eyes

    def build(self, card: Card) -> SeeingPipeline:
        """The pipeline."""
        return SeeingPipeline(self.generator.build(card), self.eyes)


class ImageTextToText:
    """A Task."""

    name = "image-text-to-text"
    graph = "a decoder of text that is fed embeddings, with an encoder of pictures"
    needs: Sequence[Need] = (Need((MERGED,)), Need((EMBEDDER,)), Need((VISION,)))
    texts: Sequence[str] = FILES
    tokenizer = True
    config = True

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError for a model that does not write about pictures."""
        check_heads("write about pictures in a text", _HEADS, config)

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """DeviceError for what is known to be wrong on WebGPU."""
        TEXT_GENERATION.check_candidate(variants, candidate, config)

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> Sight:
        """The decoder, checked as one of text is, and the encoder, tried once."""
        vision = parts.graphs.pop(VISION)
        parts.texts = as_processors(parts.texts)
        generator = await TEXT_GENERATION.open(runtime, parts, report)
        try:
            return Sight(generator, await open_eyes(runtime, parts, vision))
        except BaseException:
            await generator.decoder.close()
            raise
