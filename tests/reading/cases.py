"""Which models read which texts, with which options: (case, task, model, calls).

A model is a folder of MATERIAL's models, one of tests/golden/pipelines, or one that
tests/reading/families.py makes. A call is the texts, one by one, and the options of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.reading.texts import questions, real_texts

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/pipelines"
MADE = ROOT / "build/reading/models"
STRATEGIES = ("none", "simple", "first", "average", "max")
LABELS = ["travel", "cooking", "sea", "animals"]
VH = "EVQLVESGGGLVQPGGSLRLSCAASGFTFSSYAMSWVRQAPGKGLEWVSAISGSGGSTYYADSVKGRFTISRDNSKNTLYLQMNSLRAED"
Options = list[dict[str, Any]]
Case = tuple[str, str, Path, list[Any], Options]


@dataclass(frozen=True)
class Family:
    """A tiny random checkpoint: its classes' first word, task and tokenizer; whose special tokens
    it has; what its graph takes beside input_ids and attention_mask."""

    kind: str
    task: str
    tokenizer: str
    special: str = "bert"
    takes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its folder's."""
        ends = "".join(f"-{each.split('_')[-2]}s" for each in self.takes)
        return f"{self.kind.lower()}-{self.task.split('-')[0]}{ends}"


TYPES, PLACES = "token_type_ids", "position_ids"
FAMILIES = (
    Family("Albert", "token-classification", "unigram", takes=(TYPES,)),
    Family("Albert", "text-classification", "unigram"),
    Family("Electra", "token-classification", "wordpiece", takes=(TYPES,)),
    Family("Electra", "text-classification", "wordpiece", takes=(TYPES, PLACES)),
    Family("MPNet", "fill-mask", "wordpiece", "roberta"),
    Family("MPNet", "token-classification", "wordpiece", "roberta", (PLACES,)),
    Family("Deberta", "token-classification", "bytes"),
    Family("DebertaV2", "token-classification", "unigram", takes=(TYPES,)),
    Family("DebertaV2", "text-classification", "unigram"),
    Family("ModernBert", "token-classification", "bytes"),
    Family("ModernBert", "fill-mask", "bytes"),
    Family("XLMRoberta", "token-classification", "unigram", "roberta"),
    Family("XLMRoberta", "text-classification", "unigram", "roberta", (PLACES,)),
    Family("XLMRoberta", "fill-mask", "unigram", "roberta"),
    Family("DistilBert", "fill-mask", "wordpiece"),
    Family("DistilBert", "token-classification", "wordpiece"),
)


def cases(material: Path) -> Iterator[Case]:
    """Those of transformers 5.24."""
    texts, models = real_texts(material), material / "models"
    every: dict[str, Any] = {"ignore_labels": []}
    strategies: Options = [{"aggregation_strategy": s, **every} for s in STRATEGIES]
    windows: Options = [{"aggregation_strategy": s, "stride": 16} for s in STRATEGIES[1:]]
    yield "entities", "token-classification", models / "rampart-ner", texts, [{}, *strategies]
    for name in ("bert-ner", "roberta-ner"):
        yield f"windows {name}", "token-classification", GOLDEN / name, texts, windows
    pieces = [VH, *(piece for size in (30, 45, 60, 75) for piece in (VH[:size], VH[-size:]))]
    masked = [f"{p[:at]}<mask>{p[at + 1 :]}" for p in pieces for at in range(len(p))]
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
    for family in FAMILIES:
        mask = "<mask>" if family.special == "roberta" else "[MASK]"
        read, options = {
            "token-classification": (texts, [{}, {"aggregation_strategy": "simple"}, *windows[1:]]),
            "text-classification": (texts, [{"top_k": None}, *kinds[:2]]),
            "fill-mask": ([f"{mask} {text[:150]}" for text in texts], fill[:1]),
        }[family.task]
        yield f"family {family.kind}", family.task, MADE / family.name, read, options
    yield "vectors", "feature-extraction", models / "all-minilm-l6-v2-q", texts[::5], [cut]


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
