"""What the families call their tensors in transformers' checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Names:
    """One family's names, without the prefix; a layer's without the layer's."""

    prefix: str
    layers: str
    qkv: tuple[str, ...]
    out: str
    attention_norm: str
    up: str
    down: str
    mlp_norm: str
    words: str = "embeddings.word_embeddings"
    positions: str = "embeddings.position_embeddings"
    types: str = "embeddings.token_type_embeddings"
    norm: str = "embeddings.LayerNorm"
    distances: str = "encoder.relative_attention_bias"
    final_norm: str = "final_norm"


_MLP = ("intermediate.dense", "output.dense", "output.LayerNorm")
_SELF = tuple(f"attention.self.{part}" for part in ("query", "key", "value"))
_OUT = ("attention.output.dense", "attention.output.LayerNorm")
_BERT = Names("bert.", "encoder.layer", _SELF, *_OUT, *_MLP)
_ROBERTA = Names("roberta.", "encoder.layer", _SELF, *_OUT, *_MLP)
NAMES = {
    "bert": _BERT,
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "camembert": _ROBERTA,
    "mpnet": Names(
        "mpnet.",
        "encoder.layer",
        ("attention.attn.q", "attention.attn.k", "attention.attn.v"),
        "attention.attn.o",
        "attention.LayerNorm",
        *_MLP,
    ),
    "distilbert": Names(
        "distilbert.",
        "transformer.layer",
        ("attention.q_lin", "attention.k_lin", "attention.v_lin"),
        "attention.out_lin",
        "sa_layer_norm",
        "ffn.lin1",
        "ffn.lin2",
        "output_layer_norm",
    ),
    "modernbert": Names(
        "model.",
        "layers",
        ("attn.Wqkv",),
        "attn.Wo",
        "attn_norm",
        "mlp.Wi",
        "mlp.Wo",
        "mlp_norm",
        words="embeddings.tok_embeddings",
        norm="embeddings.norm",
    ),
}
_EYE = Names(
    "vit.",
    "encoder.layer",
    tuple(f"attention.attention.{part}" for part in ("query", "key", "value")),
    "attention.output.dense",
    "layernorm_before",
    "intermediate.dense",
    "output.dense",
    "layernorm_after",
    words="embeddings.patch_embeddings.projection",
)
_CLIP = Names(
    "vision_model.",
    "encoder.layers",
    tuple(f"self_attn.{part}_proj" for part in "qkv"),
    "self_attn.out_proj",
    "layer_norm1",
    "mlp.fc1",
    "mlp.fc2",
    "layer_norm2",
    words="embeddings.patch_embedding",
)
NAMES |= {
    "vit": _EYE,
    "yolos": _EYE,
    "clip_vision_model": _CLIP,
    "clip_text_model": replace(_CLIP, prefix="text_model.", words="embeddings.token_embedding"),
}
# Tensors of an encoder that nothing here is computed from.
UNREAD = ("pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids", "inv_freq")
