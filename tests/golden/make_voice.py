"""Records what silero-vad says of made-up sounds and probabilities, with a graph like its own.

    python -m tests.golden.make_voice

Needs silero-vad 6.2.3, torch, onnx and onnxruntime. Writes tests/golden/voice/model.onnx, whose
probability is the loudness, smoothed by its state, and tests/golden/voice.json.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from silero_vad.utils_vad import (
    OnnxWrapper,
    VADIterator,
    get_speech_timestamps,
    get_speech_timestamps_from_probs,
)

from tests.engine.support.sounds import given

HERE = Path(__file__).parent
WINDOW = 512
OPTIONS: list[dict[str, Any]] = [
    {},
    {"return_seconds": True},
    {"return_seconds": True, "time_resolution": 3, "threshold": 0.7},
    {"threshold": 0.05},
    {"threshold": 0.6, "neg_threshold": 0.55, "min_silence_duration_ms": 0},
    {"min_speech_duration_ms": 0, "speech_pad_ms": 0},
    {"min_silence_duration_ms": 400, "speech_pad_ms": 300},
    {"min_silence_duration_ms": 30, "speech_pad_ms": 200},
    {"max_speech_duration_s": 2},
    {"max_speech_duration_s": 1.5, "min_silence_at_max_speech": 60, "speech_pad_ms": 10},
    {"max_speech_duration_s": 2, "use_max_poss_sil_at_max_speech": False,
     "min_silence_duration_ms": 500},
    {"max_speech_duration_s": 1, "use_max_poss_sil_at_max_speech": False,
     "min_silence_duration_ms": 700, "min_silence_at_max_speech": 30},
    {"max_speech_duration_s": 1.2, "min_silence_duration_ms": 2000,
     "min_silence_at_max_speech": 0},
]  # fmt: skip
STREAMED = ("threshold", "min_silence_duration_ms", "speech_pad_ms")
SOUNDS: list[dict[str, Any]] = [
    {"length": 90_000, "pauses": [[20_000, 26_000], [40_000, 41_500], [60_000, 75_000]]},
    {"length": 60_011, "seed": 3, "pauses": [[0, 9000], [30_000, 31_000], [55_000, 60_011]]},
    {"length": 300, "pauses": []},
    {"length": 16_000, "pauses": [[0, 16_000]]},
]


def graph(path: Path) -> None:
    """The probability is what is left of the state and the loudness of the window."""
    number = {"least": 1e-6, "slope": 2.5, "centre": 4.0, "keep": 0.3, "new": 0.7}
    constants = [helper.make_tensor(k, TensorProto.FLOAT, [], [v]) for k, v in number.items()]
    constants += [helper.make_tensor("axes", TensorProto.INT64, [1], [1])]
    shape = helper.make_tensor("shape", TensorProto.INT64, [3], [2, 1, 128])
    first = helper.make_tensor("first", TensorProto.INT64, [1], [0])
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    node = helper.make_node
    nodes = [
        node("ReduceSumSquare", ["input", "axes"], ["sum"], keepdims=1),
        node("Add", ["sum", "least"], ["some"]),
        node("Log", ["some"], ["log"]),
        node("Mul", ["log", "slope"], ["steep"]),
        node("Add", ["steep", "centre"], ["loud"]),
        node("Mul", ["loud", "new"], ["newer"]),
        node("Mul", ["state", "keep"], ["kept"]),
        node("Expand", ["newer", "shape"], ["wide"]),
        node("Add", ["kept", "wide"], ["stateN"]),
        node("Slice", ["stateN", "first", "one", "first"], ["half"]),
        node("Slice", ["half", "first", "one", "two"], ["cell"]),
        node("Squeeze", ["cell", "first"], ["level"]),
        node("Cast", ["sr"], ["rate"], to=TensorProto.FLOAT),
        node("Mul", ["rate", "none"], ["nothing"]),
        node("Add", ["level", "nothing"], ["sure"]),
        node("Sigmoid", ["sure"], ["output"]),
    ]
    none = helper.make_tensor("none", TensorProto.FLOAT, [], [0.0])
    two = helper.make_tensor("two", TensorProto.INT64, [1], [2])
    kind = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes, "voice",
        [kind("input", TensorProto.FLOAT, ["batch", "sequence"]),
         kind("state", TensorProto.FLOAT, [2, "batch", 128]), kind("sr", TensorProto.INT64, [])],
        [kind("output", TensorProto.FLOAT, ["batch", 1]),
         kind("stateN", TensorProto.FLOAT, [2, "batch", 128])],
        [*constants, shape, first, one, two, none],
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def paused(spec: dict[str, Any]) -> np.ndarray:
    """A made-up sound with silences in it."""
    sound: np.ndarray = given(spec)
    for start, end in spec["pauses"]:
        sound[start:end] = 0
    return sound


def probabilities(seed: int, count: int) -> list[float]:
    """Somebody who speaks and pauses, as a detector is more or less sure of it."""
    draw, found = np.random.default_rng(seed), []
    level = 0.2
    for _ in range(count):
        if draw.random() < 0.12:
            level = float(draw.choice([0.02, 0.3, 0.45, 0.6, 0.95]))
        found.append(round(float(np.clip(level + draw.normal(0, 0.08), 0, 1)), 2))
    return found


def turns(model: Any, sound: np.ndarray, options: dict[str, Any]) -> list[dict[str, Any]]:
    """What an iterator says of whole windows."""
    picked = {name: value for name, value in options.items() if name in STREAMED}
    iterator = VADIterator(model, **picked)
    windows = torch.from_numpy(sound[: len(sound) // WINDOW * WINDOW]).reshape(-1, WINDOW)
    return [told for window in windows if (told := iterator(window))]


def main() -> None:
    folder = HERE / "voice"
    folder.mkdir(exist_ok=True)
    graph(folder / "model.onnx")
    model = OnnxWrapper(str(folder / "model.onnx"))
    heard = []
    for spec in SOUNDS:
        sound = paused(spec)
        calls = [{"options": each, "spans": get_speech_timestamps(sound, model, **each),
                  "turns": turns(model, sound, each)} for each in OPTIONS]  # fmt: skip
        heard.append({"sound": spec, "calls": calls})
    judged = []
    for seed in range(6):
        scores = probabilities(seed, 260)
        length = len(scores) * WINDOW - 100 * seed
        spans = [
            get_speech_timestamps_from_probs(scores, audio_length_samples=length, **each)
            for each in OPTIONS
        ]
        judged.append({"probabilities": scores, "length": length, "spans": spans})
    found = {"made": f"silero-vad {version('silero-vad')}", "options": OPTIONS, "sounds": heard,
             "probabilities": judged}  # fmt: skip
    (HERE / "voice.json").write_text(json.dumps(found, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
