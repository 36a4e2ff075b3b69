"""Tiny configs of every family, in the spellings and with the options that checkpoints have.

Each is compared with torch by `make families` (comparing.py); variants.json has the figures and the
date, and for some of them torch's logits, which test_variants.py compares without torch.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.convert import family_variants
from tests.convert.variant import (
    ABSENT,
    FULL,
    KINDS,
    LLAMA3,
    LONG,
    ROPED,
    SLIDING,
    YARN,
    Json,
    Named,
    Variant,
    short,
)

RECORD = Path(__file__).with_name("variants.json")
BOUND = 5e-5  # of the difference of a logit; they reach about 5
LENGTHS = (12, 48)  # ids: within the windows and contexts of the variants, and beyond
# Those whose logits are recorded, for the tests that have no torch.
RECORDED = (
    "llama sliding_window",
    "llama part",
    "llama both spellings",
    "llama yarn, context beside it",
    "mistral window, asked not to",
    "qwen2 window",
    "qwen2 yarn truncate",
    "smollm3 window",
    "smollm3 kinds, not used",
    "phi3 longrope, context inside alone",
    "gemma gelu by its other name",
    "gemma2",
    "gemma3_text attn_logit_softcapping",
    "gemma3_text final_logit_softcapping",
    "gemma3_text thetas",
    "gpt2 both names",
    "gpt2 unscaled by layer",
    "gpt_neox new, part left out",
    "gpt_neox no bias",
)


def sample(logits: NDArray[Any]) -> Json:
    """Of logits [LENGTHS[-1], vocabulary] some numbers of some rows, and all best tokens."""
    rows = logits[[0, 7, 30, -1], :12]
    some = [[round(float(value), 5) for value in row] for row in rows]
    return {"logits": some, "top": np.argmax(logits, -1).tolist()}


def all_variants() -> dict[str, Variant]:
    """Every variant, by a name that says what it tries."""
    found: dict[str, Variant] = {}
    for make in (_plain, _ropes, _windows, *family_variants.MAKERS):
        for name, variant in make():
            assert name not in found, name
            found[name] = variant
    return found


def _plain() -> Named:
    """What each family leaves to its class; heads of odd sizes; biases; tied or not."""
    for kind in KINDS:
        yield f"{kind}", Variant(kind)
        for tied in (True, False):
            yield f"{kind} tied {tied}", Variant(kind, {"tie_word_embeddings": tied})
    for kind in (*ROPED, "gemma3_text"):
        yield f"{kind} head 24", Variant(kind, {"head_dim": 24})
        act = "hidden_activation" if kind in ("gemma2", "gemma3_text") else "hidden_act"
        for name in ("gelu", "gelu_pytorch_tanh", "relu"):
            yield f"{kind} {name}", Variant(kind, {act: name})
    for kind, key in product(("llama", "smollm3"), ("attention_bias", "mlp_bias")):
        yield f"{kind} {key}", Variant(kind, {key: True})
    for kind in ("qwen3", "gemma", "gemma2", "gemma3_text"):
        yield f"{kind} attention_bias", Variant(kind, {"attention_bias": True})
    for kind in ("llama", "qwen2", "smollm3", "phi3"):
        left_out = {"num_key_value_heads": ABSENT}  # qwen2's class says 32, more than there are
        yield f"{kind} no kv heads", Variant(kind, left_out, refused=kind == "qwen2")
        yield f"{kind} kv heads null", Variant(kind, {"num_key_value_heads": None})
    for kind in ("llama", "phi3", "gemma2"):
        yield f"{kind} eps", Variant(kind, {"rms_norm_eps": 0.1})


def _ropes() -> Named:
    """Rotary settings in the old spelling and in the new one."""
    for kind in ROPED:
        yield f"{kind} theta", Variant(kind, {"rope_theta": 500.0})
        new = {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}
        yield f"{kind} linear new", Variant(kind, {"rope_parameters": new})
        old = {"rope_theta": 500.0, "rope_scaling": {"type": "linear", "factor": 4.0}}
        yield f"{kind} linear old", Variant(kind, old)
        yield f"{kind} dynamic", Variant(kind, {"rope_scaling": {"type": "dynamic", "factor": 2.0}})
    for kind in ("llama", "mistral", "qwen2", "qwen3"):
        yield f"{kind} llama3", Variant(kind, {"rope_theta": 500.0, "rope_scaling": LLAMA3})
        yield f"{kind} yarn", Variant(kind, {"rope_scaling": YARN})
    beside = {"rope_scaling": YARN, "original_max_position_embeddings": 64}
    yield "llama yarn, context beside it", Variant("llama", beside)
    less = {"rope_type": "yarn", "factor": 4.0}
    yield "llama yarn, context left out", Variant("llama", {"rope_scaling": less})
    for more in ({"truncate": False}, {"mscale": 0.7, "mscale_all_dim": 0.9}, {"beta_fast": 8.0}):
        yield f"qwen2 yarn {next(iter(more))}", Variant("qwen2", {"rope_scaling": YARN | more})
    yield (
        "qwen2 yarn attention_factor",
        Variant("qwen2", {"rope_scaling": YARN | {"attention_factor": 0.8}}),
    )
    both = {
        "rope_parameters": {"rope_theta": 50.0},
        "rope_scaling": {"type": "linear", "factor": 2},
    }
    yield "llama both spellings", Variant("llama", both)
    yield "llama longrope", Variant("llama", {"rope_scaling": LONG, **short(16)})
    part = {"rope_type": "proportional", "rope_theta": 100.0, "partial_rotary_factor": 0.5}
    yield "llama proportional", Variant("llama", {"rope_parameters": part})
    plain = {"rope_type": "default", "partial_rotary_factor": 0.5, "rope_theta": 1e4}
    for kind in (*ROPED[:5], "gemma"):
        yield f"{kind} part", Variant(kind, {"rope_parameters": plain})
        yield f"{kind} part beside", Variant(kind, {"partial_rotary_factor": 0.5})


def _windows() -> Named:
    """Sliding windows, asked for in each family's way."""
    for kind in ("mistral", "phi3"):
        yield f"{kind} window", Variant(kind, {"sliding_window": 6})
        yield f"{kind} window null", Variant(kind, {"sliding_window": None})
        unread = {"sliding_window": 6, "use_sliding_window": False}
        yield f"{kind} window, asked not to", Variant(kind, unread)
    listed = {"head_dim": 8, "sliding_window": 6, "layer_types": [SLIDING, FULL, SLIDING]}
    yield "mistral kinds", Variant("mistral", listed)
    full = {**listed, "sliding_window": None, "layer_types": [FULL] * 3}
    yield "mistral kinds without a window", Variant("mistral", full, refused=True)
    for kind in ("qwen2", "qwen3"):
        use = {"use_sliding_window": True, "sliding_window": 6}
        yield f"{kind} window", Variant(kind, {**use, "max_window_layers": 1})
        yield f"{kind} window from the first", Variant(kind, {**use, "max_window_layers": 0})
        yield f"{kind} window, late", Variant(kind, use)
        yield f"{kind} window, not used", Variant(kind, {**use, "use_sliding_window": False})
        yield f"{kind} kinds", Variant(kind, {**use, "layer_types": [SLIDING, FULL, SLIDING]})
    use = {"use_sliding_window": True, "sliding_window": 6, "num_hidden_layers": 5}
    yield "smollm3 window", Variant("smollm3", use)
    yield "smollm3 window, every second", Variant("smollm3", {**use, "no_rope_layer_interval": 2})
    yield "smollm3 window, listed", Variant("smollm3", {**use, "no_rope_layers": [1, 0, 0, 1, 1]})
    kinds = {"layer_types": [SLIDING, FULL, SLIDING, FULL, SLIDING]}
    yield "smollm3 kinds", Variant("smollm3", {**use, **kinds})
    yield (
        "smollm3 kinds, not used",
        Variant("smollm3", {**use, **kinds, "use_sliding_window": False}),
    )
    yield "smollm3 window without use", Variant("smollm3", {"sliding_window": 6})
    for name, rows in (("all", [0] * 5), ("none", [1] * 5), ("more", [1, 0, 1, 0, 1, 1, 1])):
        chosen = {"no_rope_layers": rows, "num_hidden_layers": 5}
        yield f"smollm3 no positions: {name}", Variant("smollm3", chosen)
    yield "gemma2 window", Variant("gemma2", {"sliding_window": 6})
    yield "gemma2 kinds", Variant("gemma2", {"sliding_window": 6, "layer_types": [FULL] * 3})
