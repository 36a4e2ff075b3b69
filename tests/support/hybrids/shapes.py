"""The settings of the newer hybrid families, and the shapes of their tensors.

The settings are those of a checkpoint's config.json, of what writes text in it.
"""

from __future__ import annotations

from typing import Any

Shapes = dict[str, tuple[int, ...]]
WIDTH, INNER, VOCABULARY, HEADS = 32, 48, 257, 4
_COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_attention_heads": HEADS,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
}
_MAMBA2: dict[str, Any] = {
    "mamba_n_heads": 8,
    "mamba_d_head": 8,
    "mamba_n_groups": 1,
    "mamba_d_state": 8,
    "mamba_d_conv": 4,
    "mamba_expand": 2,
    "mamba_conv_bias": True,
    "mamba_proj_bias": False,
}
GRANITE = (
    _COMMON
    | _MAMBA2
    | {
        "architectures": ["GraniteMoeHybridForCausalLM"],
        "model_type": "granitemoehybrid",
        "shared_intermediate_size": INNER,
        "num_local_experts": 0,
        "num_experts_per_tok": 0,
        "num_hidden_layers": 4,
        "layer_types": ["mamba", "attention", "mamba", "attention"],
        "position_embedding_type": "nope",
        "embedding_multiplier": 2.0,
        "logits_scaling": 0.5,
        "residual_multiplier": 0.75,
        "attention_multiplier": 0.5,
    }
)
FALCON = (
    _COMMON
    | _MAMBA2
    | {
        "architectures": ["FalconH1ForCausalLM"],
        "model_type": "falcon_h1",
        "num_hidden_layers": 3,
        "mamba_d_ssm": 2 * WIDTH,
        "mamba_rms_norm": False,
        "mamba_norm_before_gate": False,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e11},
        "embedding_multiplier": 2.5,
        "lm_head_multiplier": 0.75,
        "key_multiplier": 1.5,
        "attention_in_multiplier": 1.25,
        "attention_out_multiplier": 0.9,
        "ssm_in_multiplier": 1.25,
        "ssm_out_multiplier": 0.8,
        "ssm_multipliers": [0.7, 1.2, 0.8, 1.1, 0.6],
        "mlp_multipliers": [0.9, 0.7],
    }
)
_LINEAR: dict[str, Any] = {
    "num_hidden_layers": 4,
    "head_dim": 16,
    "layer_types": [*["linear_attention"] * 2, "full_attention", "linear_attention"],
    "linear_conv_kernel_dim": 4,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
_HALF = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5}
QWEN3_NEXT = (
    _COMMON
    | _LINEAR
    | {
        "architectures": ["Qwen3NextForCausalLM"],
        "model_type": "qwen3_next",
        "mlp_only_layers": [0, 1, 2, 3],
        "rope_parameters": _HALF,
    }
)
QWEN3_5 = (
    _COMMON
    | _LINEAR
    | {
        "model_type": "qwen3_5_text",
        "rope_parameters": {**_HALF, "mrope_section": [2, 1, 1], "mrope_interleaved": True},
    }
)
GEMMA4 = _COMMON | {
    "model_type": "gemma4_text",
    "num_hidden_layers": 6,
    "layer_types": ["sliding_attention", "full_attention"] * 3,
    "head_dim": 8,
    "global_head_dim": 16,
    "sliding_window": 6,
    "hidden_size_per_layer_input": 4,
    "vocab_size_per_layer_input": VOCABULARY,
    "num_kv_shared_layers": 2,
    "use_double_wide_mlp": True,
    "final_logit_softcapping": 30.0,
}
GEMMA3N = _COMMON | {
    "model_type": "gemma3n_text",
    **{name: GEMMA4[name] for name in ("num_hidden_layers", "layer_types", "head_dim")},
    **{name: GEMMA4[name] for name in ("sliding_window", "hidden_size_per_layer_input")},
    **{name: GEMMA4[name] for name in ("vocab_size_per_layer_input", "num_kv_shared_layers")},
    "final_logit_softcapping": 30.0,
    "altup_num_inputs": 4,
    "altup_active_idx": 0,
    "altup_correct_scale": True,
    "laurel_rank": 8,
    "activation_sparsity_pattern": [0.75, 0.75, 0.0, 0.0, 0.0, 0.0],
}


def _attention(size: int = 8, query: int = 1) -> Shapes:
    """Projections of 4 heads of queries, `query` times as wide, and 2 of keys."""
    wide = HEADS * size
    return {
        "q_proj": (query * wide, WIDTH),
        "k_proj": (wide // 2, WIDTH),
        "v_proj": (wide // 2, WIDTH),
        "o_proj": (WIDTH, wide),
    }


def _gated(inner: int = INNER) -> Shapes:
    return {"gate_proj": (inner, WIDTH), "up_proj": (inner, WIDTH), "down_proj": (WIDTH, inner)}


def _mamba2() -> Shapes:
    wide, heads, state, kernel = 2 * WIDTH, 8, 8, 4
    return {
        "in_proj.weight": (2 * wide + 2 * state + heads, WIDTH),
        "conv1d.weight": (wide + 2 * state, 1, kernel),
        "conv1d.bias": (wide + 2 * state,),
        **dict.fromkeys(("dt_bias", "A_log", "D"), (heads,)),
        "out_proj.weight": (WIDTH, wide),
    }


def _under(name: str, shapes: Shapes, end: str = "") -> Shapes:
    return {f"{name}.{key}{end}": shape for key, shape in shapes.items()}


def _model(layers: list[Shapes], norm: str = "norm") -> Shapes:
    found: Shapes = {
        "model.embed_tokens.weight": (VOCABULARY, WIDTH),
        f"model.{norm}.weight": (WIDTH,),
    }
    for number, layer in enumerate(layers):
        found |= _under(f"model.layers.{number}", layer)
    return found


def _norms(*names: str, size: int = WIDTH) -> Shapes:
    return {f"{name}.weight": (size,) for name in names}


def granite() -> Shapes:
    """One of both in each layer."""
    mixers = {
        "mamba": _under("mamba", {**_mamba2(), "norm.weight": (2 * WIDTH,)}),
        "attention": _under("self_attn", _attention(), ".weight"),
    }
    common = _norms("input_layernorm", "post_attention_layernorm") | {
        "shared_mlp.input_linear.weight": (2 * INNER, WIDTH),
        "shared_mlp.output_linear.weight": (WIDTH, INNER),
    }
    return _model([common | mixers[kind] for kind in GRANITE["layer_types"]])


def falcon() -> Shapes:
    """Both in each layer."""
    layer = _norms("input_layernorm", "pre_ff_layernorm") | _under("mamba", _mamba2())
    layer |= _under("self_attn", _attention(), ".weight")
    layer |= _under("feed_forward", _gated(), ".weight")
    return _model([layer] * FALCON["num_hidden_layers"], "final_layernorm")


def qwen(*, mixed: bool) -> Shapes:
    """Qwen3-Next, whose projections are mixed, or Qwen3.5."""
    keys, values, heads = 16, 32, 4
    parts = {"qkv": 2 * keys + values, "z": values, "b": heads, "a": heads}
    if mixed:
        parts = {"qkvz": 2 * keys + 2 * values, "ba": 2 * heads}
    linear: Shapes = {f"in_proj_{name}.weight": (size, WIDTH) for name, size in parts.items()}
    linear |= {"conv1d.weight": (2 * keys + values, 1, 4), "out_proj.weight": (WIDTH, values)}
    linear |= {"dt_bias": (heads,), "A_log": (heads,), **_norms("norm", size=8)}
    mixers = {
        "linear_attention": _under("linear_attn", linear),
        "full_attention": _under("self_attn", _attention(16, 2), ".weight")
        | _norms("self_attn.q_norm", "self_attn.k_norm", size=16),
    }
    common = _norms("input_layernorm", "post_attention_layernorm")
    common |= _under("mlp", _gated(), ".weight")
    return _model([common | mixers[kind] for kind in QWEN3_5["layer_types"]])


def gemma3n() -> Shapes:
    """Gemma 4's with heads of one size, and four streams beside each other."""
    found = gemma4(size=8, wider=1)
    streams, rank = GEMMA3N["altup_num_inputs"], GEMMA3N["laurel_rank"]
    for number in range(GEMMA3N["num_hidden_layers"]):
        at = f"model.layers.{number}"
        del found[f"{at}.layer_scalar"]
        found |= {
            f"{at}.altup.correct_output_scale": (WIDTH,),
            f"{at}.altup.correction_coefs.weight": (streams, streams),
            f"{at}.altup.prediction_coefs.weight": (streams**2, streams),
            f"{at}.altup.modality_router.weight": (streams, WIDTH),
            f"{at}.laurel.linear_left.weight": (rank, WIDTH),
            f"{at}.laurel.linear_right.weight": (WIDTH, rank),
            **_under(at, _norms("altup.router_norm", "laurel.post_laurel_norm")),
        }
    for name in ("altup_projections", "altup_unembed_projections"):
        found |= {f"model.{name}.{stream}.weight": (WIDTH, WIDTH) for stream in range(streams - 1)}
    return found


def gemma4(size: int = 0, wider: int = 2) -> Shapes:
    """The last layers have no keys of their own. `size`: of all heads; `wider`: how wide the last
    layers are."""
    each, kinds = GEMMA4["hidden_size_per_layer_input"], GEMMA4["layer_types"]
    own = len(kinds) - GEMMA4["num_kv_shared_layers"]
    layers = []
    for number, kind in enumerate(kinds):
        named = "head_dim" if kind == "sliding_attention" else "global_head_dim"
        dim = size or GEMMA4[named]
        taken = ("q_proj", "k_proj", "v_proj", "o_proj") if number < own else ("q_proj", "o_proj")
        projections = {name: shape for name, shape in _attention(dim).items() if name in taken}
        layer = _under("self_attn", projections, ".weight")
        layer |= _norms(*(f"self_attn.{t[0]}_norm" for t in taken if t[0] in "qk"), size=dim)
        layer |= _norms("input_layernorm", "post_attention_layernorm", "post_per_layer_input_norm")
        layer |= _norms("pre_feedforward_layernorm", "post_feedforward_layernorm")
        layer |= _under("mlp", _gated(INNER if number < own else wider * INNER), ".weight")
        layer |= {"per_layer_input_gate.weight": (each, WIDTH), "layer_scalar": (1,)}
        layers.append(layer | {"per_layer_projection.weight": (WIDTH, each)})
    whole = len(kinds) * each
    return _model(layers) | {
        "model.embed_tokens_per_layer.weight": (VOCABULARY, whole),
        "model.per_layer_model_projection.weight": (whole, WIDTH),
        "model.per_layer_projection_norm.weight": (each,),
    }
