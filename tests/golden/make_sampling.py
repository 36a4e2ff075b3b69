"""Makes sampling.json: what transformers' logits processors and warpers answer on stored rows.

    python tests/golden/make_sampling.py        needs: torch, transformers

Rows are small, and hard where it matters: ties, forbidden tokens, one token that takes all, flat.
Minus infinity is stored as null.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from transformers import LogitsProcessor
from transformers.generation import logits_process as reference

TARGET = Path(__file__).with_name("sampling.json")
VOCABULARY = 24
EOS = [3, 5]
PROMPT = [1, 4, 9, 4, 9]
IDS = [*PROMPT, 7, 4, 9, 2, 7, 4]


def rows() -> dict[str, list[float]]:
    """Rows of logits by name."""
    rng = np.random.default_rng(11)
    normal = rng.normal(scale=2.5, size=VOCABULARY)
    forbidden = normal.copy()
    forbidden[::3] = -np.inf
    return {
        "normal": normal.tolist(),
        "wide": (normal * 6).tolist(),
        "flat": [0.0] * VOCABULARY,
        "ties": np.round(normal).tolist(),
        "one": [30.0 if i == 8 else -5.0 for i in range(VOCABULARY)],
        "forbidden": forbidden.tolist(),
    }


def warpers() -> dict[str, LogitsProcessor]:
    """The warpers by the options that make them, as JSON."""
    made: dict[str, LogitsProcessor] = {}
    classes = {
        "temperature": (reference.TemperatureLogitsWarper, (0.3, 0.7, 1.5, 3.0)),
        "top_k": (reference.TopKLogitsWarper, (1, 2, 5, 23, 24, 50)),
        "top_p": (reference.TopPLogitsWarper, (0.0, 0.1, 0.5, 0.9, 0.99)),
        "min_p": (reference.MinPLogitsWarper, (0.01, 0.1, 0.5, 1.0)),
        "typical_p": (reference.TypicalLogitsWarper, (0.1, 0.5, 0.9, 0.99)),
        "epsilon_cutoff": (reference.EpsilonLogitsWarper, (0.001, 0.02, 0.1, 0.9)),
        "eta_cutoff": (_eta, (0.001, 0.02, 0.1, 0.9)),
    }
    for option, (make, values) in classes.items():
        for value in values:
            made[json.dumps({option: value})] = make(value)
    return made


def _eta(epsilon: float) -> LogitsProcessor:
    return reference.EtaLogitsWarper(epsilon=epsilon)


def processors() -> dict[str, LogitsProcessor]:
    """The processors by the options that make them, as JSON."""
    prompt, eos = len(PROMPT), torch.tensor(EOS)
    bad = [[7], [4, 9], [2, 7, 4, 11], [3], [4, 6], [7, 4, 12]]
    made: dict[str, LogitsProcessor] = {}
    for penalty in (0.8, 1.2, 2.0):
        made[json.dumps({"repetition_penalty": penalty})] = (
            reference.RepetitionPenaltyLogitsProcessor(penalty)
        )
    for size in (1, 2, 3, 4):
        made[json.dumps({"no_repeat_ngram_size": size})] = reference.NoRepeatNGramLogitsProcessor(
            size
        )
    read = torch.tensor([PROMPT])
    for penalty in (0.7, 1.5):
        made[json.dumps({"encoder_repetition_penalty": penalty})] = (
            reference.EncoderRepetitionPenaltyLogitsProcessor(penalty, read)
        )
    for size in (1, 2, 3):
        made[json.dumps({"encoder_no_repeat_ngram_size": size})] = (
            reference.EncoderNoRepeatNGramLogitsProcessor(size, read)
        )
    made[json.dumps({"bad_words_ids": bad})] = reference.NoBadWordsLogitsProcessor(bad, eos)
    for count in (5, 6, 7):
        made[json.dumps({"min_new_tokens": count})] = reference.MinNewTokensLengthLogitsProcessor(
            prompt, count, eos
        )
    made[json.dumps({"suppress_tokens": [0, 8]})] = reference.SuppressTokensLogitsProcessor([0, 8])
    made[json.dumps({"begin_suppress_tokens": [0, 8]})] = (
        reference.SuppressTokensAtBeginLogitsProcessor([0, 8], prompt)
    )
    made[json.dumps({"forced_bos_token_id": 6})] = reference.ForcedBOSTokenLogitsProcessor(6)
    for length in (6, 7, 8):
        made[json.dumps({"forced_eos_token_id": EOS, "max_new_tokens": length})] = (
            reference.ForcedEOSTokenLogitsProcessor(prompt + length, EOS)
        )
    bias = {(0,): 1.5, (8,): -3.0}
    made[json.dumps({"logit_bias": {"0": 1.5, "8": -3.0}})] = reference.SequenceBiasLogitsProcessor(
        bias
    )
    sequences = [[[0], 1.5], [[8], -3.0], [[4, 9], 2.0], [[2, 7, 4, 11], -0.7], [[7, 4, 11], 0.3]]
    made[json.dumps({"sequence_bias": sequences})] = reference.SequenceBiasLogitsProcessor(
        sequences
    )
    made[json.dumps({"remove_invalid_values": True})] = reference.InfNanRemoveLogitsProcessor()
    for start, factor in ((0, 1.1), (3, 1.5), (5, 0.8), (6, 2.0)):
        option = {"exponential_decay_length_penalty": [start, factor]}
        made[json.dumps(option)] = reference.ExponentialDecayLengthPenalty(
            (start, factor), EOS, prompt
        )
    return made


def answer(processor: LogitsProcessor, ids: list[int], row: list[float]) -> list[float | None]:
    """What the processor makes of one row, in float32."""
    scores = torch.tensor([row], dtype=torch.float32)
    made = processor(torch.tensor([ids]), scores)[0].tolist()
    return [None if value == -np.inf else value for value in made]


def cases() -> list[dict[str, Any]]:
    """Every processor on every row, after the prompt alone, one id, and the whole."""
    found = []
    for kind, made in (("warper", warpers()), ("processor", processors())):
        for options, processor in made.items():
            for name, row in rows().items():
                for ids in [IDS] if kind == "warper" else (IDS, PROMPT, PROMPT[:1]):
                    expected = answer(processor, ids, row)
                    case = {"options": json.loads(options), "row": name, "ids": len(ids)}
                    found.append({**case, "expected": expected})
    return found


def main() -> None:
    """Write sampling.json."""
    stored = {k: [None if v == -np.inf else v for v in row] for k, row in rows().items()}
    TARGET.write_text(
        json.dumps(
            {
                "date": datetime.now(UTC).date().isoformat(),
                "transformers": transformers.__version__,
                "torch": torch.__version__,
                "eos_token_id": EOS,
                "prompt": len(PROMPT),
                "ids": IDS,
                "rows": stored,
                "cases": cases(),
            }
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
