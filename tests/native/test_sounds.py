"""Files of sound that are no WAV, in CPython."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from intab.engine.media.resampling import resample
from intab.engine.tasks.speech.inputs import hear
from intab.errors import PromptError
from intab.native.runtime import NativeRuntime
from tests.engine.support.sounds import made_up
from tests.native.test_extras import run_without

RATE = 22050
SOUND = np.array([made_up(RATE, RATE), made_up(RATE, RATE, 3)])


def as_file(kind: str, subtype: str | None = None, sound: np.ndarray = SOUND) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, sound.T, RATE, format=kind, subtype=subtype)
    return target.getvalue()


async def heard(item: object) -> np.ndarray:
    return (await hear(NativeRuntime(), item, 16000)).samples


@pytest.mark.parametrize(
    ("kind", "subtype", "near"),
    [
        ("FLAC", "PCM_24", 1e-6),
        ("AIFF", "PCM_16", 1e-4),
        ("OGG", "VORBIS", 0.1),
        ("MP3", "MPEG_LAYER_III", 0.1),
    ],
)
async def test_files_at_their_own_rate(
    kind: str, subtype: str, near: float, tmp_path: Path
) -> None:
    data = as_file(kind, subtype)
    wanted = resample(SOUND.mean(axis=0), RATE, 16000)
    found = await heard(data)
    length = min(len(found), len(wanted))
    assert length > 15900
    assert np.abs(found[:length] - wanted[:length]).max() < near
    path = tmp_path / f"sound.{kind}"
    path.write_bytes(data)
    np.testing.assert_array_equal(await heard(path), found)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (as_file("FLAC")[:9], "The FLAC file cannot be decoded .*: it is damaged"),
        (b"\0\0\0\x20ftypisom" + bytes(99), "MP4 or M4A .*libsndfile does not know. .*ffmpeg"),
        (b"\x1aE\xdf\xa3" + bytes(99), "The WebM or Matroska file cannot be decoded"),
        (as_file("AIFF", sound=SOUND[:, :0]), "The AIFF file has no sound in it"),
        (b"<!doctype html>", "The sound is no WAV file: convert it"),
    ],
)
async def test_what_cannot_be_decoded(data: bytes, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        await heard(data)


@pytest.mark.parametrize(
    ("names", "before", "says"),
    [
        (["soundfile"], "", "Reading MP3 files needs soundfile, which is not installed; try: pip"),
        (
            [],
            "import types; sys.meta_path.insert(0, types.SimpleNamespace(find_spec=no_library))",
            "Reading MP3 files needs libsndfile, which this machine lacks",
        ),
    ],
)
def test_what_is_missing_is_said(names: list[str], before: str, says: str) -> None:
    code = (
        "def no_library(name, *_):\n"
        "    if name == 'soundfile': raise OSError('no libsndfile.so')\n"
        f"{before}\n"
        "from intab.engine.media.sound_files import SoundFile\n"
        "from intab.native.sounds import decode_sound\n"
        "decode_sound(b'ID3', SoundFile('MP3'))\n"
    )
    done = run_without(names, code)
    assert done.returncode == 1
    assert says in done.stderr
