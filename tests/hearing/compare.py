"""Our pipelines over the sounds that tests/hearing/record.py recorded: every difference counts.

    python -m tests.hearing.compare MATERIAL

Texts and spans must be equal, times of texts to 0.02 seconds. Prints a table; exits with 1 where
anything differs.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import intab
from tests.hearing.cases import MODEL, PLACE, VOICE, cases, key, voices
from tests.hearing.model import with_attentions

TASK = "voice-activity-detection"
NEAR = 0.02 + 1e-6  # seconds


def farthest(found: dict[str, Any], wanted: dict[str, Any]) -> float | None:
    """The most by which times differ, None if the texts do."""
    chunks, others = found.get("chunks", []), wanted.get("chunks", [])
    texts = [found["text"], *(chunk["text"] for chunk in chunks)]
    if texts != [wanted["text"], *(chunk["text"] for chunk in others)]:
        return None
    most = 0.0
    for chunk, other in zip(chunks, others, strict=True):
        for one, two in zip(chunk["timestamp"], other["timestamp"], strict=True):
            if (one is None) != (two is None):
                return None
            most = max(most, abs((one or 0.0) - (two or 0.0)))
    return most


async def compare_texts(material: Path, recorded: dict[str, Any]) -> int:
    """The number of transcriptions that differ."""
    wrong = 0
    folder = with_attentions(material / MODEL, PLACE / "whisper")
    pipe = await intab.pipeline("automatic-speech-recognition", folder)
    print("| sound | options | texts | times differ by |\n|---|---|---|---|")
    for case in cases(material):
        name, given, options = case
        if (wanted := recorded.get(key(case))) is None:
            print(f"| {name} | {options} | not recorded | |")
            continue
        found = await pipe(given, **options)
        apart = farthest(found, wanted)
        same = apart is not None and apart <= NEAR
        wrong += not same
        told = "-" if apart is None else f"{apart:.2f} s"
        print(
            f"| {name} | {options} | {'differ' if apart is None else 'equal'} | {told} |",
            flush=True,
        )
        if not same:
            both = json.dumps(found), json.dumps(wanted)
            print("DIFFERS", *both, sep="\n  ", flush=True)
    print(f"{wrong} of {len(recorded)} transcriptions differ.")
    return wrong


async def compare_voices(material: Path, recorded: dict[str, Any]) -> int:
    """The number of calls of the detector that give other spans."""
    pipe, wrong, spans = await intab.pipeline(TASK, material / VOICE), 0, 0
    for case in voices(material):
        found = await pipe(case[1], **case[2])
        spans += len(found)
        if found != recorded[key(case)]:
            wrong += 1
            print("DIFFERS", key(case), found, recorded[key(case)], sep="\n  ")
    print(f"{wrong} of {len(recorded)} calls of the detector differ ({spans} spans).")
    return wrong


async def main() -> int:
    """The number of calls that differ."""
    material = Path(sys.argv[1])
    recorded = json.loads((PLACE / "5.json").read_text("utf-8"))
    wrong = await compare_voices(material, recorded["voices"])
    return wrong + await compare_texts(material, recorded["cases"])


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main()) else 0)
