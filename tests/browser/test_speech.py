"""Sound becomes text, and text sound, in a real browser, as transformers has it."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator

import numpy as np
import pytest

from tests.browser.conftest import Stock
from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.conftest import ROOT
from tests.native.test_pipelines import same
from tests.native.test_sounds import RATE, SOUND, as_file
from tests.native.test_speaking import CASES as SPEAKING
from tests.native.test_speaking import same_sound
from tests.native.test_speech import CASES as LETTERS
from tests.native.test_speech import GOLDEN
from tests.native.test_whisper import CASES as WHISPER
from tests.native.test_zero_shot_audio import CASES as CLAP
from tests.native.test_zero_shot_audio import TASK as JUDGED

HEARD = "automatic-speech-recognition"
PROGRAM = """
import intab, json

found = []
for task, folder, calls in json.loads({cases!r}):
    pipe = await intab.pipeline(task, folder)
    for call in calls:
        np.random.seed(1)
        found.append(await pipe(given(call["inputs"]), **call["options"]))
    await pipe.close()
print(json.dumps(found))
"""

SPEAK = """
import intab, json

found = []
for folder, calls in json.loads({cases!r}):
    pipe = await intab.pipeline("text-to-speech", folder)
    for call in calls:
        spoken = await pipe(call["inputs"], **call["options"])
        for one in spoken if isinstance(spoken, list) else [spoken]:
            found.append({{**one, "audio": one["audio"].tolist()}})
    await pipe.close()
print(json.dumps(found))
"""

DECODE = """
import base64, json
import intab
import numpy as np
from intab.engine.media.sound_files import look_at
from intab.errors import PromptError

found = []
for text in json.loads({files!r}):
    data = base64.b64decode(text)
    try:
        sound = await intab.platform.loader()._runtime.decode_sound(data, look_at(data))
        low = sound.mono[: len(sound.mono) // 400 * 400].reshape(-1, 400)
        found.append([sound.rate, len(sound.mono), np.sqrt((low ** 2).mean(1)).tolist()])
    except PromptError as error:
        found.append(str(error))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def visitor(returning: Returning, served: str, stock: Stock) -> Iterator[Visitor]:
    for kind in ("speech", "whisper", "speaking", "clap"):
        for model in (GOLDEN / kind).iterdir():
            shutil.copytree(model, stock(model.name))
    yield from visits(returning, served)


def test_as_transformers(visitor: Visitor) -> None:
    recorded = {case["folder"]: case["calls"] for case in (*LETTERS, *WHISPER, *CLAP)}
    chosen = {
        "wav2vec2": (HEARD, (2, 4, 9)),
        "many": (HEARD, (0, 1, 5, 10)),
        "english": (HEARD, (6, 18)),
        "fused": (JUDGED, (0, 2)),
        "unfused": (JUDGED, (0, 2, 3)),
    }
    cases = [
        (task, name, [recorded[name][i] for i in some]) for name, (task, some) in chosen.items()
    ]
    sounds = (ROOT / "tests/engine/support/sounds.py").read_text("utf-8")
    program = sounds + PROGRAM.format(cases=json.dumps(cases))
    wanted = [call["result"] for *_, calls in cases for call in calls]
    for one, other in zip(printed_json(visitor, program), wanted, strict=True):
        same(one, other)


def test_texts_are_spoken_as_by_transformers(visitor: Visitor) -> None:
    calls = [(case["folder"], case["calls"]) for case in SPEAKING]
    program = SPEAK.format(cases=json.dumps(calls))
    results = [call["result"] for _, its in calls for call in its]
    wanted = [one for some in results for one in (some if isinstance(some, list) else [some])]
    same_sound(printed_json(visitor, program), wanted)


def test_files_are_decoded_at_their_own_rate(visitor: Visitor) -> None:
    """Loud and soft as libsndfile has it, though MP3's padding may be cut otherwise."""
    kinds = ["FLAC", "OGG", "MP3"]
    files = [as_file(kind) for kind in kinds] + [as_file("MP3")[:50], b"ID3" + bytes(99)]
    texts = json.dumps([base64.b64encode(data).decode() for data in files])
    *found, cut, none = printed_json(visitor, DECODE.format(files=texts))
    mono = SOUND.mean(axis=0)
    loud = np.sqrt((mono[: len(mono) // 400 * 400].reshape(-1, 400) ** 2).mean(1))
    for kind, (rate, length, levels) in zip(kinds, found, strict=True):
        assert rate == RATE, kind
        assert RATE <= length <= RATE + 2400, kind
        if kind == "MP3":
            levels, loud = sorted(levels), np.sort(loud)
        np.testing.assert_allclose(levels[5:50], loud[5:50], atol=0.02, err_msg=kind)
    for said in (cut, none):
        assert said.startswith("The MP3 file cannot be decoded (")
