"""The tiny random models of make_pictures.py, and what is done so that they see something."""

from __future__ import annotations

from typing import Any

import torch
import transformers

from tests.golden.make_pipelines import VOCABULARY

# So many that torch sorts the best of five queries.
MANY = [f"thing {n}" for n in range(70)]
WORDS = ["cat", "dog", "bird", "tree", "car", "house", "sea"]
LABELS = {"id2label": dict(enumerate(WORDS)), "label2id": {w: i for i, w in enumerate(WORDS)}}
LAYERS = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
          "intermediate_size": 24, "initializer_range": 0.5}  # fmt: skip
SIGHT = {**LAYERS, "image_size": 16, "patch_size": 4}
TEXT = {**LAYERS, "vocab_size": len(VOCABULARY), "max_position_embeddings": 64,
        "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}  # fmt: skip
RESNET = {"embedding_size": 8, "hidden_sizes": [8, 8, 8, 8], "depths": [1, 1, 1, 1],
          "layer_type": "basic", "out_features": ["stage4"]}  # fmt: skip
FREE = {0: "batch", 2: "height", 3: "width"}
FIXED = {0: "batch"}
SQUARE = {"size": {"height": 16, "width": 16}}
# Folder: config, architecture, processor and its settings, names and axes of outputs, input's axes.
FOLDERS: dict[str, Any] = {
    "vit-labels": (
        transformers.ViTConfig(**SIGHT, **LABELS), "ForImageClassification", "ViT", SQUARE,
        ["logits"], FIXED,
    ),
    "vit-features": (
        transformers.ViTConfig(**SIGHT), "Model", "ViT", SQUARE,
        ["last_hidden_state", "pooler_output"], FIXED,
    ),
    "convnext-labels": (
        transformers.ConvNextConfig(
            hidden_sizes=[4, 6, 8, 8], depths=[1, 1, 1, 1], initializer_range=0.5, **LABELS
        ),
        "ForImageClassification", "ConvNext", {"size": {"shortest_edge": 40}}, ["logits"], FREE,
    ),
    "clip": (
        transformers.CLIPConfig(text_config=TEXT, vision_config=SIGHT, projection_dim=12),
        "Model", "CLIP",
        {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}},
        ["logits_per_image"], FIXED,
    ),
    "siglip": (
        transformers.SiglipConfig(text_config={**TEXT, "projection_size": 16}, vision_config=SIGHT),
        "Model", "Siglip", SQUARE, ["logits_per_image"], FIXED,
    ),
    "owlvit": (
        transformers.OwlViTConfig(
            text_config={**TEXT, "max_position_embeddings": 16}, projection_dim=16,
            vision_config={**SIGHT, "initializer_range": 0.1},
        ),
        "ForObjectDetection", "OwlViT", SQUARE, ["logits", "pred_boxes"], FIXED,
    ),
    "owlv2": (
        transformers.Owlv2Config(
            text_config={**TEXT, "max_position_embeddings": 16}, projection_dim=16,
            vision_config={**SIGHT, "initializer_range": 0.1},
        ),
        "ForObjectDetection", "Owlv2", SQUARE, ["logits", "pred_boxes"], FIXED,
    ),
    "dpt-depth": (
        transformers.DPTConfig(
            **{**LAYERS, "num_hidden_layers": 4}, image_size=32, patch_size=8,
            backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 8, 8, 8],
            reassemble_factors=[4, 2, 1, 0.5], fusion_hidden_size=8, is_hybrid=False,
        ),
        "ForDepthEstimation", "DPT", {"size": {"height": 32, "width": 32}},
        ["predicted_depth"], FIXED,
    ),
    "segformer": (
        transformers.SegformerConfig(
            depths=[1, 1, 1, 1], hidden_sizes=[4, 8, 8, 8], num_attention_heads=[1, 1, 1, 1],
            decoder_hidden_size=8, initializer_range=0.5, id2label=dict(enumerate(WORDS[:4])),
            label2id={w: i for i, w in enumerate(WORDS[:4])},
        ),
        "ForSemanticSegmentation", "Segformer", {"size": {"height": 32, "width": 32}},
        ["logits"], FIXED,
    ),
    "detr": (
        transformers.DetrConfig(
            use_timm_backbone=False, use_pretrained_backbone=False, backbone=None,
            backbone_config=transformers.ResNetConfig(**RESNET), d_model=16, encoder_layers=1,
            decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
            encoder_ffn_dim=16, decoder_ffn_dim=16, num_queries=6, init_std=0.5,
            id2label=dict(enumerate(WORDS[:3])), label2id={w: i for i, w in enumerate(WORDS[:3])},
        ),
        "ForObjectDetection", "Detr", {"size": {"shortest_edge": 64, "longest_edge": 100}},
        ["logits", "pred_boxes"], FREE,
    ),
    "maskformer": (
        transformers.MaskFormerConfig(
            fpn_feature_size=32, mask_feature_size=8, init_std=0.5, init_xavier_std=2.0,
            backbone_config=transformers.ResNetConfig(
                **{**RESNET, "out_features": ["stage1", "stage2", "stage3", "stage4"]}
            ),
            decoder_config=transformers.DetrConfig(
                d_model=16, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=16,
                encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=16, num_queries=5,
            ),
            id2label=dict(enumerate(MANY)), label2id={w: i for i, w in enumerate(MANY)},
        ),
        "ForInstanceSegmentation", "MaskFormer", {"size": {"shortest_edge": 40,
        "longest_edge": 70}}, ["class_queries_logits", "masks_queries_logits"], FREE,
    ),
    "yolos": (
        transformers.YolosConfig(
            **{**LAYERS, "num_hidden_layers": 2}, image_size=[32, 48], patch_size=16,
            num_detection_tokens=5, id2label=dict(enumerate(WORDS[:3])),
            label2id={w: i for i, w in enumerate(WORDS[:3])},
        ),
        "ForObjectDetection", "Yolos", {"size": {"shortest_edge": 32, "longest_edge": 55}},
        ["logits", "pred_boxes"], FREE,
    ),
}  # fmt: skip


def spread(name: str, model: Any) -> None:
    """Weights under which queries, boxes and scores are not all the same."""
    for module in model.modules():  # what would stay at its start, and so see nothing
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.3)
    if name == "maskformer":  # queries that do not all look for the same
        torch.nn.init.normal_(model.model.transformer_module.queries_embedder.weight, std=5.0)
        for parameter in model.model.transformer_module.decoder.parameters():
            torch.nn.init.normal_(parameter, std=0.55)
        torch.nn.init.normal_(model.class_predictor.weight, std=1.5)
        for parameter in list(model.mask_embedder.parameters())[-2:]:
            parameter.data *= 0.015  # so that no share is as good as 0 or 1
    if name.startswith("owl"):  # boxes with sides, and scores that are not all 1
        for parameter in [*model.box_head.parameters(), *model.class_head.parameters()]:
            parameter.data *= 0.3
