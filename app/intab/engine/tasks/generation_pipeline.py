"""text-generation in a pipeline's form: a `Model`, called as transformers' pipeline is.

>>> pipe = await intab.pipeline("text-generation", "default")
>>> await pipe("Once upon a time", max_new_tokens=5, do_sample=False)
[{'generated_text': 'Once upon a time there was a little'}]

Options that are not the pipeline's own are those of `Model.generate`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from intab.engine.generation.streamer import Generation
from intab.engine.io.protocols import Progress
from intab.engine.model import Model
from intab.engine.model_config import ModelConfig
from intab.engine.tasks.batches import Options, each, is_stream
from intab.engine.tasks.generation_request import Request, is_chat
from intab.engine.tasks.pipeline import Pipeline
from intab.errors import OptionError


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
                batch_size, on_progress, and those of `Model.generate`; pad_token_id, padding and
                use_cache change nothing.

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
        self._check_open()
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
