"""automatic-speech-recognition by Whisper: an encoder listens, a decoder writes.

>>> await pipe("speech.wav", return_timestamps=True)
{'text': ' Hello.', 'chunks': [{'timestamp': (0.0, 1.2), 'text': ' Hello.'}]}

Options of generating are those of `WritingPipeline`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intab.engine.media.log_mel import LogMel
from intab.engine.media.sound import Samples
from intab.engine.tasks.sequence_model import SequenceModel
from intab.engine.tasks.speech.chunks import OPTIONS, Stride, Windows, cut, read_windows
from intab.engine.tasks.speech.features import MelFeatures
from intab.engine.tasks.speech.inputs import Files, Heard, hear
from intab.engine.tasks.speech.whisper_files import WhisperFiles
from intab.engine.tasks.speech.whisper_long import Listener, Written
from intab.engine.tasks.speech.whisper_options import Listening, take_listening
from intab.engine.tasks.speech.whisper_so_far import SoFar
from intab.engine.tasks.speech.whisper_text import Transcript
from intab.engine.tasks.speech.writing import WritingPipeline, with_kwargs
from intab.errors import OptionError, PromptError


@dataclass(frozen=True)
class Request:
    """A call's options, checked."""

    windows: Windows | None
    times: bool | str | None
    language: bool
    how: Listening
    options: Mapping[str, Any]  # of generating, those of the files too


class WhisperPipeline(WritingPipeline):
    """A pipeline that writes down speech."""

    def __init__(
        self, name: str, model: SequenceModel, features: MelFeatures, files: Files
    ) -> None:
        super().__init__(name, model, files)
        self._log_mel: LogMel = features.log_mel
        self.files = WhisperFiles(self.config, model.said, model.start)

    @property
    def rate(self) -> int:
        """Samples a second that the model takes."""
        return self._log_mel.sampling_rate

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
        unseen = _writes_unseen_times(options)
        options = with_kwargs(options)
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
        windows = read_windows({k: options.pop(k) for k in OPTIONS if k in options}, self.rate)
        how = take_listening(options, self.files, times)
        if how.words:
            self._check_attentions()
        return Request(
            windows, None if unseen else times, bool(language), how, self.generating(options)
        )

    def _check_attentions(self) -> None:
        names = {info.name for info in self.model.reader.first.outputs}
        for layer, _ in self.files.heads or ():
            if f"cross_attentions.{layer}" not in names:
                raise OptionError(
                    "The decoder gives no cross_attentions, of which times of words are made: "
                    "export it with output_attentions=True, or pass return_timestamps=True for "
                    "times of segments."
                )

    async def listen(self, item: Any, request: Request) -> AsyncGenerator[SoFar]:
        """What was written so far, after each piece."""
        heard = await hear(self.reads, item, self.rate)
        so_far = self.so_far = self._begin(heard, request)
        parts = self._parts(heard, request.windows)
        for number, (samples, stride) in enumerate(parts, 1):
            async for written in self._written(samples, request):
                so_far.take(written, stride, last=written.last and number == len(parts))
                if written.last or stride is None:  # else nothing more can be seen of it
                    yield so_far

    def _begin(self, heard: Heard, request: Request) -> SoFar:
        step = self._log_mel.chunk_length / self.files.places
        transcript = Transcript(
            self.texts.tokenizer,
            times=request.times,
            language=request.language,
            first_time=self.files.first_time,
            step=step,
        )
        return SoFar(transcript, heard, self._log_mel, language=request.language)

    def _parts(
        self, heard: Heard, windows: Windows | None
    ) -> Sequence[tuple[Samples, Stride | None]]:
        if windows is None:
            stride = (len(heard.samples), *heard.stride) if heard.stride else None
            return [(heard.samples, stride)]
        return list(cut(heard.samples, windows))

    async def _written(self, samples: Samples, request: Request) -> AsyncGenerator[Written]:
        self.check_open()
        maker = self._log_mel
        long = request.windows is None and len(samples) > maker.n_samples
        features = maker.features(samples, whole=long)
        hop = maker.hop_length
        frames = len(samples) // hop if long else min(-(-len(samples) // hop), features.shape[1])
        listener = Listener(self.model, self.files, request.how, request.options)
        async for written in listener.listen(features, frames):
            yield written
            self.check_open()


def _writes_unseen_times(options: Mapping[str, Any]) -> bool:
    """Whether times are asked for in generate_kwargs alone: they guide what is written, as a long
    sound needs it, and the answer has none."""
    inner = options.get("generate_kwargs")
    asked = isinstance(inner, Mapping) and bool(inner.get("return_timestamps"))
    return asked and options.get("return_timestamps") is None
