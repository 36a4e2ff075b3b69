"""A real GGUF file, converted, beside transformers' own reading of it in torch.

    PYTHONPATH=.:app python -m tests.convert.proof_gguf [FILE.gguf]

`make gguf-proof` runs it; it needs torch, transformers 5.24 and accelerate. Without a file it takes
the one of real_gguf.py.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, AutoTokenizer

from intab.convert.converter import Request, convert
from intab.convert.reading import read_tokenizer
from intab.convert.running import Runner
from intab.engine.text.tokenizer import Tokenizer
from tests.convert.real_gguf import fetch

ROOT = Path(__file__).parents[2]
PROMPTS = (
    "Once upon a time",
    "The capital of France is",
    "def fibonacci(n):\n",
    "A recipe for bread: take flour,",
    "Die drei wichtigsten Regeln sind",
)
TOKENS = 30  # that follow each prompt
CONTEXT = 512  # tokens whose logits are compared
BOUND = 0.002  # of the difference of a logit


def main() -> int:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else fetch()
    torch.set_num_threads(2)
    transformers.logging.set_verbosity_error()
    theirs: Any = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "model"
        convert(Request(path, out, ("fp32",)))
        ours = read_tokenizer(out)
        same = compare_ids(ours, theirs)
        runner = Runner(out / "onnx/model.onnx")
        model: Any = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32
        )
        right = compare_logits(runner, model, ours) & compare_text(runner, model, ours)
    return 0 if same and right else 1


def compare_ids(ours: Tokenizer, theirs: Any) -> bool:
    """Every paragraph of the documents; what llama.cpp and transformers cut otherwise is told."""
    texts = [
        part for file in sorted(ROOT.glob("**/*.md")) if mine(file) for part in paragraphs(file)
    ]
    other = [text for text in texts if ours.encode(text) != theirs(text)["input_ids"]]
    print(f"{len(texts) - len(other)} of {len(texts)} paragraphs have transformers' ids")
    for text in other[:3]:
        print(f"  not {text[:70]!r}")
    golden = json.loads((ROOT / "tests/golden/gguf.json").read_text(encoding="utf-8"))["texts"]
    rare = [text for text in golden if ours.encode(text) != theirs(text)["input_ids"]]
    print(f"of {len(golden)} rare texts these have others: {rare}")
    return len(other) <= len(texts) // 100


def mine(file: Path) -> bool:
    return not {"node_modules", ".venv", "build"} & set(file.relative_to(ROOT).parts)


def paragraphs(file: Path) -> list[str]:
    return [part for part in file.read_text(encoding="utf-8").split("\n\n") if part]


def compare_logits(runner: Runner, model: Any, tokenizer: Tokenizer) -> bool:
    ids = tokenizer.encode((ROOT / "docs/convert.md").read_text(encoding="utf-8"))[:CONTEXT]
    with torch.no_grad():
        wanted: NDArray[np.float32] = model(torch.tensor([ids])).logits[0].numpy()
    found = runner.logits(ids)
    most = float(np.abs(found - wanted).max())
    best = int((found.argmax(-1) == wanted.argmax(-1)).sum())
    print(f"{len(ids)} rows of logits differ by at most {most:.6f}; {best} best tokens agree")
    return most < BOUND


def compare_text(runner: Runner, model: Any, tokenizer: Tokenizer) -> bool:
    same = 0
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt)
        with torch.no_grad():
            row = model.generate(
                torch.tensor([ids]), max_new_tokens=TOKENS, do_sample=False, eos_token_id=-1
            )
        same += runner.greedy(ids, TOKENS) == row[0, len(ids) :].tolist()
    print(f"{same} of {len(PROMPTS)} prompts go on with the same {TOKENS} tokens")
    return same == len(PROMPTS)


if __name__ == "__main__":
    sys.exit(main())
