"""Writes caches.json: what transformers' generate answers, greedily, with models whose caches are
not all rows of tokens, or do not hold for ever.

    python -m tests.golden.make_caches        # needs torch, transformers and what the tests need

longrope is tests/convert/tiny.py's Phi-3, whose frequencies switch at 16 tokens; the others are
those of tests/hybrids. Each answer has the smallest distance between its best and second-best
logit: under TIE another machine's rounding may rightly choose otherwise, and another prompt is
taken.
"""

# The project's type check runs without torch and transformers, which this script alone needs.
# mypy: disable-error-code="import-not-found,misc,no-untyped-call,untyped-decorator"

from __future__ import annotations

import datetime
import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tests.convert import tiny
from tests.support.hybrids import weights as hybrid_weights

PATH = Path(__file__).with_name("caches.json")
NEW, TIE = 16, 1e-3
LENGTHS = {
    "longrope": (3, 10, 15, 16, 17, 40),
    **dict.fromkeys(hybrid_weights.CONFIGS, (1, 2, 5, 30)),
}


def model_of(case: str) -> Any:
    """The case's model in float32, with plain attention."""
    if case == "longrope":
        with tempfile.TemporaryDirectory() as scratch:
            folder = tiny.write_checkpoint(Path(scratch) / "phi3", "phi3")
            return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    settings = {k: v for k, v in hybrid_weights.CONFIGS[case].items() if k != "architectures"}
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    state = {name: torch.from_numpy(one) for name, one in hybrid_weights.weights(case).items()}
    missing = model.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys, missing
    assert missing.missing_keys in ([], ["lm_head.weight"]), missing
    model.tie_weights()
    return model.eval()


def prompt_of(length: int, shift: int) -> list[int]:
    """Ids of every case's vocabulary."""
    return [int(token) for token in (tiny.ids(length)[0] + shift) % 250]


def certain_answer(model: Any, length: int) -> dict[str, Any]:
    """The answer to the first prompt of that length which no rounding changes."""
    answers = (answer(model, prompt_of(length, shift)) for shift in range(100))
    return next(one for one in answers if one["margin"] > TIE)


@torch.no_grad()
def answer(model: Any, prompt: list[int]) -> dict[str, Any]:
    """The greedy continuation of a prompt."""
    found = model.generate(
        torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        max_new_tokens=NEW,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=0,
        return_dict_in_generate=True,
        output_logits=True,
    )
    best = torch.stack(found.logits)[:, 0].topk(2).values
    margin = float((best[:, 0] - best[:, 1]).min())
    return {
        "prompt": prompt,
        "ids": found.sequences[0, len(prompt) :].tolist(),
        "margin": round(margin, 6),
    }


def main() -> None:
    cases = {}
    for case, lengths in LENGTHS.items():
        model = model_of(case)
        cases[case] = [certain_answer(model, length) for length in lengths]
    made = {name: version(name) for name in ("torch", "transformers")}
    record = {"made": datetime.date.today().isoformat(), **made, "cases": cases}
    PATH.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
