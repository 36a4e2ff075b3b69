"""Writes families.json: tensor names and torch's logits of transformers' own tiny models.

PYTHONPATH=.:app python tests/convert/make_families.py      (needs torch, transformers)
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

from tests.convert import tiny


def network(case: str) -> Any:
    """transformers' model of a case, with our weights."""
    config = tiny.config_of(case)
    made = AutoConfig.for_model(config.pop("model_type"), **config)
    model = AutoModelForCausalLM.from_config(made, attn_implementation="eager").float().train(False)
    with torch.no_grad():
        for name, value in state(model).items():
            value.copy_(torch.from_numpy(tiny.tensor(case, name, list(value.shape))))
    return model


def state(model: Any) -> dict[str, Any]:
    """The tensors that a checkpoint would hold."""
    tied = set(getattr(model, "all_tied_weights_keys", None) or ())
    skip = (".attention.bias", ".masked_bias", ".rotary_emb.inv_freq", ".attn.bias")
    return {
        name: value
        for name, value in model.state_dict().items()
        if name not in tied and not name.endswith(skip)
    }


def logits(model: Any, ids: np.ndarray) -> np.ndarray:
    """[ids, vocabulary]"""
    with torch.no_grad():
        found: np.ndarray = model(torch.from_numpy(ids)).logits[0].numpy()
    return found


def record(case: str) -> dict[str, Any]:
    model = network(case)
    rows = logits(model, tiny.ids())[[0, 5, 12, -2, -1]]
    return {
        "tensors": {name: list(value.shape) for name, value in state(model).items()},
        "logits": [[round(float(value), 5) for value in row[:16]] for row in rows],
        "top": [int(row.argmax()) for row in rows],
    }


def main() -> None:
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    cases = {case: record(case) for case in tiny.CASES}
    text = json.dumps({"made_with": versions, "cases": cases}, indent=1)
    tiny.GOLDEN.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
