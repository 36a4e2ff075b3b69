"""Speech that is written down while it is spoken: phrase by phrase, those that go on as far as
they were heard.

    voice = await intab.pipeline("voice-activity-detection", "org/silero-vad")
    async for so_far in pipe.stream(voice.phrases(intab.microphone())):
        print(so_far.text)
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping
from typing import Any

from intab.engine.media.sound import Samples
from intab.engine.tasks.batches import each, is_stream
from intab.engine.tasks.speech.phrases import Loudness, Phrase, PhraseOptions, in_phrases
from intab.engine.tasks.speech.transcription import Transcription
from intab.engine.tasks.speech.voice_spans import RATE
from intab.errors import OptionError

Answer = Mapping[str, Any]
Chunk = dict[str, Any]


class Live:
    """What was said so far: a `SoFar`."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []  # of phrases that ended
        self._open: list[Chunk] = []  # of the one that goes on
        self._heard = 0.0

    def take(self, phrase: Phrase, answer: Answer) -> None:
        """A phrase, and what was written of it: instead of what was written of its beginning."""
        found = _chunks(phrase, answer)
        self._open = found if phrase.partial else []
        self._chunks += [] if phrase.partial else found
        self._heard = phrase.heard

    def answer(self) -> dict[str, Any]:
        """All of it, as a call has it."""
        return {"text": self.told.text, "chunks": self.told.chunks}

    @property
    def told(self) -> Transcription:
        """As a stream has it."""
        chunks = [*self._chunks, *self._open]
        text = " ".join(text for chunk in chunks if (text := str(chunk["text"]).strip()))
        return Transcription(text, chunks, self._heard, self._heard, bool(self._open))


class Transcribing:
    """A pipeline whose answer can be had as it grows: of a sound that is there (`_told`), and of
    one that is still heard (`_live`)."""

    def stream(self, sound: Any, **options: Any) -> AsyncGenerator[Transcription]:
        """Yield what was written down so far, after each piece of one sound.

        Args:
            sound: as of a call; or a microphone, another iterator of arrays at the model's rate,
                or of `phrases` as a voice-activity-detection pipeline cuts them.
            options: as of a call, but for batch_size and on_progress.

        Yields:
            `Transcription`s; all but the last one are partial. Of a microphone those are that end
            within a phrase.

        Raises:
            OptionError, ModelClosedError: before anything is computed.
            PromptError: the sound cannot be used; RunError: the runtime failed on the way.
        """
        request = self._asked(options)
        if not is_stream(sound):
            return self._told(sound, request)
        check_rate(sound, self.rate)
        return self._live(sound, request)

    @property
    def rate(self) -> int:
        """Samples a second that the model takes."""
        raise NotImplementedError

    def _asked(self, options: dict[str, Any]) -> Any:
        """The options, checked; OptionError, ModelClosedError."""
        raise NotImplementedError

    def _told(self, sound: Any, request: Any) -> AsyncGenerator[Transcription]:
        raise NotImplementedError

    def _live(self, sound: Any, request: Any) -> AsyncGenerator[Transcription]:
        raise NotImplementedError


def _chunks(phrase: Phrase, answer: Answer) -> list[Chunk]:
    """Those of the answer, at their place in all that was said; without any the phrase is one."""
    if "chunks" not in answer:
        whole = {"text": answer["text"], "timestamp": (phrase.start, phrase.end)}
        return [whole] if answer["text"].strip() else []
    return [
        {**chunk, "timestamp": tuple(_later(place, phrase.start) for place in chunk["timestamp"])}
        for chunk in answer["chunks"]
    ]


def _later(place: float | None, seconds: float) -> float | None:
    return None if place is None else place + seconds


def check_rate(given: Any, rate: int) -> None:
    """OptionError unless model and microphone have the rate of phrases."""
    comes = getattr(given, "rate", RATE)
    if comes != RATE or rate != RATE:
        raise OptionError(
            f"Phrases are cut at {RATE:,} samples a second; the model takes {rate:,} and the sound "
            f"has {comes:,}: use a model of {RATE:,}, and leave the microphone's rate out."
        )


async def write_live(
    given: Iterable[Any] | AsyncIterable[Any],
    write: Callable[[Samples], Awaitable[Answer]],
    live: Live,
) -> AsyncGenerator[Transcription]:
    """Write phrases down as they come; blocks of sound are cut by their loudness."""
    async for phrase in _phrases(given):
        live.take(phrase, await write(phrase.samples))
        yield live.told


async def _phrases(given: Iterable[Any] | AsyncIterable[Any]) -> AsyncGenerator[Phrase]:
    items = each(given)
    first = await anext(items, None)
    if first is None:
        return
    rest = _with_first(first, items)
    cut = rest if isinstance(first, Phrase) else in_phrases(rest, Loudness(), PhraseOptions())
    async for phrase in cut:
        yield phrase


async def _with_first(first: Any, items: AsyncGenerator[Any]) -> AsyncGenerator[Any]:
    yield first
    async for item in items:
        yield item
