"""Writes down what Chromium's microphone plays, phrase by phrase: bench/listening.py puts a call
of `phrases` behind it."""

import time

import intab
from intab.engine.tasks.speech.phrases import Loudness, PhraseOptions, in_phrases


async def phrases(dtype: str, seconds: float) -> list[tuple[bool, float, float, str]]:
    """Of each phrase whether it went on, its seconds, the seconds that it took, and the text."""
    pipe = await intab.pipeline("automatic-speech-recognition", "heard", dtype=dtype, device="wasm")
    found = []
    sound = intab.microphone()
    async for phrase in in_phrases(sound, Loudness(), PhraseOptions()):
        begun = time.perf_counter()
        said = await pipe(phrase.samples, num_beams=1)
        took = time.perf_counter() - begun
        found.append((phrase.partial, phrase.end - phrase.start, took, said["text"]))
        if phrase.heard > seconds:
            break
    sound.close()
    await pipe.close()
    return found
