"""`SoFar`: what Whisper wrote down of one sound, which grows with every piece."""

from __future__ import annotations

from typing import Any

from intab.engine.media.log_mel import LogMel
from intab.engine.tasks.speech.chunks import Stride
from intab.engine.tasks.speech.inputs import Heard
from intab.engine.tasks.speech.transcription import Transcription
from intab.engine.tasks.speech.whisper_long import Written
from intab.engine.tasks.speech.whisper_text import Output, Transcript


class SoFar:
    """`heard` and `seconds` as in `Transcription`; `language`: whether its token is wanted."""

    def __init__(
        self, transcript: Transcript, sound: Heard, log_mel: LogMel, *, language: bool
    ) -> None:
        self._transcript, self._language = transcript, language
        self._rate, self._hop = log_mel.sampling_rate, log_mel.hop_length
        self.heard, self.seconds = 0.0, len(sound.samples) / self._rate
        self._given, self._windows = sound.extra, 0
        self._begin = 0.0  # seconds at which the window that is open begins, without its context
        self._tokens: list[int] = []  # of that window, those that are not yet in the transcript
        self._times: list[float] = []
        self._partial = True

    def take(self, written: Written, stride: Stride | None, *, last: bool) -> None:
        """A piece of a window; `last`: it is the sound's last one."""
        if self._language and written.first and written.language is not None:
            self._tokens.append(written.language)
            self._times += [0.0] if written.times else []
        self._tokens += written.tokens
        self._times += written.times
        if stride is None:
            self._transcript.add(self._output(None))
            self.heard = self._begin + written.heard * self._hop / self._rate
        elif written.last:  # what neighbours share is known at its end
            length, left, right = (samples / self._rate for samples in stride)
            self._transcript.take(self._output((length, left, right)))
            self.heard = self._begin + length - left - right
        if written.last:
            self._transcript.end()
            self._begin, self._windows = self.heard, self._windows + 1
        if last:
            self.heard, self._partial = self.seconds, False

    def _output(self, stride: tuple[float, float, float] | None) -> Output:
        tokens, times = self._tokens, self._times
        self._tokens, self._times = [], []
        return Output(tokens, times, stride)

    def answer(self) -> dict[str, Any]:
        """As a call has it; with what else came with the sound, once for each window."""
        extra = {name: [value] * self._windows for name, value in self._given.items()}
        return self._transcript.answer() | extra

    @property
    def told(self) -> Transcription:
        """As a stream has it."""
        found = self._transcript.answer()
        return Transcription(
            found["text"], found.get("chunks"), self.heard, self.seconds, self._partial
        )
