"""Makes tokenizers.json: what transformers makes of tokens that a folder's files declare.

    python tests/golden/make_tokenizers.py        needs: transformers 5.24, torch, sentencepiece

Recorded 2026-11-30 with transformers 5.24.0 and tokenizers 0.23.3.
"""

from __future__ import annotations

import inspect
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers
from transformers.models.auto import tokenization_auto as auto

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.engine.support.tokenizer_cases import CASES, TEXTS, folder, stop_cases

TARGET = Path(__file__).with_name("tokenizers.json")
# The tokens that prompts and answers are drawn from.
KINDS = {
    "both": ["a", "b", "Ġ", "Ã", "©"],
    "pieces": ["a", "b", "▁", "<0xC3>", "<0xA9>"],
    "class llama": ["a", "b", "▁"],
}
ALIASES = (
    *("DistilBertTokenizer", "ElectraTokenizer", "LayoutLMTokenizer", "LEDTokenizer"),
    *("LongformerTokenizer", "LxmertTokenizer", "MobileBertTokenizer", "MvpTokenizer"),
    "SqueezeBertTokenizer",
)
FLAGS = ("lstrip", "rstrip", "normalized", "single_word", "special")


def main() -> None:
    """Record every case, and the tables of classes."""
    versions = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__}
    cases = {name: _case(name) for name in CASES}
    found: dict[str, Any] = {
        "versions": versions,
        "classes": _classes(),
        "aliases": _aliases(),
        "types": _types(),
        "cases": cases,
    }
    found["stops"] = _stops()
    found["prompted"] = [case for name in KINDS for case in _prompted(name)]
    found["wrong"] = sorted(auto.MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS)
    TARGET.write_text(json.dumps(found, ensure_ascii=False).replace('}, "', '},\n"') + "\n")


def _case(name: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        for file, text in folder(name).items():
            Path(place, file).write_text(text)
        tokenizer = transformers.AutoTokenizer.from_pretrained(place)
    return describe(tokenizer, TEXTS)


def describe(tokenizer: Any, texts: tuple[str, ...]) -> dict[str, Any]:
    """All that a tokenizer says."""
    ids = [tokenizer(text)["input_ids"] for text in texts]
    placed = [tokenizer(text, return_offsets_mapping=True) for text in texts]
    added = tokenizer.added_tokens_decoder
    return {
        "class": type(tokenizer).__name__,
        "named": tokenizer.special_tokens_map,
        "size": len(tokenizer),
        "added": {
            number: [token.content, *(getattr(token, flag) for flag in FLAGS)]
            for number, token in sorted(added.items())
        },
        "ids": ids,
        "places": [one["offset_mapping"] for one in placed],
        "bare": [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts],
        "shown": [tokenizer.decode(row, skip_special_tokens=True) for row in ids],
        "full": [tokenizer.decode(row, skip_special_tokens=False) for row in ids],
        "chat": tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False)
        if tokenizer.chat_template
        else None,
    }


def _stops() -> list[dict[str, Any]]:
    """Sequences of ids with stop strings, and after how many ids generate() would stop."""
    found = []
    for name, ids, stop in stop_cases():
        end = _end(_load(name), [], ids, stop)
        found.append({"case": name, "ids": ids, "stop": stop, "tokens": end})
    return found


def _prompted(name: str) -> list[dict[str, Any]]:
    """Drawn prompts, answers and stop strings that may begin in the prompt, which ends with a whole
    character, as texts do."""
    tokenizer, draw, found = _load(name), random.Random(11), list[dict[str, Any]]()
    few = tokenizer.convert_tokens_to_ids(KINDS[name])
    while len(found) < 40:
        prompt, answer = ([draw.choice(few) for _ in range(count)] for count in (5, 6))
        before = tokenizer.decode(prompt)
        at = len(before)
        start, end = at - draw.randrange(4), at + draw.randrange(-1, 5)
        stop = tokenizer.decode([*prompt, *answer])[max(start, 0) : end]
        if not stop or "\ufffd" in stop or before.endswith("\ufffd"):
            continue
        case = {"case": name, "prompt": prompt, "ids": answer, "stop": stop}
        found.append({**case, "tokens": _end(tokenizer, prompt, answer, stop)})
    return found


def _load(name: str) -> Any:
    with tempfile.TemporaryDirectory() as place:
        for file, text in folder(name).items():
            Path(place, file).write_text(text)
        return transformers.AutoTokenizer.from_pretrained(place)


def _end(tokenizer: Any, prompt: list[int], ids: list[int], stop: str) -> int | None:
    """After how many ids of an answer generate() would stop."""
    criterion = transformers.StopStringCriteria(tokenizer, [stop])
    counts = range(1, len(ids) + 1)
    ends = (n for n in counts if criterion(torch.tensor([[*prompt, *ids[:n]]]), None)[0])
    return next(ends, None)


def _classes() -> dict[str, dict[str, str | None]]:
    """The named special tokens in the constructors of the classes."""
    found = {}
    for name in sorted({name for name in auto.TOKENIZER_MAPPING_NAMES.values() if name}):
        try:
            kind = auto.tokenizer_class_from_name(name)
        except ImportError:
            continue
        if kind is not None and issubclass(kind, auto.TokenizersBackend):
            parameters = inspect.signature(kind.__init__).parameters.values()
            found[name] = {
                one.name: None if one.default is None else str(one.default)
                for one in parameters
                if one.name in kind.SPECIAL_TOKENS_ATTRIBUTES and one.default is not one.empty
            }
    return found


def _aliases() -> dict[str, str]:
    """Names of classes of earlier versions, and the class that they are now."""
    return {name: _parent(name) for name in ALIASES}


def _parent(name: str) -> str:
    kind = auto.tokenizer_class_from_name(name)
    return "BertTokenizer" if issubclass(kind, transformers.BertTokenizer) else kind.__name__


def _types() -> dict[str, str]:
    return {kind: name for kind, name in auto.TOKENIZER_MAPPING_NAMES.items() if name}


if __name__ == "__main__":
    main()
