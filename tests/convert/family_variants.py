"""What single families have of their own, and what is refused: variants.py has the rest."""

from __future__ import annotations

from tests.convert.variant import (
    ABSENT,
    FULL,
    LONG,
    SIZES,
    SLIDING,
    YARN,
    Json,
    Named,
    Variant,
    short,
)


def _gemmas() -> Named:
    """What Gemma leaves to its classes, and what it does not look at."""
    yield "gemma gelu by its other name", Variant("gemma", {"hidden_activation": "relu"})
    yield "gemma query scalar", Variant("gemma", {"query_pre_attn_scalar": 4})
    for kind in ("gemma2", "gemma3_text"):
        yield f"{kind} query scalar", Variant(kind, {"query_pre_attn_scalar": 4})
        for cap in ("attn_logit_softcapping", "final_logit_softcapping"):
            yield f"{kind} {cap}", Variant(kind, {cap: 1.5})
            yield f"{kind} {cap} null", Variant(kind, {cap: None})
        yield f"{kind} hidden_act", Variant(kind, {"hidden_act": "relu"})
        yield (
            f"{kind} kinds, 6 layers",
            Variant(kind, {"sliding_window": 6, "num_hidden_layers": 7}),
        )
    third: Json = {"sliding_window": 6, "num_hidden_layers": 4, "sliding_window_pattern": 2}
    yield "gemma3_text pattern", Variant("gemma3_text", third)
    saved = {**third, "sliding_window_pattern": ABSENT, "_sliding_window_pattern": 2}
    yield "gemma3_text pattern as saved", Variant("gemma3_text", saved)
    old = {"rope_theta": 5000.0, "rope_local_base_freq": 50.0}
    yield "gemma3_text thetas", Variant("gemma3_text", third | old)
    scaled = {"rope_scaling": {"rope_type": "linear", "factor": 8.0}}
    yield "gemma3_text linear old", Variant("gemma3_text", third | scaled)
    new = {FULL: {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e3}, SLIDING: {}}
    yield "gemma3_text linear new", Variant("gemma3_text", third | {"rope_parameters": new})
    loose = {FULL: YARN | {"truncate": False}, SLIDING: {"rope_theta": 77.0}}
    yield "gemma3_text yarn", Variant("gemma3_text", third | {"rope_parameters": loose})
    half = {SLIDING: {"rope_theta": 77.0}}
    yield "gemma3_text one kind", Variant("gemma3_text", third | {"rope_parameters": half})
    yield "gemma3_text final cap", Variant("gemma3_text", third | {"final_logit_softcapping": 1.0})


def _llamas() -> Named:
    """Phi-3's longrope, and other things of single families."""
    part = {"partial_rotary_factor": 0.5}
    yield "phi3 part", Variant("phi3", part)
    yield "phi3 part new", Variant("phi3", {"rope_parameters": {"rope_type": "default", **part}})
    yield "phi3 theta", Variant("phi3", {"rope_theta": 77.0})
    for name in ("longrope", "su", "yarn"):
        scaling = {"type": name, **{k: v for k, v in LONG.items() if k != "rope_type"}}
        both = {"rope_scaling": scaling | short(99), **short(16)}
        yield f"phi3 {name}", Variant("phi3", both)
    yield "phi3 longrope, context of its class", Variant("phi3", {"rope_scaling": LONG})
    inside = {"rope_scaling": LONG | short(16)}
    yield "phi3 longrope, context inside alone", Variant("phi3", inside)
    for more in ({"factor": 3.0}, {"attention_factor": 1.3}):
        scaling = LONG | more
        yield (
            f"phi3 longrope {next(iter(more))}",
            Variant("phi3", {"rope_scaling": scaling, **short(16)}),
        )
    yield "llama pretraining_tp", Variant("llama", {"pretraining_tp": 2})
    yield "llama hub keys", Variant("llama", {**HUB_KEYS, "architectures": ["LlamaForCausalLM"]})
    yield "llama architectures null", Variant("llama", {"architectures": None})


HUB_KEYS: Json = {
    "_name_or_path": "org/name",
    "_attn_implementation_autoset": True,
    "attention_dropout": 0.1,
    "auto_map": {"AutoConfig": "configuration.Own"},
    "is_llama_config": True,
    "rope_interleaved": False,
    "torch_dtype": "bfloat16",
    "transformers.js_config": {"dtype": "q4"},
    "transformers_version": "4.46.0",
    "unsloth_version": "2025.1",
    "use_cache": True,
    "temperature": 0.7,
    "use_qk_norm": False,
    "rope_scaling": None,
}


def _gpts() -> Named:
    """GPT-2 and GPT-NeoX."""
    yield "gpt2 inner", Variant("gpt2", {"n_inner": 40})
    yield "gpt2 unscaled", Variant("gpt2", {"scale_attn_weights": False})
    yield "gpt2 by layer", Variant("gpt2", {"scale_attn_by_inverse_layer_idx": True})
    both = {"scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True}
    yield "gpt2 unscaled by layer", Variant("gpt2", both)
    yield "gpt2 upcast", Variant("gpt2", {"reorder_and_upcast_attn": True})
    yield "gpt2 eps", Variant("gpt2", {"layer_norm_epsilon": 0.1})
    yield "gpt2 n_ctx", Variant("gpt2", {"n_ctx": 7})
    other = {"n_embd": ABSENT, "n_layer": ABSENT, "n_head": ABSENT, "n_positions": ABSENT}
    names = {k: SIZES[k] for k in ("hidden_size", "num_hidden_layers", "num_attention_heads")}
    yield "gpt2 other names", Variant("gpt2", {**other, **names, "max_position_embeddings": 99})
    yield "gpt2 both names", Variant("gpt2", {"n_layer": 7, "num_hidden_layers": 2})
    for name in ("gelu", "relu", "gelu_fast", "silu"):
        yield f"gpt2 {name}", Variant("gpt2", {"activation_function": name})
    for name in ("gelu_new", "gelu_fast", "relu"):
        yield f"gpt_neox {name}", Variant("gpt_neox", {"hidden_act": name})
    yield "gpt_neox serial", Variant("gpt_neox", {"use_parallel_residual": False})
    yield "gpt_neox no bias", Variant("gpt_neox", {"attention_bias": False})
    yield "gpt_neox eps", Variant("gpt_neox", {"layer_norm_eps": 0.1})
    for share in (0.0, 0.5, 1.0):
        yield f"gpt_neox pct {share}", Variant("gpt_neox", {"rotary_pct": share})
    yield "gpt_neox odd part", Variant("gpt_neox", {"rotary_pct": 0.4})
    yield "gpt_neox base", Variant("gpt_neox", {"rotary_emb_base": 50, "rotary_pct": 1.0})
    new = {"rope_theta": 50.0, "rope_type": "default"}
    yield "gpt_neox new, part left out", Variant("gpt_neox", {"rope_parameters": new})
    new = {"rope_theta": 50.0, "partial_rotary_factor": 0.5, "rope_type": "default"}
    yield "gpt_neox new", Variant("gpt_neox", {"rope_parameters": new})
    scaled = {"rope_scaling": {"type": "linear", "factor": 2.0}, "rotary_pct": 0.5}
    yield "gpt_neox linear", Variant("gpt_neox", scaled)
    yield "gpt_neox yarn", Variant("gpt_neox", {"rope_scaling": YARN, "rotary_pct": 1.0})


def _foreign() -> Named:
    """Keys of other families, which transformers does not look at."""
    yield "llama sliding_window", Variant("llama", {"sliding_window": 4})
    kinds = {"sliding_window": 4, "layer_types": [SLIDING, FULL, FULL]}
    yield "llama layer_types", Variant("llama", kinds)
    yield "phi3 layer_types", Variant("phi3", kinds)
    yield "mistral attention_bias", Variant("mistral", {"attention_bias": True})
    yield "qwen2 mlp_bias", Variant("qwen2", {"mlp_bias": True})
    yield "gemma sliding_window", Variant("gemma", {"sliding_window": 4})
    yield "gemma soft caps", Variant("gemma", {"final_logit_softcapping": 2.0})
    yield "gpt_neox rope_theta", Variant("gpt_neox", {"rope_theta": 5.0})
    yield "gpt_neox part beside", Variant("gpt_neox", {"partial_rotary_factor": 1.0})
    yield "gpt2 rope_theta", Variant("gpt2", {"rope_theta": 5.0})
    yield "qwen3 query scalar", Variant("qwen3", {"query_pre_attn_scalar": 2})
    yield "phi3 use window", Variant("phi3", {"use_sliding_window": True})


def _wrong() -> Named:
    """What transformers refuses or what no graph of ours computes."""
    wrong: dict[str, tuple[str, Json]] = {
        "llama kinds unknown": ("llama", {"layer_types": [FULL, "strange", FULL]}),
        "qwen2 chunked": ("qwen2", {"layer_types": [FULL, "chunked_attention", FULL]}),
        "qwen2 too few kinds": ("qwen2", {"layer_types": [FULL]}),
        "qwen2 kinds without a window": ("qwen2", {"layer_types": [SLIDING, FULL, FULL]}),
        "gemma bidirectional": ("gemma", {"use_bidirectional_attention": True}),
        "gemma2 bidirectional": ("gemma2", {"use_bidirectional_attention": True}),
        "gemma3_text bidirectional": ("gemma3_text", {"use_bidirectional_attention": True}),
        "llama not causal": ("llama", {"is_causal": False}),
        "llama by layer": ("llama", {"per_layer_config": {"1": {"num_key_value_heads": 4}}}),
        "gemma2 no window": ("gemma2", {"sliding_window": None}),
        "smollm3 too few": ("smollm3", {"no_rope_layers": [1]}),
        "smollm3 interval 0": ("smollm3", {"no_rope_layer_interval": 0}),
        "llama linear in part": (
            "llama",
            {"rope_scaling": {"type": "linear", "factor": 2.0, "partial_rotary_factor": 0.5}},
        ),
        "llama rope by kind": ("llama", {"rope_parameters": {FULL: {"rope_theta": 5.0}}}),
        "phi3 linear": ("phi3", {"rope_scaling": {"type": "linear", "factor": 2.0}}),
        "llama heads": ("llama", {"num_attention_heads": 3, "num_key_value_heads": 1}),
        "llama kv heads": ("llama", {"num_key_value_heads": 3}),
        "llama odd head": ("llama", {"head_dim": 9}),
        "gpt2 cross": ("gpt2", {"add_cross_attention": True}),
        "mistral window 0": ("mistral", {"sliding_window": 0}),
        "llama unknown key": ("llama", {"residual_multiplier": 0.5}),
        "llama mish": ("llama", {"hidden_act": "mish"}),
    }
    for name, (kind, changes) in wrong.items():
        yield name, Variant(kind, changes, refused=True)


MAKERS = (_gemmas, _llamas, _gpts, _foreign, _wrong)
