"""Writes generation.json: batches, beams and sampled probabilities of transformers' own generate.

    PYTHONPATH=. python tests/golden/make_generation.py                # models/requirements.txt
    PYTHONPATH=. python tests/golden/make_generation.py FOLDER

For the default model, native onnxruntime computes and transformers' loops drive it; for a random
Llama, torch computes. With FOLDER, a random model of SmolLM2-135M's shape is written there as
FOLDER/model with its answers as FOLDER/generation.json; `python -m tests.golden.prove FOLDER` then
compares CPython and a browser with them.
"""

# The project's type check runs without torch and transformers, which this script alone needs.
# mypy: disable-error-code="import-not-found,misc,no-untyped-call"

from __future__ import annotations

import datetime
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from tests.golden.make_greedy import load
from tests.support.llama import LARGE, TINY, Shape, config_of, random_weights, write_llama

HERE = Path(__file__).resolve().parent
KEPT = 8  # warped probabilities that are recorded of each step, the greatest
NEW = 16
PROMPTS = [
    "Once upon a time",
    "The",
    "One day, a little girl named Lily went to the park with her mom.",
    "Tom had 12 red apples and",
]
BEAMS: list[dict[str, Any]] = [
    {"num_beams": 3, "num_return_sequences": 3},
    {"num_beams": 4, "num_return_sequences": 2, "early_stopping": True},
    {"num_beams": 2, "early_stopping": "never", "length_penalty": 0.5},
    {"num_beams": 3, "num_return_sequences": 3, "length_penalty": -1.0, "early_stopping": True},
    {"num_beams": 3, "length_penalty": 2.0, "repetition_penalty": 1.3},
    {"num_beams": 3, "no_repeat_ngram_size": 2, "min_new_tokens": 6},
    {"num_beams": 3, "repetition_penalty": 1.5, "renormalize_logits": True},
    {"num_beams": 2, "sequence_bias": [[[9], 4.0], [[9, 9], -6.0], [[9, 40], 5.0]]},
]
SAMPLED: list[dict[str, Any]] = [
    {"top_k": 0},
    {"temperature": 0.7, "top_k": 40, "top_p": 0.9},
    {"temperature": 1.5, "top_k": 0, "min_p": 0.05, "repetition_penalty": 1.2},
    {"top_k": 0, "typical_p": 0.8, "epsilon_cutoff": 0.0005},
]


class Reference:
    """A model of transformers, an encoder of prompts, the ids that end an answer."""

    def __init__(self, model: Any, encode: Any, ends: list[int]) -> None:
        model.generation_config = GenerationConfig(pad_token_id=0)
        self.model, self.encode, self.ends = model, encode, ends

    def record(self) -> dict[str, Any]:
        """Every case."""
        # Random models never end by themselves: an id that their greedy answer has ends it.
        ends = self.ends or self.greedy(PROMPTS[0], [])[5:6]
        return {
            "eos_token_id": ends,
            "max_new_tokens": NEW,
            "batch": {"prompts": PROMPTS, "ids": self.batch(ends)},
            "beams": [case for p in PROMPTS[:2] for o in BEAMS for case in self.searches(p, o)],
            "sampled": [self.sampled(PROMPTS[0], options) for options in SAMPLED],
        }

    def generate(self, ids: Any, ends: list[int], **options: Any) -> Any:
        options.setdefault("attention_mask", torch.ones_like(ids))
        return self.model.generate(
            ids,
            max_new_tokens=NEW,
            eos_token_id=ends or None,
            return_dict_in_generate=True,
            output_scores=True,
            **options,
        )

    def greedy(self, prompt: str, ends: list[int]) -> list[int]:
        ids = torch.tensor([self.encode(prompt)])
        return list(self.generate(ids, ends).sequences[0, ids.shape[1] :].tolist())

    def batch(self, ends: list[int]) -> list[list[int]]:
        """Padded on the left, all at once; ids after the end are cut off."""
        encoded = [self.encode(prompt) for prompt in PROMPTS]
        longest = max(map(len, encoded))
        padded = torch.tensor([[0] * (longest - len(ids)) + ids for ids in encoded])
        mask = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in encoded])
        found = self.generate(padded, ends, attention_mask=mask).sequences[:, longest:]
        return [_until(row.tolist(), ends) for row in found]

    def searches(self, prompt: str, options: dict[str, Any]) -> list[dict[str, Any]]:
        """A search without an end, and one where two ids of the first's best answer are ends."""
        first = self.beams(prompt, options, [])
        return [first, self.beams(prompt, options, [first["ids"][0][at] for at in (4, 9)])]

    def beams(self, prompt: str, options: dict[str, Any], ends: list[int]) -> dict[str, Any]:
        ids = torch.tensor([self.encode(prompt)])
        found = self.generate(ids, ends, **options)
        return {
            "prompt": prompt,
            "options": options | {"eos_token_id": ends},
            "ids": [_until(row.tolist(), ends) for row in found.sequences[:, ids.shape[1] :]],
            "scores": [round(score, 6) for score in found.sequences_scores.tolist()],
        }

    def sampled(self, prompt: str, options: dict[str, Any]) -> dict[str, Any]:
        """A drawn answer, and what each of its tokens was drawn from."""
        torch.manual_seed(1)
        ids = torch.tensor([self.encode(prompt)])
        found = self.generate(ids, [], do_sample=True, **options)
        steps = []
        for scores in found.scores:
            best = torch.softmax(scores[0], -1).topk(KEPT)
            steps.append(
                {
                    "kept": int(torch.isfinite(scores[0]).sum()),
                    "ids": best.indices.tolist(),
                    "probabilities": [round(value, 7) for value in best.values.tolist()],
                }
            )
        made = found.sequences[0, ids.shape[1] :].tolist()
        return {"prompt": prompt, "options": options, "ids": made, "steps": steps}


def _until(ids: list[int], ends: list[int]) -> list[int]:
    end = next((i for i, token in enumerate(ids) if token in ends), len(ids) - 1)
    return ids[: end + 1]


def default_model() -> Reference:
    model, tokenizer = load()
    ends = model.generation_config.eos_token_id
    return Reference(model, lambda text: list(tokenizer(text).input_ids), ends)


def random_llama(shape: Shape) -> Reference:
    with torch.no_grad():
        model = LlamaForCausalLM(LlamaConfig(**config_of(shape))).eval()
        weights = {k: torch.from_numpy(v) for k, v in random_weights(shape).items()}
        model.load_state_dict(weights, strict=False)
        model.tie_weights()
    return Reference(model, lambda text: byte_ids(text), [])


def byte_ids(text: str) -> list[int]:
    """The ids of the byte tokenizer, whose vocabulary is the alphabet in sorted order."""
    from intab.engine.text.tokenizer import Tokenizer
    from tests.engine.conftest import byte_tokenizer_json

    return Tokenizer(byte_tokenizer_json()).encode(text)


def heading() -> dict[str, Any]:
    libraries = ("onnxruntime", "tokenizers", "torch", "transformers")
    return {
        "made_by": "tests/golden/make_generation.py",
        "date": datetime.date.today().isoformat(),
        "versions": {name: version(name) for name in libraries},
    }


def write(path: Path, models: dict[str, Reference]) -> None:
    recorded = {name: reference.record() for name, reference in models.items()}
    path.write_text(json.dumps(heading() | {"models": recorded}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        target = Path(sys.argv[1])
        write_llama(target / "model", LARGE)
        write(target / "generation.json", {"large": random_llama(LARGE)})
    else:
        write(HERE / "generation.json", {"default": default_model(), "tiny": random_llama(TINY)})
