"""Reads a vision model's config.json as transformers' config class of the family does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from intab.convert.config import LAYERS, Config, check_size, check_table, shown
from intab.convert.encoders.shape import Encoder, Layer
from intab.convert.families.llama import activation
from intab.convert.keys import judge_keys
from intab.errors import ConvertError

_TOWER: dict[str, Any] = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "image_size": 224,
    "patch_size": 16,
    "num_channels": 3,
    "qkv_bias": True,
}
_CLIP = {**_TOWER, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}
_CLIP_TEXT = {
    **{name: _CLIP[name] for name in ("num_hidden_layers", "hidden_act", "layer_norm_eps")},
    "vocab_size": 49408,
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_attention_heads": 8,
    "max_position_embeddings": 77,
    "eos_token_id": 49407,
}
# What each class has for a key that is left out, in transformers 5.24.
DEFAULTS: dict[str, dict[str, Any]] = {
    "vit": _TOWER,
    "yolos": {
        **_TOWER,
        "image_size": [512, 864],
        "num_detection_tokens": 100,
        "use_mid_position_embeddings": True,
    },
    "clip": {"text_config": None, "vision_config": None, "projection_dim": 512},
    "detr": {
        **dict.fromkeys(("encoder_layers", "decoder_layers"), 6),
        **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 2048),
        **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 8),
        "d_model": 256,
        "num_queries": 100,
        "num_channels": 3,
        "activation_function": "relu",
        "position_embedding_type": "sine",
        "use_timm_backbone": True,
        "backbone": None,
        "backbone_config": None,
        "backbone_kwargs": None,
        "dilation": False,
    },
    "resnet": {
        "num_channels": 3,
        "embedding_size": 64,
        "hidden_sizes": [256, 512, 1024, 2048],
        "depths": [3, 4, 6, 3],
        "layer_type": "bottleneck",
        "hidden_act": "relu",
        "downsample_in_first_stage": False,
        "downsample_in_bottleneck": False,
        "out_features": None,
        "out_indices": None,
    },
    "timm_backbone": {
        "backbone": None,
        "num_channels": 3,
        "out_indices": None,  # out_features says the same
        "out_features": None,
        "output_stride": None,
    },
    "clip_text_model": _CLIP_TEXT,
    "clip_vision_model": {**_CLIP, "patch_size": 32},
}
KINDS = ("vit", "yolos", "clip", "detr")
_NO_EFFECT = (
    *("encoder_stride", "pooler_output_size", "pooler_act", "auxiliary_loss", "projection_dim"),
    *("class_cost", "bbox_cost", "giou_cost", "bbox_loss_coefficient", "giou_loss_coefficient"),
    *("eos_coefficient", "initializer_factor", "logit_scale_init_value", "text_config_dict"),
    *("vision_config_dict", "tie_word_embeddings", "sep_token_id", "decoder_start_token_id"),
    *("encoder_layerdrop", "decoder_layerdrop", "init_std", "init_xavier_std", "features_only"),
    *("mask_loss_coefficient", "dice_loss_coefficient", "use_pretrained_backbone", "stage_names"),
    *("freeze_batch_norm_2d", "max_position_embeddings", "num_hidden_layers"),
)


@dataclass(frozen=True)
class Eye:
    """A tower that looks at pictures: its layers, and the patches that pictures are cut into.
    `size`: the height and the width that its positions are for."""

    layers: Encoder
    size: tuple[int, int]
    patch: int
    channels: int

    @property
    def grid(self) -> tuple[int, int]:
        """How many patches there are below and beside each other."""
        return self.size[0] // self.patch, self.size[1] // self.patch


def is_vision(raw: Mapping[str, Any]) -> bool:
    """Whether a config.json describes a vision model that can be converted."""
    return raw.get("model_type") in KINDS


def read_settings(raw: Mapping[str, Any], kind: str = "", ignored: Iterable[str] = ()) -> Config:
    """The config with the defaults of its class; ConvertError for a key that is not known."""
    kind = kind or str(raw["model_type"])
    if kind == "detr":  # whose both sides are in one graph
        raw = {name: value for name, value in raw.items() if name != "is_encoder_decoder"}
    notes = judge_keys(kind, raw, {*DEFAULTS[kind], *_NO_EFFECT}, (), ignored)
    return Config(kind, {**DEFAULTS[kind], **raw}, tuple(notes))


def read_part(config: Config, name: str, ignored: Iterable[str] = ()) -> Config:
    """The config of one of CLIP's towers."""
    kind = f"clip_{name}_model"
    raw = check_table(f"{name}_config", config.values.get(f"{name}_config"))
    return read_settings(raw, kind, ignored)


def read_layers(config: Config) -> Encoder:
    """The layers that a config describes; norms stand before what they normalize."""
    word = config.word("hidden_act")
    found = Encoder(
        kind=config.kind,
        vocabulary=config.size("vocab_size") if "vocab_size" in config.values else 0,
        hidden=config.size("hidden_size"),
        heads=config.size("num_attention_heads"),
        inner=config.size("intermediate_size"),
        layers=(Layer(),) * config.size("num_hidden_layers", LAYERS),
        epsilon=config.epsilon("layer_norm_eps"),
        activation=word if word == "quick_gelu" else activation(word),
        first=True,
    )
    if found.hidden % found.heads:
        raise ConvertError(
            f"config.json has a hidden size of {found.hidden}, which {found.heads} heads do not "
            "divide."
        )
    return found


def read_eye(config: Config) -> Eye:
    """The tower that a config describes."""
    if not config.flag("qkv_bias"):
        raise ConvertError(
            "qkv_bias in config.json is false, which is not known here: choose another checkpoint."
        )
    size = config.values["image_size"]
    sides = size if isinstance(size, list) and len(size) == 2 else [size, size]
    height, width = (check_size("image_size", side) for side in sides)
    patch = config.size("patch_size")
    if min(height, width) < patch:
        raise ConvertError(
            f"image_size in config.json is {shown(size)}, which is less than a patch of {patch}."
        )
    return Eye(read_layers(config), (height, width), patch, config.size("num_channels"))
