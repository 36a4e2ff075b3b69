"""automatic-speech-recognition by Whisper: an encoder listens, a decoder writes.

>>> await pipe("speech.wav", return_timestamps=True)
{'text': ' Hello.', 'chunks': [{'timestamp': (0.0, 1.2), 'text': ' Hello.'}]}

What neither the caller nor the model's files say is as in transformers' pipeline: 5 beams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intab.engine.generation.generation_config import read_defaults
from intab.engine.generation.options import GenerationOptions
from intab.engine.media.log_mel import LogMel
from intab.engine.media.sound import Samples
from intab.engine.tasks.sequence_model import SequenceModel
from intab.engine.tasks.sequence_pipeline import SequencePipeline
from intab.engine.tasks.speech.chunks import OPTIONS, Stride, Windows, cut, read_windows
from intab.engine.tasks.speech.features import MelFeatures
from intab.engine.tasks.speech.inputs import Files, Heard, hear
from intab.engine.tasks.speech.whisper_files import WhisperFiles
from intab.engine.tasks.speech.whisper_long import Listener, Written
from intab.engine.tasks.speech.whisper_options import Listening, take_listening
from intab.engine.tasks.speech.whisper_text import Output, Transcript
from intab.errors import OptionError, PromptError

_DEFAULTS: Mapping[str, Any] = {"max_new_tokens": 256, "num_beams": 5}
_SAMPLING = ("do_sample", "temperature")


@dataclass(frozen=True)
class Request:
    """A call's options, checked."""

    windows: Windows | None
    times: bool | str | None
    language: bool
    how: Listening
    options: Mapping[str, Any]  # of generating, those of the files too


class WhisperPipeline(SequencePipeline):
    """A pipeline that writes down speech."""

    def __init__(
        self, name: str, model: SequenceModel, features: MelFeatures, files: Files
    ) -> None:
        super().__init__(name, model)
        self._log_mel: LogMel = features.log_mel
        self._reads = files
        self.files = WhisperFiles(self.config, model.said, model.start)
        self.defaults = self._own_defaults()

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

    def get_prompt_ids(self, text: str) -> list[int]:
        """Turn a text into `prompt_ids`, which tell Whisper what words to expect.

        Args:
            text: such as names and rare words.

        Returns:
            The ids, after the token that says that they came before.

        Raises:
            PromptError: the model knows no such token, or the text has a special token in it.
        """
        tokenizer, before = self.texts.tokenizer, self.files.previous
        if before is None:
            raise PromptError("The model has no token for what came before: leave the prompt out.")
        ids = tokenizer.encode(" " + text.strip(), add_special_tokens=False)
        if special := [token for token in ids if tokenizer.is_special(token)]:
            shown = tokenizer.decode(special[:1], skip_special_tokens=False)
            raise PromptError(f"The prompt has the special token {shown} in it: leave it out.")
        return [before, *ids]

    def request(self, options: dict[str, Any]) -> Request:
        """A call's options; OptionError."""
        more = options.pop("generate_kwargs", None) or {}
        if not isinstance(more, Mapping):
            raise OptionError("generate_kwargs must be a dict of options.")
        options.pop("ignore_warning", None)
        options = {**more, **options}
        times = options.pop("return_timestamps", None) or self.model.said.get("return_timestamps")
        if times == "char":
            raise OptionError(
                'Whisper has no times of letters: return_timestamps must be True or "word".'
            )
        if times not in (None, False, True, "word"):
            raise OptionError(f'return_timestamps must be True, False or "word", not {times!r}.')
        language = options.pop("return_language", None)
        if language not in (None, False, True):
            raise OptionError(f"return_language must be True or False, not {language!r}.")
        windows = read_windows(
            {k: options.pop(k) for k in OPTIONS if k in options}, self._log_mel.sampling_rate
        )
        how = take_listening(options, self.files, times)
        if how.words:
            self._check_attentions()
        return Request(windows, times, bool(language), how, self._generating(options))

    def _generating(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of generating; OptionError for one that cannot be."""
        passed = {k: v for k, v in options.items() if v is not None}
        GenerationOptions.make(passed, self.defaults)
        if passed.get("num_return_sequences", 1) != 1 or passed.get("stop"):
            name = "stop" if passed.get("stop") else "num_return_sequences"
            raise OptionError(f"{name} is not for speech: leave it out.")
        if passed.get("max_length") is not None and "max_new_tokens" not in passed:
            return {**self.defaults, **passed, "max_new_tokens": None}
        return {**self.defaults, **passed}

    def _check_attentions(self) -> None:
        names = {info.name for info in self.model.reader.first.outputs}
        for layer, _ in self.files.heads or ():
            if f"cross_attentions.{layer}" not in names:
                raise OptionError(
                    "The decoder gives no cross_attentions, of which times of words are made: "
                    "export it with output_attentions=True, or pass return_timestamps=True for "
                    "times of segments."
                )

    async def batch(self, items: Sequence[Any], request: Request) -> list[Any]:
        """The answers, one after another: nothing of one depends on another."""
        return [await self._write_down(item, request) for item in items]

    async def _write_down(self, item: Any, request: Request) -> dict[str, Any]:
        heard = await hear(self._reads, item, self._log_mel.sampling_rate)
        transcript = Transcript(
            self.texts.tokenizer,
            times=request.times,
            language=request.language,
            first_time=self.files.first_time,
            step=self._log_mel.chunk_length / self.files.places,
        )
        extra: dict[str, list[Any]] = {name: [] for name in heard.extra}
        for samples, stride in self._parts(heard, request.windows):
            self.check_open()
            written = await self._listen(samples, request)
            transcript.take(self._output(written, stride, request))
            for name, value in heard.extra.items():
                extra[name].append(value)
        return transcript.answer() | extra

    def _parts(
        self, heard: Heard, windows: Windows | None
    ) -> Sequence[tuple[Samples, Stride | None]]:
        if windows is None:
            stride = (len(heard.samples), *heard.stride) if heard.stride else None
            return [(heard.samples, stride)]
        return list(cut(heard.samples, windows))

    async def _listen(self, samples: Samples, request: Request) -> Written:
        maker = self._log_mel
        long = request.windows is None and len(samples) > maker.n_samples
        features = maker.features(samples, whole=long)
        hop = maker.hop_length
        frames = len(samples) // hop if long else min(-(-len(samples) // hop), features.shape[1])
        listener = Listener(self.model, self.files, request.how, request.options)
        return await listener.listen(features, frames)

    def _output(self, written: Written, stride: Stride | None, request: Request) -> Output:
        rate = self._log_mel.sampling_rate
        seconds = (stride[0] / rate, stride[1] / rate, stride[2] / rate) if stride else None
        tokens, times = written.tokens, written.times
        if request.language and written.language is not None:
            tokens = [written.language, *tokens]
            times = [0.0, *times] if times else []
        return Output(tokens, times, seconds)
