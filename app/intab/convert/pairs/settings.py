"""Reads the config.json of an encoder with its decoder as transformers' class does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from intab.convert.checkpoint import Checkpoint
from intab.convert.config import Config
from intab.convert.keys import judge_keys
from intab.errors import ConvertError

_T5: dict[str, Any] = {
    "vocab_size": 32128,
    "d_model": 512,
    "d_kv": 64,
    "d_ff": 2048,
    "num_layers": 6,
    "num_decoder_layers": None,
    "num_heads": 8,
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
    "layer_norm_epsilon": 1e-6,
    "feed_forward_proj": "relu",
    "tie_word_embeddings": True,
    "scale_decoder_outputs": None,
}
_MT5 = {
    **_T5,
    "vocab_size": 250112,
    "d_ff": 1024,
    "num_layers": 8,
    "num_heads": 6,
    "feed_forward_proj": "gated-gelu",
}
_BART: dict[str, Any] = {
    "vocab_size": 50265,
    "d_model": 1024,
    "max_position_embeddings": 1024,
    "encoder_layers": 12,
    "encoder_ffn_dim": 4096,
    "encoder_attention_heads": 16,
    "decoder_layers": 12,
    "decoder_ffn_dim": 4096,
    "decoder_attention_heads": 16,
    "activation_function": "gelu",
    "scale_embedding": False,
    "pad_token_id": 1,
    "tie_word_embeddings": True,
}
_WHISPER = {
    **_BART,
    "vocab_size": 51865,
    "d_model": 384,
    "num_mel_bins": 80,
    "encoder_layers": 4,
    "encoder_ffn_dim": 1536,
    "encoder_attention_heads": 6,
    "decoder_layers": 4,
    "decoder_ffn_dim": 1536,
    "decoder_attention_heads": 6,
    "max_source_positions": 1500,
    "max_target_positions": 448,
}
# What each class has for a key that is left out, in transformers 5.24.
DEFAULTS: dict[str, dict[str, Any]] = {
    "t5": _T5,
    "mt5": _MT5,
    "bart": _BART,
    "mbart": _BART,
    "marian": {
        **_BART,
        "vocab_size": 58101,
        "pad_token_id": 58100,
        "decoder_vocab_size": None,
        "share_encoder_decoder_embeddings": True,
    },
    "pegasus": {**_BART, "pad_token_id": 0},
    "m2m_100": {
        **_BART,
        "vocab_size": 128112,
        "activation_function": "relu",
        "scale_embedding": True,
    },
    "whisper": _WHISPER,
}
_NO_EFFECT = (
    *("num_hidden_layers", "hidden_size", "num_attention_heads", "n_positions"),
    *("dense_act_fn", "is_gated_act", "initializer_factor", "init_std"),
    *("encoder_layerdrop", "decoder_layerdrop", "classifier_proj_size", "output_past", "lm_head"),
    *("use_weighted_layer_sum", "apply_spec_augment", "median_filter_width", "forced_decoder_ids"),
    *("mask_time_prob", "mask_time_length", "mask_time_min_masks", "mask_feature_prob"),
    *("mask_feature_length", "mask_feature_min_masks", "max_position_embeddings"),
    *("normalize_embedding", "normalize_before", "add_final_layer_norm", "add_bias_logits"),
    *("static_position_embeddings", "extra_pos_embeddings", "force_bos_token_to_be_generated"),
    *("classif_dropout", "save_step"),
)
# Older classes could be told these; 5.24 computes the values that are given here alone.
_ONLY = {
    "bart": {"normalize_before": False, "add_final_layer_norm": False, "normalize_embedding": True},
    "mbart": {"normalize_before": True, "add_final_layer_norm": True, "normalize_embedding": True},
    "marian": {
        "normalize_before": False,
        "add_final_layer_norm": False,
        "normalize_embedding": False,
        "share_encoder_decoder_embeddings": True,
    },
    "pegasus": {"normalize_before": True, "add_final_layer_norm": True},
}


def is_pair(raw: Mapping[str, Any]) -> bool:
    """Whether a config.json describes an encoder with its decoder that can be converted."""
    kind = raw.get("model_type")
    return isinstance(kind, str) and kind in DEFAULTS


def read_settings(raw: Mapping[str, Any], ignored: Iterable[str] = ()) -> Config:
    """The config with the defaults of its family; ConvertError for what no graph computes."""
    kind = str(raw["model_type"])
    for name, value in _ONLY.get(kind, {}).items():
        if raw.get(name, value) is not value:
            raise ConvertError(
                f"{name} in config.json is {raw[name]}, and transformers' {kind} computes {value} "
                "alone: choose another checkpoint."
            )
    judged = {key: value for key, value in raw.items() if key != "is_encoder_decoder"}
    others = {key for family in DEFAULTS.values() for key in family}
    notes = judge_keys(kind, judged, {*DEFAULTS[kind], *_NO_EFFECT}, others, ignored)
    return Config(kind, {**DEFAULTS[kind], **raw}, tuple(notes))


def check_layers(checkpoint: Checkpoint, counts: Mapping[str, int]) -> None:
    """ConvertError if the checkpoint has more layers than these, by what stands before their
    numbers."""
    for stem, count in counts.items():
        pattern = re.compile(rf"{re.escape(stem)}\.(\d+)\.")
        found = [int(m[1]) for name in checkpoint.shards if (m := pattern.match(name))]
        if found and max(found) >= count:
            raise ConvertError(
                f"The checkpoint has {max(found) + 1} layers {stem}, config.json {count}: they "
                "belong to different models."
            )
