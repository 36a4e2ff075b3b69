"""Which sounds are written down, with which options.

Sounds are those of MATERIAL/inputs/audio, and some that are made of them: joined they last 100
seconds and more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from intab.engine.media.resampling import resample

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build/hearing"
MODEL = "models/whisper-tiny-en"
VOICE = "models/silero-vad/silero_vad_16k_op15.onnx"
RATE = 16000
Samples = NDArray[np.float32]
Case = tuple[str, Any, dict[str, Any]]  # a name, what a pipeline is given, the options

GREEDY: dict[str, Any] = {"num_beams": 1}
TIMED: dict[str, Any] = {"return_timestamps": True}
WORDED: dict[str, Any] = {"return_timestamps": "word"}
SHORT: tuple[dict[str, Any], ...] = (
    {},
    GREEDY,
    TIMED,
    WORDED,
    {**GREEDY, **TIMED},
    {**GREEDY, **WORDED},
)
# Of what says nothing Whisper makes up hundreds of tokens, for which five beams take a minute.
NOTHING = ("silence", "noise", "commands/silence_1000ms")
BRIEF = tuple({**options, "max_new_tokens": 60} for options in SHORT if "num_beams" in options)
# With a temperature of 0 alone nothing is drawn, so that all of it can be compared.
JUDGED: dict[str, Any] = {
    "logprob_threshold": -1.0, "compression_ratio_threshold": 1.35, "no_speech_threshold": 0.6,
    "temperature": 0.0,
}  # fmt: skip
LONG: tuple[dict[str, Any], ...] = (
    {**GREEDY, **TIMED},
    {**GREEDY, **WORDED},
    {**GREEDY, **TIMED, "chunk_length_s": 30},
    {**GREEDY, **TIMED, "condition_on_prev_tokens": True},
    {**GREEDY, **TIMED, **JUDGED},
    {**GREEDY, "chunk_length_s": 30},
    {**GREEDY, **TIMED, "chunk_length_s": 15, "stride_length_s": (4, 2)},
    {**GREEDY, **WORDED, "chunk_length_s": 20},
    TIMED,
    {**TIMED, "chunk_length_s": 30},
)

VOICES: tuple[dict[str, Any], ...] = (
    {},
    {"return_seconds": True, "threshold": 0.3},
    {"min_silence_duration_ms": 500, "speech_pad_ms": 200},
    {"max_speech_duration_s": 4},
    {"max_speech_duration_s": 3, "use_max_poss_sil_at_max_speech": False},
)


def key(case: Case) -> str:
    """A call's name."""
    return f"{case[0]} {case[2]}"


def sounds(material: Path) -> dict[str, tuple[Samples, int]]:
    """All clips, with how many samples a second each has."""
    found = {}
    folder = material / "inputs/audio"
    for path in sorted([*folder.rglob("*.wav"), *folder.rglob("*.flac")]):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        found[str(path.relative_to(folder).with_suffix(""))] = samples.mean(axis=1), rate
    found["silence"] = np.zeros(3 * RATE, np.float32), RATE
    draws = np.random.default_rng(7).normal(0, 0.02, 6 * RATE)
    found["noise"] = draws.astype(np.float32), RATE
    return found


def joined(clips: dict[str, tuple[Samples, int]]) -> Samples:
    """All that is said, one clip after another with a pause of half a second between them."""
    pause = np.zeros(RATE // 2, np.float32)
    parts = [[resample(x, rate, RATE), pause] for x, rate in clips.values()]
    return np.concatenate([piece for part in parts for piece in part])


def cases(material: Path) -> Iterator[Case]:
    """Every call."""
    clips = sounds(material)
    whole = joined(clips)
    for options in LONG[:3]:
        yield "joined", whole, options
    for name, (samples, rate) in clips.items():
        short = BRIEF if name in NOTHING else SHORT
        for options in short if len(samples) <= 30 * rate else LONG:
            yield name, {"raw": samples, "sampling_rate": rate}, options
    for options in LONG[3:]:
        yield "joined", whole, options


def voices(material: Path) -> Iterator[Case]:
    """Every call of the detector of speech, at its own rate."""
    clips = sounds(material)
    whole = {"joined": joined(clips)}
    same = {name: samples for name, (samples, rate) in clips.items() if rate == RATE}
    for name, samples in {**same, **whole}.items():
        for options in VOICES:
            yield name, samples, options
