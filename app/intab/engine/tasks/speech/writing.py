"""What pipelines share that listen with an encoder and write with a decoder: Whisper, Moonshine.

What neither the caller nor the model's files say is as in transformers' pipeline: 5 beams.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Protocol

from intab.engine.generation.generation_config import read_defaults
from intab.engine.generation.options import GenerationOptions
from intab.engine.media.sound import Samples
from intab.engine.tasks.sequence_model import SequenceModel
from intab.engine.tasks.sequence_pipeline import SequencePipeline
from intab.engine.tasks.speech.inputs import Files
from intab.engine.tasks.speech.live import Live, Transcribing, write_live
from intab.engine.tasks.speech.transcription import Transcription
from intab.errors import OptionError

_DEFAULTS: Mapping[str, Any] = {"max_new_tokens": 256, "num_beams": 5}
_SAMPLING = ("do_sample", "temperature")


class SoFar(Protocol):
    """What was written of one sound, which grows."""

    @property
    def told(self) -> Transcription:
        """As a stream has it."""

    def answer(self) -> dict[str, Any]:
        """As a call has it, once it is whole."""


def with_kwargs(options: dict[str, Any]) -> dict[str, Any]:
    """A call's options with those in `generate_kwargs`; OptionError."""
    more = options.pop("generate_kwargs", None) or {}
    if not isinstance(more, Mapping):
        raise OptionError("generate_kwargs must be a dict of options.")
    options.pop("ignore_warning", None)
    return {**more, **options}


class WritingPipeline(Transcribing, SequencePipeline):
    """A pipeline that writes down speech. `listen` is a model's own; `so_far` is that of the last
    sound."""

    def __init__(self, name: str, model: SequenceModel, files: Files) -> None:
        super().__init__(name, model)
        self.reads = files
        self.defaults = self._own_defaults()
        self.so_far: SoFar | None = None

    def _own_defaults(self) -> dict[str, Any]:
        """What the files say, and the pipeline's own defaults if they say nothing."""
        said = {k: v for k, v in self.model.said.items() if k not in _SAMPLING}
        own = {k: v for k, v in _DEFAULTS.items() if said.get(k) is None}
        if said.get("max_length") is not None:
            own.pop("max_new_tokens", None)
        eos = self.texts.tokenizer.special_id("eos_token")
        told = self.config.eos_token_id
        merged = {**said, **own}
        return read_defaults(merged, eos if told is None else told, self.model.vocabulary)

    def generating(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of generating, with the defaults; OptionError for one that cannot be."""
        passed = {k: v for k, v in options.items() if v is not None}
        GenerationOptions.make(passed, self.defaults)
        if passed.get("num_return_sequences", 1) != 1 or passed.get("stop"):
            name = "stop" if passed.get("stop") else "num_return_sequences"
            raise OptionError(f"{name} is not for speech: leave it out.")
        if passed.get("max_length") is not None and "max_new_tokens" not in passed:
            return {**self.defaults, **passed, "max_new_tokens": None}
        return {**self.defaults, **passed}

    def _asked(self, options: dict[str, Any]) -> Any:
        self.check_open()
        return self.request(dict(options))

    async def _live(self, sound: Any, request: Any) -> AsyncGenerator[Transcription]:
        live = self.so_far = Live()

        async def write(samples: Samples) -> dict[str, Any]:
            try:
                return await self._write_down(samples, request)
            finally:
                self.so_far = live  # all of it, whatever became of this phrase

        async for told in write_live(sound, write, live):
            yield told

    async def _told(self, sound: Any, request: Any) -> AsyncGenerator[Transcription]:
        self.so_far = None
        async for so_far in self.listen(sound, request):
            yield so_far.told

    @property
    def transcript(self) -> Transcription | None:
        """What the last call or stream wrote down; if Stop or an error broke it off, as far as it
        came. None before the first."""
        return self.so_far.told if self.so_far else None

    async def batch(self, items: Sequence[Any], request: Any) -> list[Any]:
        """The answers, one after another: nothing of one depends on another."""
        return [await self._write_down(item, request) for item in items]

    async def _write_down(self, item: Any, request: Any) -> dict[str, Any]:
        self.so_far = None
        [*_, so_far] = [each async for each in self.listen(item, request)]
        return so_far.answer()

    @property
    def rate(self) -> int:
        """Samples a second that the model takes."""
        raise NotImplementedError

    def listen(self, item: Any, request: Any) -> AsyncGenerator[SoFar]:
        """Write one sound down: one object that grows, after each piece."""
        raise NotImplementedError
