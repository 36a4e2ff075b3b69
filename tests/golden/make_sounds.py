"""Records what transformers and torchaudio make of sounds: Whisper's features, other rates.

    python -m tests.golden.make_sounds

Needs torch, torchaudio and transformers 5.24.0. Writes tests/golden/sounds.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchaudio
import transformers

from tests.engine.support.sounds import made_up

HERE = Path(__file__).parent
COLUMNS = [0, 1, 2, 57, 118, 198, 199]
FEATURES = [(80, 0), (80, 100), (80, 16000), (128, 20011), (80, 40000)]  # bands, samples
RATES = [
    (8000, 16000), (44100, 16000), (48000, 16000), (22050, 16000), (11025, 16000), (16000, 8000),
    (44056, 16000), (16001, 16000),
]  # fmt: skip


def features(bands: int, samples: int, *, whole: bool) -> dict[str, Any]:
    extractor = transformers.WhisperFeatureExtractor(feature_size=bands, chunk_length=2)
    sound = made_up(samples)
    if not whole:
        sound = np.pad(sound[: extractor.n_samples], (0, max(extractor.n_samples - samples, 0)))
    [found] = extractor._np_extract_fbank_features(np.array([sound]), "cpu")
    return {
        "bands": bands, "samples": samples, "whole": whole, "frames": found.shape[1],
        "columns": [[float(x) for x in found[:, at]] for at in COLUMNS],
        "sum": float(found.sum(dtype=np.float64)),
    }  # fmt: skip


def resampled(rate: int, wanted: int, dtype: str, length: int) -> dict[str, Any]:
    sound = torch.from_numpy(made_up(length, rate).astype(dtype))
    found = torchaudio.functional.resample(sound, rate, wanted).numpy()
    return {
        "rate": rate, "wanted": wanted, "dtype": dtype, "length": length, "count": len(found),
        "sum": float(np.abs(found).sum(dtype=np.float64)), "values": [float(x) for x in found[:90]],
        "last": [float(x) for x in found[-9:]],
    }  # fmt: skip


def main() -> None:
    found = {
        "made": f"transformers {transformers.__version__}, torchaudio {torchaudio.__version__}",
        "columns": COLUMNS,
        "features": [
            *(features(bands, samples, whole=False) for bands, samples in FEATURES),
            features(80, 50123, whole=True),
        ],
        "resampled": [
            *(resampled(*pair, "float32", 1234) for pair in RATES),
            resampled(44100, 16000, "float64", 777),
            resampled(44100, 16000, "float32", 1_323_001),
            resampled(8000, 16000, "float32", 1),
        ],
    }
    text = json.dumps(found, separators=(",", ":"))
    (HERE / "sounds.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
