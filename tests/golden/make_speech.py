"""Records what transformers' pipelines for sound answer, on tiny random checkpoints.

    python -m tests.golden.make_speech

Needs torch, torchaudio, transformers 5.24.0 and onnx. Writes tests/golden/speech/NAME/, folders as
a hub has them, and tests/golden/speech.json: for each folder the calls and their results.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import torch
import transformers

from tests.engine.support.sounds import given
from tests.golden.make_pipelines import rounded

HERE = Path(__file__).parent
LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLU'"]
SMALL: dict[str, Any] = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24,
    "conv_dim": [8] * 7, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2,
    "initializer_range": 0.6, "classifier_proj_size": 16, "apply_spec_augment": False,
}  # fmt: skip
SECOND = {"length": 16000}
LONG = {"length": 70000, "seed": 2}
WORDS, CHARS = {"return_timestamps": "word"}, {"return_timestamps": "char"}
CTC: list[tuple[Any, dict[str, Any]]] = [
    (SECOND, {}),
    (SECOND, CHARS),
    (LONG, WORDS),
    ([SECOND, {"length": 9000, "seed": 3}], {}),
    ({"length": 21000, "as": "dict", "rate": 8000, "seed": 4}, WORDS),
    ({"length": 40011, "as": "dict", "rate": 44100, "dtype": "float64"}, CHARS),
    ({"length": 20000, "channels": 2, "as": "dict"}, {}),
    ({"length": 20000, "channels": 2}, {}),
    (LONG, {"chunk_length_s": 1}),
    (LONG, {"chunk_length_s": 1.5, "stride_length_s": 0.2, **WORDS}),
    (LONG, {"chunk_length_s": 2, "stride_length_s": [0.3, 0.1], **CHARS}),
    ({**SECOND, "as": "dict", "more": {"stride": [1600, 3200]}}, WORDS),
    ({**SECOND, "as": "dict", "more": {"speaker": "A"}}, {"chunk_length_s": 0.6}),
    ({"length": 400}, CHARS),
]
CLASSIFY: list[tuple[Any, dict[str, Any]]] = [
    (SECOND, {}),
    (SECOND, {"top_k": 2}),
    ([SECOND, LONG], {"top_k": 1}),
    ({"length": 21000, "as": "dict", "rate": 22050}, {"top_k": 99}),
    (SECOND, {"function_to_apply": "sigmoid"}),
    (SECOND, {"function_to_apply": "none", "top_k": 3}),
]
LABELS = {0: "yes", 1: "no", 2: "up", 3: "down", 4: "left", 5: "right", 6: "silence"}
# The folders, whether samples get mean 0 and deviation 1, what else tokenizer_config.json has.
FOLDERS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "wav2vec2": (transformers.Wav2Vec2Config, transformers.Wav2Vec2ForCTC, {}),
    "hubert": (
        transformers.HubertConfig, transformers.HubertForCTC,
        {"feat_extract_norm": "layer", "do_stable_layer_norm": True},
    ),
    "wav2vec2-labels": (
        transformers.Wav2Vec2Config, transformers.Wav2Vec2ForSequenceClassification,
        {"id2label": LABELS},
    ),
}  # fmt: skip
TOKENIZERS: dict[str, dict[str, Any]] = {"wav2vec2": {}, "hubert": {"do_lower_case": True}}


def export(model: Any, folder: Path) -> None:
    class Wrapped(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, values: torch.Tensor) -> Any:
            return self.inner(values).logits

    (folder / "onnx").mkdir(exist_ok=True)
    axes = {"input_values": {0: "batch", 1: "samples"}, "logits": {0: "batch", 1: "moments"}}
    if "Sequence" in type(model).__name__:
        axes["logits"] = {0: "batch"}
    path = folder / "onnx/model.onnx"
    torch.onnx.export(
        Wrapped().eval(), (torch.randn(2, 5000),), str(path), input_names=["input_values"],
        output_names=["logits"], dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    graph = onnx.load(path)
    for node in graph.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    onnx.save(graph, path)


def record(name: str) -> dict[str, Any]:
    kind, architecture, extra = FOLDERS[name]
    folder = HERE / "speech" / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(11)
    config = kind(**SMALL, vocab_size=len(LETTERS), **extra, attn_implementation="eager")
    config.pad_token_id = 0
    model = architecture(config).eval()
    speaks = name in TOKENIZERS
    if speaks:
        spread(model)
    config.architectures = [architecture.__name__]
    config.save_pretrained(folder)
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=name != "hubert")
    extractor.save_pretrained(folder)
    tokenizer = tokenizer_of(name, folder) if speaks else None
    export(model, folder)
    task = "automatic-speech-recognition" if speaks else "audio-classification"
    pipe = transformers.pipeline(
        task, model=model, tokenizer=tokenizer, feature_extractor=extractor
    )
    calls = [answer(pipe, inputs, options) for inputs, options in (CTC if speaks else CLASSIFY)]
    return {"folder": name, "task": task, "calls": calls}


def spread(model: Any) -> None:
    """So that the letters of one sound differ: those of an untrained model are nearly all alike."""
    with torch.no_grad():
        logits = model(torch.from_numpy(given({"length": 60000}))[None]).logits[0]
        model.lm_head.bias.copy_(-logits.mean(0))
        model.lm_head.weight.mul_(3), model.lm_head.bias.mul_(3)


def tokenizer_of(name: str, folder: Path) -> Any:
    words = {token: number for number, token in enumerate(LETTERS)}
    (folder / "vocab.json").write_text(json.dumps(words), "utf-8")
    tokenizer = transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"), **TOKENIZERS[name])
    tokenizer.save_pretrained(folder)
    return tokenizer


def answer(pipe: Any, inputs: Any, options: dict[str, Any]) -> dict[str, Any]:
    several = isinstance(inputs, list)
    sounds = [given(spec) for spec in inputs] if several else given(inputs)
    passed = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    found = json.loads(json.dumps(pipe(sounds, **passed)))
    return {"inputs": inputs, "options": options, "result": rounded(found)}


def main() -> None:
    found = {
        "made": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "cases": [record(name) for name in FOLDERS],
    }
    text = json.dumps(found, separators=(",", ":"))
    (HERE / "speech.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
