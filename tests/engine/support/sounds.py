"""Sounds for tests, the same on every machine, and WAV files of them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray


def made_up(length: int, rate: int = 16000, seed: int = 1) -> NDArray[np.float32]:
    """Tones that swell and fade, with some noise: [length], from -1 to 1."""
    seconds = np.arange(length) / rate
    found = np.zeros(length)
    for n in range(1, 6):
        swell = np.sin(2 * np.pi * (0.7 + 0.3 * n + 0.1 * seed) * seconds) ** 2
        found += swell * np.sin(2 * np.pi * (170 + 40 * seed) * n * seconds + n) / (n + 1)
    noise = (np.arange(length, dtype=np.uint64) * 2654435761 + seed * 40503) % 65536
    return (0.35 * found + 0.02 * (noise.astype(np.float64) / 32768 - 1)).astype(np.float32)


def wav(
    data: bytes,
    coding: int = 1,
    bits: int = 16,
    channels: int = 1,
    rate: int = 16000,
    more: bytes = b"",
    before: bytes = b"",
) -> bytes:
    """A WAV file of these bytes of samples. more: what "fmt " ends in; before: chunks before it."""
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", coding, channels, rate, rate * block, block, bits) + more
    chunks = before + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def as_wav(samples: NDArray[np.floating], rate: int = 16000) -> bytes:
    """A WAV file of 16 bits of samples [length] or [channels, length]."""
    whole = np.clip(np.round(np.atleast_2d(samples).T * 32768), -32768, 32767).astype("<i2")
    return wav(whole.tobytes(), channels=whole.shape[1], rate=rate)


def given(spec: dict[str, Any]) -> Any:
    """A made-up sound as a caller gives it: {"length", "rate", "seed", "as": "array" or "dict"};
    `more` is what else is in the dict."""
    rate = spec.get("rate", 16000)
    sound = made_up(spec["length"], rate, spec.get("seed", 1)).astype(spec.get("dtype", "float32"))
    if spec.get("channels") == 2:
        sound = np.array([sound, made_up(spec["length"], rate, 9)])
    if spec.get("as", "array") == "array":
        return sound
    more = {k: tuple(v) if isinstance(v, list) else v for k, v in spec.get("more", {}).items()}
    return {"raw": sound, "sampling_rate": rate, **more}
