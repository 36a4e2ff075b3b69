"""Which models read which texts, with which options: (case, task, model, calls).

A model is a folder of MATERIAL's models, or one of tests/golden/pipelines. A call is the texts, one
by one, and the options of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.reading.texts import questions, real_texts

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/pipelines"
STRATEGIES = ("none", "simple", "first", "average", "max")
LABELS = ["travel", "cooking", "sea", "animals"]
VH = "EVQLVESGGGLVQPGGSLRLSCAASGFTFSSYAMSWVRQAPGKGLEWVSAISGSGGSTYYADSVKGRFTISRDNSKNTLYLQMNSLRAED"
Options = list[dict[str, Any]]
Case = tuple[str, str, Path, list[Any], Options]


def cases(material: Path) -> Iterator[Case]:
    """Those of transformers 5.24."""
    texts, models = real_texts(material), material / "models"
    every: dict[str, Any] = {"ignore_labels": []}
    strategies: Options = [{"aggregation_strategy": s, **every} for s in STRATEGIES]
    windows: Options = [{"aggregation_strategy": s, "stride": 16} for s in STRATEGIES[1:]]
    yield "entities", "token-classification", models / "rampart-ner", texts, [{}, *strategies]
    for name in ("bert-ner", "roberta-ner"):
        yield f"windows {name}", "token-classification", GOLDEN / name, texts, windows
    masked = [f"{VH[:at]}<mask>{VH[at + 1 :]}" for at in range(len(VH))]
    several = [f"<mask>{VH[:at]}<mask><mask>{VH[at:]}" for at in range(0, len(VH), 9)]
    fills: Options = [{}, {"top_k": 25}, {"targets": ["A", "L", "W"], "top_k": 2}]
    yield "masks", "fill-mask", models / "sapiens-vh-mlm", [*masked, *several], fills
    cut = {"truncation": True}
    fill: Options = [
        {"tokenizer_kwargs": cut},
        {"tokenizer_kwargs": cut, "targets": ["the", "a"]},
    ]
    for name, mask in (("bert-mask", "[MASK]"), ("roberta-mask", "<mask>")):
        some = [f"{mask} {text[:150]}" for text in texts]
        yield f"masks {name}", "fill-mask", GOLDEN / name, some, fill
    zero: Options = [
        {"candidate_labels": LABELS},
        {"candidate_labels": LABELS, "multi_label": True},
    ]
    yield "labels of the caller's", "zero-shot-classification", GOLDEN / "bert-nli", texts, zero
    kinds: Options = [
        {"top_k": None, **cut},
        {"function_to_apply": "sigmoid", **cut},
        cut,
    ]
    yield "labels", "text-classification", GOLDEN / "bert-labels", texts, kinds
    yield "vectors", "feature-extraction", models / "all-minilm-l6-v2-q", texts[::4], [cut]


def answers(material: Path) -> Iterator[Case]:
    """Those of transformers 4.57.6."""
    asked = questions(material)
    options: Options = [
        {"doc_stride": 4},
        {"doc_stride": 4, "top_k": 3, "max_answer_len": 5},
        {"doc_stride": 4, "top_k": 3, "align_to_words": False},
        {"doc_stride": 4, "handle_impossible_answer": True, "top_k": 2},
    ]
    for name in ("bert-qa", "roberta-qa"):
        yield f"answers {name}", "question-answering", GOLDEN / name, asked, options
