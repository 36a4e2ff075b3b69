"""Sound in CPython: files that are no WAV, by libsndfile."""

from __future__ import annotations

import io

import numpy as np

from intab.engine.media.sound import Sound
from intab.engine.media.sound_files import SoundFile
from intab.engine.media.wav import CONVERT
from intab.errors import DeviceError, PromptError
from intab.native.extras import advice


def decode_sound(data: bytes, file: SoundFile) -> Sound:
    """All of it, at its own rate; PromptError if it cannot be decoded, DeviceError says what to
    install where soundfile is missing."""
    try:
        import soundfile
    except ImportError as exc:
        raise DeviceError(advice(f"Reading {file.kind} files", "sound", exc)) from exc
    except OSError as exc:  # libsndfile, which it brings for most machines
        raise DeviceError(
            f"Reading {file.kind} files needs libsndfile, which this machine lacks ({exc}): "
            f"install it, or {CONVERT}."
        ) from exc
    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as exc:
        raise PromptError(
            f"The {file.kind} file cannot be decoded ({exc.error_string.rstrip('.')}): it is "
            f"damaged, or of a kind that libsndfile does not know. Get it again, or {CONVERT}."
        ) from exc
    return Sound(np.ascontiguousarray(samples.T), int(rate))
