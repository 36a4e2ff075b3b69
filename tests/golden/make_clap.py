"""Records what transformers' zero-shot-audio-classification answers, on tiny random CLAP models.

    python -m tests.golden.make_clap

Needs torch, transformers 5.24.0 and onnx. Writes tests/golden/clap/NAME/, folders as a hub has
them, and tests/golden/clap.json: of each folder the calls and their results, and some numbers of
the features of sounds. Of a long sound chance chooses pieces: numpy's seed is set before each.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from tests.engine.support.sounds import given
from tests.golden.make_pipelines import rounded
from tests.golden.make_speaking import save_short

HERE = Path(__file__).parent
FOLDERS = HERE / "clap"
TOKENIZER = HERE / "pipelines/roberta-mask"
AUDIO: dict[str, Any] = {
    "window_size": 4, "num_mel_bins": 64, "spec_size": 64, "patch_size": 8, "patch_stride": [8, 8],
    "hidden_size": 16, "depths": [1, 1], "num_attention_heads": [2, 2], "num_hidden_layers": 2,
    "patch_embeds_hidden_size": 8, "mlp_ratio": 1.0, "projection_dim": 8, "num_classes": 4,
    "aff_block_r": 2,
}  # fmt: skip
TEXT: dict[str, Any] = {
    "vocab_size": 275, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 16, "max_position_embeddings": 66, "projection_dim": 8,
}  # fmt: skip
SMALL: dict[str, Any] = {"sampling_rate": 16000, "max_length_s": 2, "hop_length": 640}
# The folders: what their audio_config and their preprocessor_config.json have besides.
MODELS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "unfused": ({}, {"truncation": "rand_trunc", "frequency_min": 50, "frequency_max": 7000}),
    "fused": ({"enable_fusion": True, "fusion_type": "aff_2d"}, {"frequency_max": 8000}),
}
DOGS = {"candidate_labels": ["a dog", "the cat"]}
CALLS: list[tuple[Any, dict[str, Any]]] = [
    ({"length": 12000}, DOGS),
    ({"length": 32000, "seed": 2}, {"candidate_labels": ["a fox", "the sea", "a longer name"]}),
    ({"length": 50001, "seed": 3}, DOGS),
    ({"length": 32100, "seed": 5}, DOGS),
    ([{"length": 9000}, {"length": 40000, "seed": 4}], {**DOGS, "hypothesis_template": "{}!"}),
    ({"length": 1}, {"candidate_labels": ["one"]}),
]
# Sounds and settings whose features are recorded.
FEATURES: list[tuple[int, dict[str, Any]]] = [
    (12000, {}), (12000, {"padding": "repeat"}), (12000, {"padding": "pad"}), (32000, {}),
    (32639, {}), (32640, {}), (33000, {}), (90000, {}), (12000, {"truncation": "rand_trunc"}),
    (90000, {"truncation": "rand_trunc", "feature_size": 40, "frequency_min": 50}),
    (20000, {"fft_window_size": 512, "truncation": "rand_trunc"}),
]  # fmt: skip
EVERY = 37  # of the numbers of features one is recorded


class Exported(torch.nn.Module):  # type: ignore[misc]
    """Gives the logits; a fused model takes is_longer too."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Any, mask: Any, features: Any, longer: Any = None) -> Any:
        found = self.model(
            input_ids=ids, attention_mask=mask, input_features=features, is_longer=longer
        )
        return found.logits_per_audio


def export(model: Any, extractor: Any, folder: Path) -> None:
    ids = torch.randint(5, 200, (3, 7))
    sound = extractor([given({"length": 20000})], sampling_rate=16000, return_tensors="pt")
    feeds = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    axes = {name: {0: "text_batch_size", 1: "sequence_length"} for name in feeds}
    feeds["input_features"] = sound["input_features"]
    if model.config.audio_config.enable_fusion:
        feeds["is_longer"] = sound["is_longer"]
    axes |= {"input_features": {0: "audio_batch_size"}}
    axes |= {"logits_per_audio": {0: "audio_batch_size", 1: "text_batch_size"}}
    (folder / "onnx").mkdir(exist_ok=True)
    path = folder / "onnx/model.onnx"
    torch.onnx.export(
        Exported(model).eval(), tuple(feeds.values()), str(path), input_names=list(feeds),
        output_names=["logits_per_audio"], dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    save_short(path)


def record(name: str) -> dict[str, Any]:
    audio, settings = MODELS[name]
    folder = FOLDERS / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    config = transformers.ClapConfig(
        audio_config={**AUDIO, **audio}, text_config=TEXT, projection_dim=8
    )
    model = transformers.ClapModel(config).eval()
    config.architectures = ["ClapModel"]
    config.save_pretrained(folder)
    extractor = transformers.ClapFeatureExtractor(**SMALL, **settings)
    extractor.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / file, folder / file)
    tokenizer = transformers.AutoTokenizer.from_pretrained(TOKENIZER)
    export(model, extractor, folder)
    pipe = transformers.pipeline(
        "zero-shot-audio-classification", model=model, tokenizer=tokenizer,
        feature_extractor=extractor,
    )  # fmt: skip
    calls = [answer(pipe, inputs, options) for inputs, options in CALLS]
    return {"folder": name, "calls": calls}


def answer(pipe: Any, inputs: Any, options: dict[str, Any]) -> dict[str, Any]:
    several = isinstance(inputs, list)
    sounds = [given(spec) for spec in inputs] if several else given(inputs)
    np.random.seed(1)
    found = json.loads(json.dumps(pipe(sounds, **options)))
    return {"inputs": inputs, "options": options, "result": rounded(found)}


def features(length: int, settings: dict[str, Any]) -> dict[str, Any]:
    chosen = {**SMALL, "frequency_max": 8000, **settings}
    extractor = transformers.ClapFeatureExtractor(**chosen)
    np.random.seed(1)
    found = extractor([given({"length": length})], sampling_rate=16000, return_tensors="np")
    values = found["input_features"][0]
    some = [round(float(value), 4) for value in values.reshape(-1)[::EVERY]]
    longer = bool(found["is_longer"][0][0])
    return {
        "length": length, "settings": chosen, "shape": values.shape, "longer": longer, "some": some
    }  # fmt: skip


def main() -> None:
    found = {
        "made": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "every": EVERY,
        "cases": [record(name) for name in MODELS],
        "features": [features(*case) for case in FEATURES],
    }
    text = json.dumps(found, separators=(",", ":"))
    (HERE / "clap.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
