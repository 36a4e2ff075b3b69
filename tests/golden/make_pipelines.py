"""Records what transformers' pipelines answer on tiny random checkpoints, which become ONNX.

    python tests/golden/make_pipelines.py

Needs torch, transformers 5.24.0 and onnx. Writes tests/golden/pipelines/NAME/, folders as a hub has
them, and tests/golden/pipelines.json: for each folder the calls and their results.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = Path(__file__).parent
SENTENCES = (
    "the cat sat on a mat . dog ran in park , it was good bad film very not is this great so !"
)
WORDS = SENTENCES.split()
PIECES = ["##s", "##ly", "##ing", *[f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"]]
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *WORDS,
    *"abcdefghijklmnopqrstuvwxyz"[1:],
    *PIECES,
]
SIZES = {"vocab_size": len(VOCABULARY), "max_position_embeddings": 40}
BERT = {
    **SIZES,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}
DISTIL = {**SIZES, "dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 24}
LABELS = {0: "NEGATIVE", 1: "NEUTRAL", 2: "POSITIVE"}
TEXT, LONG = "The cat sat on the mat.", "it was a very good film, so great! " * 9
CLASSIFY: list[tuple[Any, dict[str, Any]]] = [
    (TEXT, {}),
    ([TEXT], {}),
    ([TEXT, "bad dogs, badly running"], {}),
    ({"text": TEXT, "text_pair": "a dog ran"}, {}),
    ([{"text": TEXT, "text_pair": "a dog ran"}, {"text": "good"}], {}),
    ([[[TEXT, "a dog ran"]]], {}),
    ({"text": TEXT, "text_pair": ""}, {"top_k": None}),
    (TEXT, {"top_k": 1}),
    (TEXT, {"top_k": None}),
    ([TEXT, "good"], {"top_k": 2}),
    (TEXT, {"top_k": 99}),
    (TEXT, {"function_to_apply": "sigmoid"}),
    (TEXT, {"function_to_apply": "NONE", "top_k": None}),
    (TEXT, {"function_to_apply": "Softmax", "top_k": None}),
    (LONG, {"truncation": True, "top_k": None}),
    (LONG, {"truncation": True, "max_length": 9, "top_k": None}),
    ("", {"top_k": None}),
]
FEATURES: list[tuple[Any, dict[str, Any]]] = [
    (TEXT, {}),
    ([TEXT], {}),
    ([TEXT, "good"], {}),
    (LONG, {"truncation": True}),
    ("", {}),
]
CLASSIFIER = "ForSequenceClassification"
# Folders, and what their config.json is changed to for some calls.
FOLDERS: dict[str, Any] = {
    "bert-labels": (transformers.BertConfig, CLASSIFIER, BERT, {"id2label": LABELS}),
    "distilbert-one": (transformers.DistilBertConfig, CLASSIFIER, DISTIL, {"num_labels": 1}),
    "bert-features": (transformers.BertConfig, "Model", BERT, {}),
    "distilbert-features": (transformers.DistilBertConfig, "Model", DISTIL, {}),
}  # fmt: skip
CHANGED = {
    "bert-labels": [{}, {"problem_type": "multi_label_classification"}],
    "distilbert-one": [{}, {"problem_type": "regression"}],
}


def tokenizer_of(folder: Path, names: list[str]) -> Any:
    backend = Tokenizer(
        models.WordPiece({w: i for i, w in enumerate(VOCABULARY)}, unk_token="[UNK]")
    )
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )  # fmt: skip
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]", model_max_length=40, model_input_names=names,
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    return tokenizer


def export(model: Any, tokenizer: Any, folder: Path, outputs: list[str] | None = None) -> None:
    names = tokenizer.model_input_names
    output = "last_hidden_state" if type(model).__name__.endswith("Model") else "logits"
    given_out = outputs or [output]
    given = tokenizer(TEXT, "good", return_tensors="pt", return_token_type_ids=True)
    axes = {name: {0: "batch", 1: "sequence"} for name in [*names, *given_out]}
    if type(model).__name__.endswith(CLASSIFIER):
        axes[output] = {0: "batch"}

    class Wrapped(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, *feeds: torch.Tensor) -> Any:
            found = self.inner(**dict(zip(names, feeds, strict=True)))
            return tuple(found[i] for i in range(len(given_out)))

    (folder / "onnx").mkdir(exist_ok=True)
    torch.onnx.export(
        Wrapped().eval(), tuple(given[name] for name in names), str(folder / "onnx/model.onnx"),
        input_names=names, output_names=given_out, dynamic_axes=axes,
        opset_version=17, dynamo=False,
    )  # fmt: skip
    graph = onnx.load(folder / "onnx/model.onnx")
    for node in graph.graph.node:  # where in torch they came from is of no use here
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    onnx.save(graph, folder / "onnx/model.onnx")
    model.eval()


def record(name: str) -> list[dict[str, Any]]:
    kind, architecture, sizes, extra = FOLDERS[name]
    folder = HERE / "pipelines" / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    config = kind(**sizes, **extra, attn_implementation="eager", initializer_range=0.5)
    model = getattr(transformers, kind.__name__.replace("Config", "") + architecture)(config).eval()
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    names = ["input_ids", "attention_mask"]
    names += ["token_type_ids"] if kind is transformers.BertConfig else []
    tokenizer = tokenizer_of(folder, names)
    export(model, tokenizer, folder)
    task = "feature-extraction" if architecture == "Model" else "text-classification"
    return [answers(name, task, model, tokenizer, change) for change in CHANGED.get(name, [{}])]


def answers(
    name: str, task: str, model: Any, tokenizer: Any, change: dict[str, str]
) -> dict[str, Any]:
    for key, value in change.items():
        setattr(model.config, key, value)
    pipe = transformers.pipeline(task, model=model, tokenizer=tokenizer)
    calls = [
        {"inputs": inputs, "options": options, "result": rounded(pipe(inputs, **options))}
        for inputs, options in (FEATURES if task == "feature-extraction" else CLASSIFY)
    ]
    return {"folder": name, "task": task, "config": change, "calls": calls}


def rounded(value: Any) -> Any:
    """Numbers with seven digits: more differ from machine to machine."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return {k: rounded(v) for k, v in value.items()} if isinstance(value, dict) else value


def main() -> None:
    found = {
        "made": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "cases": [case for name in FOLDERS for case in record(name)],
    }
    text = json.dumps(found, separators=(",", ":"))
    (HERE / "pipelines.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
