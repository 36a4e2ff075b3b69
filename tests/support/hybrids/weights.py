"""The settings and random weights of the hybrid decoders, for these graphs and for transformers."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.support.hybrids import shapes
from tests.support.hybrids.shapes import INNER, VOCABULARY, WIDTH, Shapes

KERNEL, STATE, RANK = 3, 8, 4
LFM2: dict[str, Any] = {
    "architectures": ["Lfm2ForCausalLM"],
    "model_type": "lfm2",
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "block_auto_adjust_ff_dim": False,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "conv_L_cache": KERNEL,
    "layer_types": ["conv", "full_attention", "conv", "full_attention"],
    "max_position_embeddings": 2048,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
    "tie_word_embeddings": True,
}
MAMBA: dict[str, Any] = {
    "architectures": ["MambaForCausalLM"],
    "model_type": "mamba",
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "state_size": STATE,
    "num_hidden_layers": 2,
    "conv_kernel": KERNEL,
    "time_step_rank": RANK,
    "expand": 2,
    "tie_word_embeddings": True,
}
CONFIGS = {
    "lfm2": LFM2,
    "mamba": MAMBA,
    "granite": shapes.GRANITE,
    "falcon": shapes.FALCON,
    "qwen3_next": shapes.QWEN3_NEXT,
    "qwen3_5": shapes.QWEN3_5,
    "gemma3n": shapes.GEMMA3N,
    "gemma4": shapes.GEMMA4,
}


def tensor(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A tensor drawn from its name: matrices keep the size of what they multiply."""
    values = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, np.float32)
    if len(shape) == 1:
        return np.asarray(values * 0.1 + (0 if "bias" in name else 1), np.float32)
    return np.asarray(values / np.sqrt(shape[-1]), np.float32)


def weights(family: str) -> dict[str, NDArray[np.float32]]:
    """The state dict of the family's model, less the tied lm_head."""
    return {name: tensor(name, shape) for name, shape in _SHAPES[family]().items()}


def _lfm2_shapes() -> Shapes:
    found: Shapes = {
        "model.embed_tokens.weight": (VOCABULARY, WIDTH),
        "model.embedding_norm.weight": (WIDTH,),
    }
    for layer, kind in enumerate(LFM2["layer_types"]):
        own: Shapes = {
            "operator_norm": (WIDTH,),
            "ffn_norm": (WIDTH,),
            "feed_forward.w1": (INNER, WIDTH),
            "feed_forward.w2": (WIDTH, INNER),
            "feed_forward.w3": (INNER, WIDTH),
        }
        if kind == "conv":
            own |= {"conv.in_proj": (3 * WIDTH, WIDTH), "conv.out_proj": (WIDTH, WIDTH)}
            own |= {"conv.conv": (WIDTH, 1, KERNEL)}
        else:
            own |= {"self_attn.q_proj": (WIDTH, WIDTH), "self_attn.out_proj": (WIDTH, WIDTH)}
            own |= {f"self_attn.{part}_proj": (WIDTH // 2, WIDTH) for part in "kv"}
            own |= {f"self_attn.{part}_layernorm": (8,) for part in "qk"}
        found |= {f"model.layers.{layer}.{name}.weight": size for name, size in own.items()}
    return found


def _mamba_shapes() -> Shapes:
    wide = 2 * WIDTH
    found: Shapes = {
        "backbone.embeddings.weight": (VOCABULARY, WIDTH),
        "backbone.norm_f.weight": (WIDTH,),
    }
    for layer in range(MAMBA["num_hidden_layers"]):
        own: Shapes = {
            "norm.weight": (WIDTH,),
            "mixer.in_proj.weight": (2 * wide, WIDTH),
            "mixer.conv1d.weight": (wide, 1, KERNEL),
            "mixer.conv1d.bias": (wide,),
            "mixer.x_proj.weight": (RANK + 2 * STATE, wide),
            "mixer.dt_proj.weight": (wide, RANK),
            "mixer.dt_proj.bias": (wide,),
            "mixer.A_log": (wide, STATE),
            "mixer.D": (wide,),
            "mixer.out_proj.weight": (WIDTH, wide),
        }
        found |= {f"backbone.layers.{layer}.{name}": size for name, size in own.items()}
    return found


_SHAPES: dict[str, Callable[[], Shapes]] = {
    "lfm2": _lfm2_shapes,
    "mamba": _mamba_shapes,
    "granite": shapes.granite,
    "falcon": shapes.falcon,
    "qwen3_next": partial(shapes.qwen, mixed=True),
    "qwen3_5": partial(shapes.qwen, mixed=False),
    "gemma3n": shapes.gemma3n,
    "gemma4": shapes.gemma4,
}
