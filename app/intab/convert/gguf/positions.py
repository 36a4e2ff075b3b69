"""The rotary settings of a GGUF file, as transformers' rope_parameters has them.

llama.cpp keeps Llama 3's scaling as a tensor of factors, `rope_freqs`. transformers has no name for
factors alone, but longrope with the same ones short and long is that, and nothing switches then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from intab.convert.architecture import Array
from intab.convert.gguf.keys import Keys
from intab.errors import ConvertError

FREQUENCIES = "rope_freqs.weight"
SHORT, LONG = "rope_factors_short.weight", "rope_factors_long.weight"
FACTORS = (FREQUENCIES, SHORT, LONG)
DEFAULT_BASE = 10000.0
# Read where it is asked for; without effect elsewhere.
PARTS = (
    *("rope.freq_base", "rope.scale_linear", "rope.scaling.type", "rope.scaling.factor"),
    *("rope.scaling.attn_factor", "rope.scaling.original_context_length"),
    *("rope.scaling.yarn_log_multiplier", "rope.scaling.yarn_ext_factor"),
    *("rope.scaling.yarn_attn_factor", "rope.scaling.yarn_beta_fast"),
    *("rope.scaling.yarn_beta_slow", "rope.scaling.finetuned", "rope.dimension_count"),
)
Tensors = Callable[[str], Array | None]  # a tensor's name -> its values, None if it is not there


def read_positions(keys: Keys, tensors: Tensors) -> dict[str, Any]:
    """rope_parameters of the layers that see everything."""
    for name in PARTS:
        keys.get(name)
    base = {"rope_theta": keys.number("rope.freq_base", DEFAULT_BASE)}
    kind = keys.text("rope.scaling.type") or "linear"
    short, long = tensors(SHORT), tensors(LONG)
    if short is not None and long is not None:
        return {**base, **_longrope(keys, short, long)}
    frequencies = tensors(FREQUENCIES)
    if kind not in ("none", "linear", "yarn", "longrope"):
        raise ConvertError(f"The rotary scaling {kind!r} of {keys.path} is not known.")
    if kind == "longrope":
        raise ConvertError(f"{keys.path} has no {SHORT} and {LONG}, which longrope needs.")
    factor = keys.number("rope.scaling.factor", keys.number("rope.scale_linear", 0.0)) or 1.0
    scaled = kind == "yarn" or (kind == "linear" and factor != 1)
    if frequencies is not None and (frequencies != 1).any():
        if scaled:
            raise ConvertError(f"{keys.path} scales positions twice, which no graph of ours does.")
        return {**base, **_factors(keys, frequencies)}
    if kind == "yarn":
        return {**base, **_yarn(keys, factor)}
    return {**base, "rope_type": "linear", "factor": factor} if scaled else {**base, **_PLAIN}


_PLAIN = {"rope_type": "default"}


def _factors(keys: Keys, factors: Array) -> dict[str, Any]:
    """Factors that divide the frequencies at every length."""
    listed = [float(one) for one in factors]
    return {
        "rope_type": "longrope",
        "short_factor": listed,
        "long_factor": listed,
        "factor": 1.0,
        "attention_factor": 1.0,
        "original_max_position_embeddings": keys.size("context_length"),
    }


def _longrope(keys: Keys, short: Array, long: Array) -> dict[str, Any]:
    context = keys.size("context_length")
    found: dict[str, Any] = {
        "rope_type": "longrope",
        "short_factor": [float(one) for one in short],
        "long_factor": [float(one) for one in long],
        "original_max_position_embeddings": keys.size(
            "rope.scaling.original_context_length", context
        ),
    }
    if "rope.scaling.attn_factor" in keys:
        found["attention_factor"] = keys.number("rope.scaling.attn_factor")
    return found


def _yarn(keys: Keys, factor: float) -> dict[str, Any]:
    if keys.number("rope.scaling.yarn_ext_factor", 1.0) != 1:
        raise ConvertError(
            f"{keys.path} has rope.scaling.yarn_ext_factor, which no graph of ours computes."
        )
    context = keys.size("context_length")
    found: dict[str, Any] = {
        "rope_type": "yarn",
        "factor": factor,
        "original_max_position_embeddings": keys.size(
            "rope.scaling.original_context_length", context
        ),
    }
    # The older key multiplies, the newer is the factor itself.
    for name in ("rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor"):
        if name in keys and keys.number(name) != 1:
            found["attention_factor"] = keys.number(name)
    for name in ("beta_fast", "beta_slow"):
        if f"rope.scaling.yarn_{name}" in keys:
            found[name] = keys.number(f"rope.scaling.yarn_{name}")
    multiplier = keys.number("rope.scaling.yarn_log_multiplier", 0.0)
    return {**found, "mscale": 1.0, "mscale_all_dim": multiplier} if multiplier else found
