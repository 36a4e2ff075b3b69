"""Records what transformers' pipelines read out of texts, on tiny random checkpoints as ONNX.

    python -m tests.golden.make_reading

Needs torch and onnx. With transformers 5.24.0 it writes tests/golden/reading.json and the folders
of its tasks in tests/golden/pipelines/; with transformers 4.57.6, which has question-answering
still, tests/golden/answers.json and the folders of that.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from tokenizers.pre_tokenizers import ByteLevel

from tests.golden.make_pipelines import BERT, HERE, SIZES, VOCABULARY, export, rounded, tokenizer_of
from tests.golden.reading_calls import CALLS

IOB = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC"}
PLAIN = {0: "O", 1: "PER", 2: "LOC"}
NLI = {0: "contradiction", 1: "neutral", 2: "ENTAILMENT"}
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
MERGES = [
    "th",
    "the",
    "Ġt",
    "Ġthe",
    "Ġc",
    "at",
    "Ġcat",
    "Ġs",
    "Ġsat",
    "in",
    "ing",
    "Ġd",
    "Ġdo",
    "Ġdog",
]
# folder -> task, family, size of its config
FOLDERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert-ner": ("token-classification", "Bert", {"id2label": IOB}),
    "roberta-ner": ("token-classification", "Roberta", {"id2label": PLAIN}),
    "bert-mask": ("fill-mask", "Bert", {}),
    "roberta-mask": ("fill-mask", "Roberta", {}),
    "bert-nli": ("zero-shot-classification", "Bert", {"id2label": NLI}),
}
QUESTIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert-qa": ("question-answering", "Bert", {}),
    "roberta-qa": ("question-answering", "Roberta", {}),
}
HEADS = {
    "token-classification": "ForTokenClassification",
    "fill-mask": "ForMaskedLM",
    "zero-shot-classification": "ForSequenceClassification",
    "question-answering": "ForQuestionAnswering",
}
OUTPUTS = {"question-answering": ["start_logits", "end_logits"]}


def byte_tokenizer(folder: Path) -> Any:
    """Bytes and a few merges, as RoBERTa has them."""
    letters = sorted(ByteLevel.alphabet())
    tokens = [*SPECIAL[:4], *letters, *MERGES, SPECIAL[4]]
    known, merges = set(letters), []
    for token in MERGES:
        cut = next(i for i in range(len(token) - 1, 0, -1) if {token[:i], token[i:]} <= known)
        merges.append((token[:cut], token[cut:]))
        known.add(token)
    backend = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="<unk>", pad_token="<pad>", cls_token="<s>",
        sep_token="</s>", mask_token="<mask>", bos_token="<s>", eos_token="</s>",
        model_max_length=40, model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    return tokenizer


def make(name: str, task: str, family: str, extra: dict[str, Any]) -> tuple[Any, Any]:
    """A checkpoint with its tokenizer, and its folder."""
    folder = HERE / "pipelines" / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(11)
    if family == "Bert":
        tokenizer = tokenizer_of(folder, ["input_ids", "token_type_ids", "attention_mask"])
        sizes = BERT
    else:
        tokenizer = byte_tokenizer(folder)
        sizes = {**BERT, **SIZES, "vocab_size": len(tokenizer), "max_position_embeddings": 42}
        sizes |= {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "type_vocab_size": 1}
    if labels := extra.get("id2label"):
        extra = {**extra, "label2id": {label: number for number, label in labels.items()}}
    config = getattr(transformers, f"{family}Config")(
        **sizes, **extra, attn_implementation="eager", initializer_range=0.5
    )
    model = getattr(transformers, family + HEADS[task])(config).eval()
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    export(model, tokenizer, folder, OUTPUTS.get(task))
    return model, tokenizer


def record(name: str, task: str, family: str, extra: dict[str, Any]) -> dict[str, Any]:
    model, tokenizer = make(name, task, family, extra)
    pipe = transformers.pipeline(task, model=model, tokenizer=tokenizer)
    mask = tokenizer.mask_token
    calls = []
    for args, options in CALLS[task]:
        args, options = json.loads(json.dumps([args, options]).replace("MASK", mask))
        try:
            calls.append(
                {"args": args, "options": options, "result": plain(pipe(*args, **options))}
            )
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is recorded
            calls.append({"args": args, "options": options, "error": type(exc).__name__})
    return {"folder": name, "task": task, "calls": calls}


def plain(value: Any) -> Any:
    """Without numpy's numbers, rounded."""
    return rounded(json.loads(json.dumps(value, default=float)))


def main() -> None:
    old = transformers.__version__.startswith("4")
    assert len(VOCABULARY) == SIZES["vocab_size"]
    folders = QUESTIONS if old else FOLDERS
    found = {
        "made": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "cases": [record(name, *folders[name]) for name in folders],
    }
    text = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
    (HERE / ("answers.json" if old else "reading.json")).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
