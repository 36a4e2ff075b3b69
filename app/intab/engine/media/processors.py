"""What each class of image processors does unless its file says otherwise, as transformers 5.24's.

The names are those that preprocessor_config.json has in image_processor_type, without "Processor"
and what follows; older files have feature_extractor_type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NEAREST, LANCZOS, BILINEAR, BICUBIC = range(4)  # and BOX 4, HAMMING 5, as Pillow counts them
_HALF = {"image_mean": (0.5, 0.5, 0.5), "image_std": (0.5, 0.5, 0.5)}
IMAGENET = {"image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225)}
_CLIP = {
    "image_mean": (0.48145466, 0.4578275, 0.40821073),
    "image_std": (0.26862954, 0.26130258, 0.27577711),
}


def _square(size: int) -> dict[str, int]:
    return {"height": size, "width": size}


def _crop(size: int) -> dict[str, Any]:
    return {"do_center_crop": True, "crop_size": _square(size)}


BASE: Mapping[str, Any] = {
    "do_resize": True,
    "resample": BILINEAR,
    "default_to_square": True,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "do_pad": False,
    **_HALF,
}
_SHORTEST: Mapping[str, Any] = {"size": {"shortest_edge": 224}, "default_to_square": False}
_DETR = {
    **IMAGENET,
    "size": {"shortest_edge": 800, "longest_edge": 1333},
    "default_to_square": False,
    "do_pad": True,
    "max_size": 1333,  # of the longest edge, if a file has a number for its size
}
_MASKFORMER = {
    **IMAGENET,
    "size": {"shortest_edge": 800, "longest_edge": 1333},
    "default_to_square": False,
    "do_pad": True,
    "size_divisor": 32,
}
_CLIPS = {**_SHORTEST, **_CLIP, **_crop(224), "resample": BICUBIC}
_MOBILENET = {"size": {"shortest_edge": 256}, "default_to_square": False, **_crop(224)}
_TILED = {
    "size": {"longest_edge": 4 * 364},
    "default_to_square": False,
    "resample": LANCZOS,
    "do_pad": True,
    "do_image_splitting": True,
    "max_image_size": {"longest_edge": 364},
}
PROCESSORS: dict[str, Mapping[str, Any]] = {
    "Image": {"default_to_square": False},  # Transformers.js' own, of no class in particular
    "ViTImage": {"size": _square(224)},
    "DeiTImage": {"size": _square(256), "resample": BICUBIC, **_crop(224)},
    "BeitImage": {"size": _square(224), "resample": BICUBIC, "crop_size": _square(224)},
    "BitImage": _CLIPS,
    "CLIPImage": _CLIPS,
    "ChineseCLIPImage": _CLIPS,
    "SiglipImage": {"size": _square(224), "resample": BICUBIC, "default_to_square": False},
    "OwlViTImage": {
        **_CLIP, "size": _square(768), "crop_size": _square(768), "resample": BICUBIC
    },
    "Owlv2Image": {**_CLIP, "size": _square(960), "do_pad": True},
    "PvtImage": {**IMAGENET, "size": _square(224), "resample": BICUBIC},
    "ConvNextImage": {
        "size": {"shortest_edge": 384},
        "default_to_square": False,
        "resample": BICUBIC,
        "crop_pct": 224 / 256,
    },
    "MobileNetV1Image": _MOBILENET,
    "MobileNetV2Image": _MOBILENET,
    "MobileViTImage": {
        **_SHORTEST, **_crop(256), "resample": BICUBIC, "do_normalize": False,
        "do_flip_channel_order": True,
    },
    "SegformerImage": {**IMAGENET, "size": _square(512)},
    "DPTImage": {
        "size": _square(384), "resample": BICUBIC, "ensure_multiple_of": 1,
        "keep_aspect_ratio": False,
    },
    "DetrImage": _DETR,
    "ConditionalDetrImage": _DETR,
    "DeformableDetrImage": _DETR,
    "YolosImage": _DETR,
    "GroundingDinoImage": _DETR,
    "MaskFormerImage": _MASKFORMER,
    "Mask2FormerImage": _MASKFORMER,
    "DonutImage": {
        "size": {"height": 2560, "width": 1920}, "do_thumbnail": True, "do_pad": True,
        "do_align_long_axis": False,
    },
    "RfDetrImage": _DETR,
    "BlipImage": {**_CLIP, "size": _square(384), "resample": BICUBIC},
    "GLPNImage": {"size_divisor": 32, "do_normalize": False},
    "EfficientNetImage": {
        "size": _square(346), "crop_size": _square(289), "resample": BICUBIC,
        "rescale_offset": False, "include_top": True,
    },
    "LevitImage": {**_SHORTEST, **IMAGENET, **_crop(224), "resample": BICUBIC},
    "PoolFormerImage": {
        **_SHORTEST, **IMAGENET, **_crop(224), "resample": BICUBIC, "crop_pct": 0.9,
    },
    "DINOv3ViTImage": {**IMAGENET, "size": _square(224)},
    "TimmWrapperImage": {**IMAGENET, "default_to_square": False},
    "NougatImage": {
        **IMAGENET, "size": {"height": 896, "width": 672}, "do_thumbnail": True, "do_pad": True,
        "do_align_long_axis": False, "do_crop_margin": True,
    },
    "Idefics3Image": _TILED,
    "SmolVLMImage": _TILED,
    "RTDetrImage": {
        **IMAGENET, "size": _square(640), "default_to_square": False, "do_normalize": False,
    },
}  # fmt: skip
# What they are called in older files.
_OLDER = {
    "ViT": "ViTImage", "DeiT": "DeiTImage", "Beit": "BeitImage", "CLIP": "CLIPImage",
    "ConvNext": "ConvNextImage", "MobileNetV1": "MobileNetV1Image",
    "MobileNetV2": "MobileNetV2Image", "MobileViT": "MobileViTImage", "DPT": "DPTImage",
    "Segformer": "SegformerImage", "Detr": "DetrImage", "Yolos": "YolosImage",
    "ConditionalDetr": "ConditionalDetrImage", "DeformableDetr": "DeformableDetrImage",
    "OwlViT": "OwlViTImage", "ChineseCLIP": "ChineseCLIPImage",
    "MaskFormer": "MaskFormerImage", "Donut": "DonutImage", "GLPN": "GLPNImage",
    "Levit": "LevitImage", "PoolFormer": "PoolFormerImage",
}  # fmt: skip


# Of files that name no class: what transformers takes for the model_type.
_FAMILIES = {
    **dict.fromkeys(("vit", "vit_msn", "swin", "swinv2"), "ViTImage"),
    **dict.fromkeys(("beit", "data2vec-vision"), "BeitImage"),
    **dict.fromkeys(("convnext", "convnextv2", "cvt", "regnet", "resnet", "van"), "ConvNextImage"),
    **dict.fromkeys(("bit", "dinov2", "dinov2_with_registers", "focalnet", "hiera"), "BitImage"),
    **dict.fromkeys(("clip", "altclip", "metaclip_2"), "CLIPImage"),
    **dict.fromkeys(("detr", "table-transformer"), "DetrImage"),
    **dict.fromkeys(("dpt", "depth_anything"), "DPTImage"),
    **dict.fromkeys(("mobilevit", "mobilevitv2"), "MobileViTImage"),
    **dict.fromkeys(("pvt", "pvt_v2"), "PvtImage"),
    **dict.fromkeys(("rt_detr", "rt_detr_v2", "d_fine"), "RTDetrImage"),
    "chinese_clip": "ChineseCLIPImage", "conditional_detr": "ConditionalDetrImage",
    "deformable_detr": "DeformableDetrImage", "deit": "DeiTImage", "glpn": "GLPNImage",
    "levit": "LevitImage", "mask2former": "Mask2FormerImage", "maskformer": "MaskFormerImage",
    "mobilenet_v1": "MobileNetV1Image", "mobilenet_v2": "MobileNetV2Image",
    "owlvit": "OwlViTImage", "owlv2": "Owlv2Image", "poolformer": "PoolFormerImage",
    "idefics3": "Idefics3Image", "smolvlm": "SmolVLMImage",
    "segformer": "SegformerImage", "siglip": "SiglipImage", "yolos": "YolosImage",
}  # fmt: skip


def kind_of(file: Mapping[str, Any], family: str = "") -> str:
    """The class that a file names, else that of the family, "" if there is none; without what says
    how it computes.

    >>> kind_of({"image_processor_type": "CLIPImageProcessorFast"})
    'CLIPImage'
    """
    named = file.get("image_processor_type") or file.get("feature_extractor_type") or ""
    name = str(named).removesuffix("Fast").removesuffix("Pil")
    name = name.removesuffix("Processor").removesuffix("FeatureExtractor")
    return _OLDER.get(name, name) or _FAMILIES.get(family, "")
