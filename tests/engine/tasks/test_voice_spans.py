"""Probabilities of speech become the spans that silero-vad makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from intab.engine.tasks.speech.voice_spans import SpanFinder, VoiceOptions
from intab.errors import OptionError
from tests.conftest import ROOT

GOLDEN = json.loads((ROOT / "tests/golden/voice.json").read_text("utf-8"))


@pytest.mark.parametrize("number", range(len(GOLDEN["options"])))
def test_as_silero(number: int) -> None:
    options = VoiceOptions.of(GOLDEN["options"][number])
    for case in GOLDEN["probabilities"]:
        finder = SpanFinder(options)
        for probability in case["probabilities"]:
            finder.take(probability)
        assert finder.spans(case["length"]) == case["spans"][number]


def test_nothing_was_heard() -> None:
    assert SpanFinder(VoiceOptions()).spans(0) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"treshold": 0.5}, "no option 'treshold'; voice-activity-detection has: max_speech"),
        ({"threshold": 2}, "threshold must be a number from 0 to 1"),
        ({"threshold": True}, "threshold must be a number from 0 to 1"),
        ({"speech_pad_ms": -1}, "speech_pad_ms must be a number, 0 or more"),
        ({"max_speech_duration_s": "a"}, "max_speech_duration_s must be a number, 0 or more"),
        ({"return_seconds": 1}, "return_seconds must be True or False"),
        ({"time_resolution": 0.5}, "time_resolution must be a number of digits"),
    ],
)
def test_what_cannot_be_is_an_error(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        VoiceOptions.of(options)


def test_no_limit_can_be_said() -> None:
    assert VoiceOptions.of({"max_speech_duration_s": float("inf"), "neg_threshold": None}).low
