"""Every number of the recipe that one may want to change, in one place.

Knows no library: sizes and shares are plain data, so that a bigger machine needs a new `Size`
and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONTEXT = 512
VOCABULARY = 4096
SEED = 20260101

END_OF_TEXT = "<|endoftext|>"
IM_START = "<|im_start|>"
IM_END = "<|im_end|>"
SPECIAL_TOKENS = (END_OF_TEXT, IM_START, IM_END)  # their ids are their places: 0, 1, 2


@dataclass(frozen=True)
class Size:
    """The shape of the network, and how many rows of CONTEXT tokens make one step."""

    width: int
    layers: int
    heads: int
    inner: int
    batch: int


SIZES = {
    "placeholder": Size(width=64, layers=2, heads=2, inner=176, batch=8),
    "small": Size(width=256, layers=6, heads=4, inner=704, batch=16),
    "medium": Size(width=256, layers=8, heads=4, inner=704, batch=16),
    "large": Size(width=320, layers=8, heads=5, inner=896, batch=16),
    "full": Size(width=384, layers=7, heads=6, inner=1024, batch=64),  # 14 MB; for an accelerator
}


@dataclass(frozen=True)
class Weights:
    """How much a token of a conversation counts against one of a story, which counts 1.

    An answer has some eight tokens in a row of 512, an asked word is three in a story of 200: what
    decides whether the model does what it was asked would hardly be seen among all the others.
    """

    answer: int = 8  # a token of a short answer
    asked_word: int = 10  # a token of a word that the story was to use
    passage: int = 1  # a token of a text that a question is about


@dataclass(frozen=True)
class Schedule:
    """Learning rates; the shape over time is warm-up, constant, then linear down to zero."""

    muon_rate: float = 4e-3
    adam_rate: float = 3e-3
    weight_decay: float = 0.3  # forgets over a third of the run; 0.1 learns the stories by heart
    warmup: float = 0.02  # shares of the whole run
    decay: float = 0.45


# Shares of the documents' tokens. A model this small writes simple language best, so the simple
# stories weigh far more than their size; the classics only widen its vocabulary. Tales come in
# by one more way: they fill the ends of the rows, about a fifth of all tokens.
MIXTURE = {
    "simple": 0.31,
    "children": 0.04,
    "tales": 0.05,
    "classics": 0.02,
    "novels": 0.01,
    "continue": 0.08,
    "words": 0.20,
    "about": 0.05,
    "sentences": 0.04,
    "title": 0.03,
    "questions": 0.11,
    "facts": 0.058,
    "talk": 0.002,
}


@dataclass(frozen=True)
class Paths:
    """Where the corpora are, where intermediates go and where the model folder is."""

    data: Path
    build: Path
    out: Path

    @property
    def checkpoint(self) -> Path:
        return self.build / "checkpoint"

    @property
    def state(self) -> Path:
        """What a run that was cut short goes on from."""
        return self.build / "state.pt"

    @property
    def texts(self) -> Path:
        """The tokenizer's files."""
        return self.build / "texts"

    @property
    def run(self) -> Path:
        """What was asked for, as JSON."""
        return self.build / "run.json"

    @property
    def log(self) -> Path:
        return self.build / "training.csv"

    @property
    def onnx(self) -> Path:
        return self.out / "onnx" / "model_quantized.onnx"
