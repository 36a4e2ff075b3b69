"""Reads an encoder's config.json as transformers' config class of the family does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from intab.convert.config import LAYERS, Config, shown
from intab.convert.encoders.inputs import BUCKETS
from intab.convert.encoders.shape import Encoder, Layer
from intab.convert.families.llama import activation
from intab.convert.keys import judge_keys
from intab.errors import ConvertError

_BERT: dict[str, Any] = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
}
_ROBERTA = {**_BERT, "vocab_size": 50265, "pad_token_id": 1}
_MPNET = {**_BERT, "vocab_size": 30527, "pad_token_id": 1, "relative_attention_num_buckets": 32}
_DISTIL: dict[str, Any] = {
    "vocab_size": 30522,
    "dim": 768,
    "n_layers": 6,
    "n_heads": 12,
    "hidden_dim": 3072,
    "activation": "gelu",
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
}
_MODERN: dict[str, Any] = {
    "vocab_size": 50368,
    "hidden_size": 768,
    "intermediate_size": 1152,
    "num_hidden_layers": 22,
    "num_attention_heads": 12,
    "hidden_activation": "gelu",
    "max_position_embeddings": 8192,
    "norm_eps": 1e-5,
    "norm_bias": False,
    "attention_bias": False,
    "mlp_bias": False,
    "decoder_bias": True,
    "classifier_bias": False,
    "classifier_activation": "gelu",
    "classifier_pooling": "cls",
    "local_attention": 128,
    "global_attn_every_n_layers": 3,
    "global_rope_theta": 160_000.0,
    "local_rope_theta": 10_000.0,
    "layer_types": None,
    "rope_parameters": None,
    "rope_scaling": None,
    "tie_word_embeddings": True,
}
# What each class has for a key that is left out, in transformers 5.24.
DEFAULTS: dict[str, dict[str, Any]] = {
    "bert": _BERT,
    "roberta": _ROBERTA,
    "xlm-roberta": {**_ROBERTA, "vocab_size": 30522},
    "camembert": {**_ROBERTA, "vocab_size": 30522},
    "distilbert": _DISTIL,
    "mpnet": _MPNET,
    "modernbert": _MODERN,
}
# DistilBERT's names for what all others call alike.
_ALIASES = {
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
}
_NO_EFFECT = (
    *("directionality", "pooler_*", "output_past", "sinusoidal_pos_embds", "tie_weights_"),
    *("sentence_transformers", "sbert_ce_default_activation_function", "position_embedding_type"),
    *("initializer_cutoff_factor", "deterministic_flash_attn", "reference_compile"),
    *("repad_logits_with_grad", "sparse_prediction", "sparse_pred_ignore_index"),
    *("pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers"),
    *("pooler_size_per_head", "pooler_type", "layer_norm_eps", "max_position_embeddings"),
)
_FULL, _SLIDING = "full_attention", "sliding_attention"


def is_encoder(raw: Mapping[str, Any]) -> bool:
    """Whether a config.json describes an encoder that can be converted."""
    kind = raw.get("model_type")
    return isinstance(kind, str) and kind in DEFAULTS


def read_settings(raw: Mapping[str, Any], ignored: Iterable[str] = ()) -> Config:
    """The config with the defaults of its family; ConvertError for what no graph computes."""
    kind = str(raw["model_type"])
    if raw.get("is_decoder"):
        raise ConvertError(
            "This model is a decoder (is_decoder in config.json) of an encoder's family, which "
            "cannot be converted: choose a decoder such as Llama or GPT-2."
        )
    positions = raw.get("position_embedding_type", "absolute")
    if kind != "modernbert" and positions != "absolute":
        raise ConvertError(
            f"position_embedding_type in config.json is {shown(positions)}, and transformers 5 "
            'computes "absolute" alone: choose another checkpoint.'
        )
    aliases = _ALIASES if kind == "distilbert" else {}
    read = {*DEFAULTS[kind], *_NO_EFFECT, *aliases}
    others = {key for family in DEFAULTS.values() for key in family}
    notes = judge_keys(kind, raw, read, others, ignored)
    values = {**DEFAULTS[kind], **{aliases.get(name, name): value for name, value in raw.items()}}
    return Config(kind, values, tuple(notes))


def read_shape(config: Config) -> Encoder:
    """The shape that a config describes."""
    shape = {"distilbert": _distil, "modernbert": _modern}.get(config.kind, _bert)(config)
    if shape.hidden % shape.heads:
        raise ConvertError(
            f"config.json has a hidden size of {shape.hidden}, which {shape.heads} heads do not "
            "divide."
        )
    return shape


def _bert(config: Config) -> Encoder:
    kind = config.kind
    padding = None if kind == "bert" else 1 if kind == "mpnet" else _padding(config)
    return Encoder(
        kind=kind,
        vocabulary=config.size("vocab_size"),
        hidden=config.size("hidden_size"),
        heads=config.size("num_attention_heads"),
        inner=config.size("intermediate_size"),
        layers=(Layer(),) * config.size("num_hidden_layers", LAYERS),
        epsilon=config.epsilon("layer_norm_eps"),
        activation=activation(config.word("hidden_act")),
        positions=config.size("max_position_embeddings"),
        padding=padding,
        types=0 if kind == "mpnet" else config.size("type_vocab_size"),
        buckets=_buckets(config) if kind == "mpnet" else 0,
    )


def _buckets(config: Config) -> int:
    found = config.size("relative_attention_num_buckets")
    if found < BUCKETS:
        raise ConvertError(
            f"relative_attention_num_buckets in config.json is {found}, and transformers' MPNet "
            f"needs {BUCKETS} at least: choose another checkpoint."
        )
    return found


def _padding(config: Config) -> int:
    value = config.values.get("pad_token_id")
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ConvertError(f"pad_token_id in config.json must be a token's id, not {shown(value)}.")


def _distil(config: Config) -> Encoder:
    return Encoder(
        kind=config.kind,
        vocabulary=config.size("vocab_size"),
        hidden=config.size("dim"),
        heads=config.size("n_heads"),
        inner=config.size("hidden_dim"),
        layers=(Layer(),) * config.size("n_layers", LAYERS),
        epsilon=1e-12,
        activation=activation(config.word("activation")),
        positions=config.size("max_position_embeddings"),
    )


def _modern(config: Config) -> Encoder:
    return Encoder(
        kind=config.kind,
        vocabulary=config.size("vocab_size"),
        hidden=config.size("hidden_size"),
        heads=config.size("num_attention_heads"),
        inner=config.size("intermediate_size"),
        layers=_modern_layers(config),
        epsilon=config.epsilon("norm_eps"),
        activation=activation(config.word("hidden_activation")),
        first=True,
        gated=True,
    )


def _modern_layers(config: Config) -> tuple[Layer, ...]:
    """Each layer's window and angles: every third sees all, unless they are listed."""
    count = config.size("num_hidden_layers", LAYERS)
    kinds = config.list_or_none("layer_types", count)
    if kinds is None:
        every = config.size("global_attn_every_n_layers")
        kinds = [_SLIDING if number % every else _FULL for number in range(count)]
    if unknown := [kind for kind in kinds if kind not in (_FULL, _SLIDING)]:
        raise ConvertError(
            f"layer_types in config.json has {shown(unknown[0])}; known are {_FULL}, {_SLIDING}."
        )
    half = config.size("local_attention") // 2
    thetas = {_FULL: _theta(config, _FULL, "global"), _SLIDING: _theta(config, _SLIDING, "local")}
    return tuple(Layer(half if kind == _SLIDING else 0, thetas[kind]) for kind in kinds[:count])


def _theta(config: Config, kind: str, old: str) -> float:
    """The base of the angles, as new configs or old ones have it."""
    rope = config.table("rope_parameters").get(kind) or {}
    kinds = (rope.get("rope_type", "default"), config.table("rope_scaling").get("rope_type"))
    if kinds[0] != "default" or kinds[1] not in (None, "default"):
        raise ConvertError(
            f"rope_parameters in config.json ask for {shown(kinds)}, and encoders have plain "
            "positions alone here: choose another checkpoint."
        )
    values = {
        **config.values,
        **({f"{old}_rope_theta": rope["rope_theta"]} if "rope_theta" in rope else {}),
    }
    return Config(config.kind, values).number(f"{old}_rope_theta")
