"""What transformers writes down, with torch, and where silero-vad hears somebody speak.

    python -m tests.hearing.record MATERIAL

Run with transformers 5.24.0, torch, torchaudio, soundfile, silero-vad 6.2.3 and onnx; writes
build/hearing/5.json, which tests/hearing/compare.py reads.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch
import transformers
from silero_vad.utils_vad import OnnxWrapper, get_speech_timestamps

from tests.hearing.cases import MODEL, PLACE, VOICE, Case, cases, key, voices
from tests.hearing.model import torch_model


def pipeline(folder: Path) -> Any:
    """transformers' own, over the folder's model."""
    extractor = transformers.WhisperFeatureExtractor.from_pretrained(folder)
    tokenizer = transformers.WhisperTokenizer.from_pretrained(folder)
    return transformers.pipeline(
        "automatic-speech-recognition", model=torch_model(folder), tokenizer=tokenizer,
        feature_extractor=extractor,
    )  # fmt: skip


def record(pipe: Any, case: Case) -> Any:
    """One call."""
    name, given, options = case
    begun = time.perf_counter()
    found = pipe(dict(given) if isinstance(given, dict) else given, **options)
    print(f"{name} {options}: {time.perf_counter() - begun:.1f} s", flush=True)
    return json.loads(json.dumps(found))


def voice(detector: Any, case: Case) -> Any:
    """One call of the detector."""
    _, given, options = case
    return get_speech_timestamps(given, detector, **options)


def main() -> None:
    """All of them that are not there yet; what is recorded stays if this is ended."""
    material = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)  # more are far slower where others compute too
    detector = OnnxWrapper(str(material / VOICE))
    pipe = pipeline(material / MODEL)
    PLACE.mkdir(parents=True, exist_ok=True)
    path = PLACE / "5.json"
    found = json.loads(path.read_text("utf-8")) if path.exists() else {"voices": {}, "cases": {}}
    found["made"] = f"transformers {transformers.__version__}, torch {torch.__version__}"
    found["voices"] = {key(case): voice(detector, case) for case in voices(material)}
    for case in cases(material):
        if key(case) not in found["cases"]:
            found["cases"][key(case)] = record(pipe, case)
            path.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
