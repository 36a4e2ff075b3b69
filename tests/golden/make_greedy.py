"""Writes greedy.json: what native onnxruntime says when transformers' own greedy loop drives it.

    python tests/golden/make_greedy.py        # needs models/requirements.txt

Ten prompts, none chosen for its margin. Each case records the smallest distance between its best
and second-best logit: where that is under TIE, another machine's rounding may rightly choose
otherwise, so the script refuses to write such a case and the prompt must be changed.
"""

# The project's type check runs without torch and transformers, which this script alone needs.
# mypy: disable-error-code="import-not-found,misc,no-untyped-call"

from __future__ import annotations

import datetime
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor
from transformers import (
    AutoTokenizer,
    DynamicCache,
    GenerationConfig,
    GenerationMixin,
    LlamaConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import CausalLMOutputWithPast

from intab.engine.runtime.graphs import EXACT_INT8

HERE = Path(__file__).resolve().parent
MODEL = HERE.parents[1] / "models" / "default"
NEW_TOKENS = 48
TIE = 1e-3

LONG = """Once upon a time there was a little mouse called Pip who lived under the floor of an old \
kitchen. Every night, when the family had gone to bed, Pip came out to look for crumbs. He found \
bread under the table, cheese behind the stove, and once a whole walnut in the corner by the door.

One evening the cook's cat, a fat grey animal named Duke, was sitting beside the hole. "Good \
evening, Pip," said the cat. "I have been waiting for you." Pip was very frightened, but he did \
not run away. "Good evening, Duke," he said. "Are you hungry?"

"I am always hungry," said the cat.

"Then come with me," said Pip, "and I will show you where the cook hides the cream. But first you \
must promise not to eat me." The cat thought about the cream for a long time. Then he lifted his \
paw and gave his promise. So the mouse ran along the wall, and the cat walked softly after him, \
until they came to a tall blue cupboard. Pip pointed at the top shelf and"""

PROMPTS: dict[str, str | list[dict[str, str]]] = {
    "once": "Once upon a time",
    "one word": "The",
    "named child": "One day, a little girl named Lily went to the park with her mom.",
    "speech": 'The fox looked up at the crow and said, "',
    "tale": "There was once a king who had three sons, and the youngest of them was",
    "digits": "Tom had 12 red apples and 3 green ones. He gave 5 to Sara.",
    "not ascii": "Zoë and José sat in the café. “Look,” said Zoë, “a 🐶!” Then",
    "long": LONG,
    "chat words": [
        {"role": "user", "content": "Write a story with the words dog, rain and box."},
    ],
    "chat question": [
        {"role": "system", "content": "You are a helpful assistant."},
        {
            "role": "user",
            "content": "Tim had a red ball. He lost it in the garden.\n\nWhat did Tim lose?",
        },
    ],
}


@dataclass(frozen=True)
class Case:
    """One prompt and what must follow; the last id may be an end-of-text."""

    name: str
    prompt: str | list[dict[str, str]]
    prompt_ids: list[int]
    greedy_ids: list[int]
    text: str
    smallest_margin: float


class OnnxLlama(PreTrainedModel, GenerationMixin):
    """A transformers model whose forward pass is an onnxruntime session."""

    config_class = LlamaConfig
    main_input_name = "input_ids"

    def __init__(self, config: LlamaConfig, path: Path, options: dict[str, str]) -> None:
        super().__init__(config)
        self._unused = torch.nn.Parameter(torch.zeros(1))  # generate() asks it for the device
        self._session = onnxruntime.InferenceSession(
            str(path), _session_options(options), providers=["CPUExecutionProvider"]
        )

    def forward(
        self,
        input_ids: Tensor,
        cache: DynamicCache,
        attention_mask: Tensor | None = None,
        **unused: Any,
    ) -> CausalLMOutputWithPast:
        """Sequences side by side, padded on the left; transformers drops a mask of ones."""
        batch, new = input_ids.shape
        past = cache.get_seq_length()
        ones = torch.ones(batch, past + new)
        mask = (ones if attention_mask is None else attention_mask).numpy().astype(np.int64)
        feeds = {
            "input_ids": input_ids.numpy(),
            "attention_mask": mask,
            "position_ids": np.maximum(mask.cumsum(1) - 1, 0)[:, -new:],
            "num_logits_to_keep": np.array(1),
            "cache_position": np.arange(past, past + new),
        }
        asked = {value.name for value in self._session.get_inputs()}
        feeds = {name: value for name, value in feeds.items() if name in asked}
        logits, *presents = self._session.run(None, feeds | self._past(cache, batch))
        # A graph whose cache has room gives the new rows alone.
        self._remember(cache, presents, 0 if "cache_position" in asked else past)
        return CausalLMOutputWithPast(logits=torch.from_numpy(logits), cache=cache)

    def _past(self, cache: DynamicCache, batch: int) -> dict[str, Any]:
        names = [i for i in self._session.get_inputs() if i.name.startswith("past_key_values")]
        empty = torch.zeros(batch, names[0].shape[1], 0, names[0].shape[3])
        return {i.name: _cached(cache, i.name, empty).numpy() for i in names}

    def _remember(self, cache: DynamicCache, presents: list[Any], known: int) -> None:
        names = [output.name for output in self._session.get_outputs()[1:]]
        found = {n: torch.from_numpy(p) for n, p in zip(names, presents, strict=True)}
        for layer in range(self.config.num_hidden_layers):
            key, value = found[f"present.{layer}.key"], found[f"present.{layer}.value"]
            cache.update(key[:, :, known:], value[:, :, known:], layer)


def main() -> None:
    model, tokenizer = load()
    cases = [make_case(model, tokenizer, name, prompt) for name, prompt in PROMPTS.items()]
    if ties := [case.name for case in cases if case.smallest_margin < TIE]:
        raise SystemExit(f"near ties in {ties}: change these prompts")
    text = json.dumps(_heading() | {"cases": [asdict(case) for case in cases]}, indent=1)
    (HERE / "greedy.json").write_text(text + "\n", encoding="utf-8")
    print({case.name: (len(case.prompt_ids), case.smallest_margin) for case in cases})


def load() -> tuple[Any, Any]:
    """The model and its tokenizer, as Any: transformers' own annotations reject their use."""
    options = json.loads((MODEL / "intab.json").read_text())["session_options"]
    config = LlamaConfig.from_pretrained(MODEL)
    model = OnnxLlama(config, MODEL / "onnx" / "model_quantized.onnx", options)
    model.generation_config = GenerationConfig.from_pretrained(MODEL)
    return model, AutoTokenizer.from_pretrained(MODEL)


def make_case(model: Any, tokenizer: Any, name: str, prompt: str | list[dict[str, str]]) -> Case:
    ids = encode(tokenizer, prompt)
    found = model.generate(
        torch.tensor([ids]),
        do_sample=False,
        max_new_tokens=NEW_TOKENS,
        output_logits=True,
        return_dict_in_generate=True,
    )
    made = found.sequences[0, len(ids) :].tolist()
    best = torch.cat(found.logits).topk(2).values  # [tokens, 2]
    margin = float((best[:, 0] - best[:, 1]).min())
    return Case(name, prompt, ids, made, tokenizer.decode(made), round(margin, 6))


def encode(tokenizer: Any, prompt: str | list[dict[str, str]]) -> list[int]:
    if isinstance(prompt, str):
        return list(tokenizer(prompt).input_ids)
    rendered = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
    return list(tokenizer(rendered, add_special_tokens=False).input_ids)


def _cached(cache: DynamicCache, name: str, empty: Tensor) -> Tensor:
    _, layer, part = name.split(".")
    if cache.get_seq_length() == 0:
        return empty
    entry: Any = cache.layers[int(layer)]
    found: Tensor = entry.keys if part == "key" else entry.values
    return found


def _session_options(entries: dict[str, str]) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    for key, value in (EXACT_INT8 | entries).items():
        options.add_session_config_entry(key, value)
    return options


def _heading() -> dict[str, Any]:
    libraries = ("onnxruntime", "tokenizers", "torch", "transformers")
    return {
        "made_by": "tests/golden/make_greedy.py",
        "date": datetime.date.today().isoformat(),
        "versions": {name: version(name) for name in libraries},
    }


if __name__ == "__main__":
    main()
