"""Real texts of MATERIAL's corpora, and odd ones: accents, emoji, right to left, long, empty."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

COUNT = 500
ODD = [
    *("", " ", "a", "\t\n", ".", "[SEP]", "[MASK] [CLS]", "<s> </s>", "\u200b\u00a0\ufeff"),
    "Zo\u00eb\u2019s caf\u00e9: na\u00efve, d\u00e9j\u00e0 vu \u2014 100%! e\u0301 A\u030a",
    "My name is Alex Rivera and I live at 42 Maple Street, Austin, Texas 78701. \U0001f600",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 called 415-555-0132 \U0001f1e9\U0001f1ea m@ex.com",
    "\u05e9\u05dc\u05d5\u05dd Dr. Sarah Cohen, \u0645\u0631\u062d\u0628\u0627 +972 54 123 4567",
    "\u732b\u5728\u57ab\u5b50\u4e0a John Smith \u3053\u3093\u306b\u3061\u306f\uff0c\u4e16\u754c",
    "Supercalifragilisticexpialidocious" * 8,
    "https://example.com/a?b=c#d " * 12,
    "1234 5678 9012 3456, DE89 3704 0044 0532 0130 00, 123-45-6789",
]


def lines(file: Path, count: int) -> list[str]:
    """The texts of a corpus's first lines."""
    with file.open(encoding="utf-8") as rows:
        return [json.loads(row)["text"] for row in islice(rows, count)]


def real_texts(material: Path) -> list[str]:
    """Sentences and paragraphs of several lengths, then the odd ones."""
    corpora = material / "corpora"
    whole = lines(corpora / "stories-heldout.jsonl", 100) + lines(corpora / "novels.jsonl", 10)
    pieces: list[str] = []
    for number, text in enumerate(whole):
        start, size = 0, (40, 90, 200, 500, 1200)[number % 5]
        for _ in range(8):
            pieces.append(text[start : start + size])
            start += size
    return [*[piece for piece in pieces if piece][:COUNT], *ODD, whole[-1][:9000]]


def questions(material: Path) -> list[dict[str, str]]:
    """The beginnings of questions and of the parts of tales that they are about: the models that
    answer them here take 40 tokens."""
    with (material / "corpora/fairytaleqa.jsonl").open(encoding="utf-8") as rows:
        found = [json.loads(row) for row in islice(rows, 500)]
    return [
        {"question": one["question"][:14], "context": one["section"][:700]}
        for one in found
        if one.get("question") and one.get("section")
    ]
