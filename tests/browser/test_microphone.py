"""Sound of the visitor's microphone, which Chromium's fake device has from a file; and what else
hears in the browser: Moonshine, and the detector of speech."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserType, expect

from intab.engine.media.resampling import resample
from tests.browser.copies import copy_site
from tests.browser.devices import lights, refused, watched
from tests.browser.programs import printed_json
from tests.browser.test_looks import dressed
from tests.browser.visitor import Visitor
from tests.conftest import ROOT
from tests.engine.support.sounds import as_wav, made_up

RATE, SECONDS = 48000, 3
PAUSE = RATE  # after which the file begins again
SOUND = np.concatenate([made_up(SECONDS * RATE, RATE), np.zeros(PAUSE)]).astype(np.float32)
GOLDEN = ROOT / "tests/golden"


@pytest.fixture(scope="module")
def visitor(
    browser_type_launch_args: dict[str, Any],  # first: no browser can be looked for beside one
    browser_type: BrowserType,
    site: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Visitor]:
    folder = copy_site(site, tmp_path_factory.mktemp("microphone"))
    shutil.copytree(GOLDEN / "whisper/english", folder / "models/english")
    shutil.copytree(GOLDEN / "moonshine", folder / "models/moonshine")
    shutil.copytree(GOLDEN / "voice", folder / "models/voice")
    file = folder.parent / "said.wav"
    file.write_bytes(as_wav(SOUND, RATE))
    heard = f"--use-file-for-fake-audio-capture={file}"
    yield from watched(browser_type, browser_type_launch_args, folder, heard)


HEAR = """
import base64, intab, json, time
import numpy as np
sound, found = intab.microphone(), []
async for block in sound:
    found.append(block)
    if len(found) == 2:
        until = time.time() + 1.2
        while time.time() < until:  # a model that computes
            pass
    if sound.seconds > 3:
        break
sound.close()
heard = np.round(np.concatenate(found)[:48000] * 32767).astype(np.int16)
text = base64.b64encode(heard.tobytes()).decode()
print(json.dumps([text, str(found[0].dtype), max(map(len, found))]))
"""


def test_what_is_said_is_heard_whole_and_at_the_models_rate(visitor: Visitor) -> None:
    text, dtype, longest = printed_json(visitor, HEAR)
    assert dtype == "float32"
    assert longest > 16000  # what was said while the program was busy comes at once
    heard = np.frombuffer(base64.b64decode(text), np.int16)[4000:] / 32767  # it starts softly
    twice = resample(np.concatenate([SOUND] * 3), RATE, 16000).astype(np.float64)
    spectrum = np.fft.rfft(twice) * np.fft.rfft(heard, len(twice)).conj()
    at = int(np.fft.irfft(spectrum).argmax()) % (len(SOUND) // 3)
    wanted = twice[at : at + len(heard)]
    likeness = float(wanted @ heard / np.sqrt((wanted @ wanted) * (heard @ heard)))
    assert likeness > 0.98  # one unbroken piece of the file: nothing was lost
    assert lights(visitor) == 0
    expect(visitor.output.locator("meter")).to_have_count(0)


def test_stop_puts_the_light_out_and_the_meter_was_seen(visitor: Visitor) -> None:
    visitor.start("""
        import intab
        sound = intab.microphone()
        async for block in sound:
            sound.draw("so far: a fox and a bear went down to the river, and there they sat")
    """)
    view = visitor.output.locator(".microphone")
    expect(view).to_contain_text("so far")
    assert lights(visitor) == 1
    expect(view.get_by_label("Listening")).to_be_visible()
    for width, scheme in ((1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")):
        page = dressed(visitor.page, {"width": width, "height": 740}, scheme)  # type: ignore[arg-type]
        view.scroll_into_view_if_needed()
        page.screenshot(path=ROOT / f"build/screenshots/microphone-{scheme}-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    dressed(visitor.page, {"width": 1280, "height": 740}, "light")
    visitor.button("stop").click()
    visitor.expect_state("ready")
    assert lights(visitor) == 0
    expect(visitor.output.locator("meter")).to_have_count(0)
    expect(visitor.output).to_contain_text("so far")  # what was written stays


def test_phrases_are_written_down(visitor: Visitor) -> None:
    found = printed_json(
        visitor,
        """
        import intab, json
        voice = await intab.pipeline("voice-activity-detection", "voice")
        pipe = await intab.pipeline("automatic-speech-recognition", "english")
        sound, found = intab.microphone(), []
        phrases = voice.phrases(sound, max_speech_duration_s=1.5)
        async for so_far in pipe.stream(phrases, max_new_tokens=4, num_beams=1):
            found.append([so_far.partial, len(so_far.chunks), so_far.heard])
            if not so_far.partial:
                sound.close()
        kept = pipe.transcript
        await pipe.close()
        print(json.dumps([found, kept.heard, kept.partial]))
        """,
    )
    steps, heard, partial = found
    assert [step[0] for step in steps][-1] is False
    assert heard == steps[-1][2]
    assert partial is False
    assert lights(visitor) == 0


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("NotAllowedError", "The microphone may not be used: allow it"),
        ("NotFoundError", "There is no microphone: connect one"),
        ("NotReadableError", "The microphone is taken: close what else uses it"),
    ],
)
def test_a_microphone_that_is_refused(visitor: Visitor, name: str, says: str) -> None:
    with refused(visitor.page, name):
        printed = visitor.run("import intab\nasync for _ in intab.microphone(): pass", "error")
    assert f"ProgramError: {says}" in printed


def test_one_that_is_muted_and_then_lost(visitor: Visitor) -> None:
    visitor.start("""
        import intab
        sound = intab.microphone()
        async for block in sound:
            sound.draw("heard")
    """)
    view = visitor.output.locator(".microphone")
    expect(view).to_contain_text("heard")
    visitor.page.evaluate("""() => {
        Object.defineProperty(tracks.at(-1), "muted", { value: true });
        tracks.at(-1).dispatchEvent(new Event("mute"));
    }""")
    expect(view).to_contain_text("The microphone is muted")
    visitor.page.evaluate("tracks.at(-1).dispatchEvent(new Event('ended'))")
    visitor.expect_state("error")
    assert "ProgramError: The microphone is gone" in visitor.printed()
    assert "heard" in visitor.printed()
    assert lights(visitor) == 0


def test_a_browser_whose_sound_does_not_start(visitor: Visitor) -> None:
    """As Firefox without loudspeakers: the visitor reads why nothing is heard."""
    visitor.page.evaluate("""() => {
        const { resume } = AudioContext.prototype;
        const suspended = AudioContext;
        window.waiting = [];
        window.AudioContext = class extends suspended {
            constructor(options) {
                super(options);
                waiting.push(() => resume.call(this));
                this.suspend();
            }
            resume() { return Promise.resolve(); }
        };
        window.heardAgain = () => { AudioContext = suspended; waiting[0](); };
    }""")
    visitor.start("""
        import intab
        async for block in intab.microphone():
            if abs(block).max() > 0:
                break
    """)
    view = visitor.output.locator(".microphone")
    expect(view).to_contain_text("it may need loudspeakers")
    visitor.page.evaluate("heardAgain()")
    visitor.expect_state("ready")


def test_a_program_that_is_too_slow(visitor: Visitor) -> None:
    printed = visitor.run(
        """
        import intab, time
        heard = 0
        async for block in intab.microphone(buffer_s=1):
            heard += len(block) / 16000
            print(f"{heard:.1f}", flush=True)
            until = time.time() + 2
            while time.time() < until:
                pass
        """,
        "error",
    )
    assert "ProgramError: The program is slower than the microphone" in printed
    # A first block, and then what was kept: it is given before.
    first, last = (float(line) for line in re.findall(r"^\d+\.\d$", printed, re.MULTILINE)[:2])
    assert 0.9 < last - first < 1.2


def test_moonshine_and_the_detector_as_the_libraries_have_them(visitor: Visitor) -> None:
    written = json.loads((GOLDEN / "moonshine.json").read_text("utf-8"))["calls"][:3]
    [first, *_] = json.loads((GOLDEN / "voice.json").read_text("utf-8"))["sounds"]
    given = {"spec": first["sound"], "calls": [written, first["calls"]]}
    program = (
        (ROOT / "tests/engine/support/sounds.py").read_text("utf-8")
        + f"""
import intab, json

said = json.loads({json.dumps(given)!r})
pipe = await intab.pipeline("automatic-speech-recognition", "moonshine")
found = [(await pipe(given(each["inputs"]), **each["options"])) for each in said["calls"][0]]
await pipe.close()
pipe = await intab.pipeline("voice-activity-detection", "voice")
sound = given(said["spec"])
for start, end in said["spec"]["pauses"]:
    sound[start:end] = 0
found += [(await pipe(sound, **each["options"])) for each in said["calls"][1]]
print(json.dumps(found))
"""
    )
    wanted = [each["result"] for each in written] + [each["spans"] for each in first["calls"]]
    assert printed_json(visitor, program) == wanted
