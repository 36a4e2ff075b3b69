"""What the files of diffusers' folders say: the scheduler, sizes, the scale of latents.

A file that is not there says nothing: then a model of Stable Diffusion 1 is meant, whose early
exports have no configs beside their graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from intab.engine.diffusion.config import DEFAULTS
from intab.engine.io.small_files import parse_object
from intab.engine.io.untrusted import number, whole
from intab.engine.tasks.diffusion.prompts import TOKENIZER
from intab.errors import ManifestError

T = TypeVar("T")

INDEX, SCHEDULER = "model_index.json", "scheduler/scheduler_config.json"
UNET, DECODER = "unet/config.json", "vae_decoder/config.json"
TEXT_ENCODER = "text_encoder/config.json"
CONFIGS = (INDEX, SCHEDULER, UNET, DECODER, TEXT_ENCODER)
FILES = (*CONFIGS, *TOKENIZER)
_CORRECTIONS = {"steps_offset": 1, "clip_sample": False}
_LARGEST = 2**16  # of sizes in latents, channels and widths
_MOST_BLOCKS = 8
_MOST_TOKENS = 2**16


@dataclass(frozen=True)
class Settings:
    """What the configs say.

    is_consistency: whether it is a latent consistency model of diffusers' pipeline for these.
    sample_size: height and width of latents, if nothing else is asked for.
    guidance_width: of the guidance scale's embedding, None for a UNet that takes none.
    latent_channels, vae_scale: of latents, and pixels to a side of one.
    scaling_factor, shift_factor: latents are (the VAE's - shift) * scale.
    most_tokens: of a prompt, None if that is not said.
    """

    scheduler: Mapping[str, Any]
    is_consistency: bool = False
    sample_size: tuple[int, int] = (64, 64)
    guidance_width: int | None = None
    latent_channels: int = 4
    vae_scale: int = 8
    scaling_factor: float = 0.18215
    shift_factor: float = 0.0
    most_tokens: int | None = None

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Settings:
        """Of the files by name; ManifestError for a value that cannot be, or no scheduler."""
        if SCHEDULER not in texts:
            raise ManifestError(
                f"The folder has no {SCHEDULER}, which says how noise is taken away: export the "
                "whole pipeline, or copy the file from the model's checkpoint."
            )
        read = {name: parse_object(texts[name], name) for name in CONFIGS if name in texts}
        unet, vae = _Config(read, UNET), _Config(read, DECODER)
        text = _Config(read, TEXT_ENCODER)
        blocks = vae.get("block_out_channels", 4, _blocks)
        is_consistency = "LatentConsistency" in str(read.get(INDEX, {}).get("_class_name"))
        return cls(
            read[SCHEDULER] if is_consistency else _corrected(read[SCHEDULER]),
            is_consistency,
            unet.get("sample_size", cls.sample_size, _sides),
            unet.get("time_cond_proj_dim", None, _size),
            vae.get("latent_channels", cls.latent_channels, _size),
            2 ** (blocks - 1),
            vae.get("scaling_factor", cls.scaling_factor, lambda v: number(v, 1e-6, 1e6)),
            vae.get("shift_factor", cls.shift_factor, lambda v: number(v, -1e6, 1e6)),
            text.get("max_position_embeddings", None, lambda v: whole(v, 2, _MOST_TOKENS)),
        )


def _corrected(scheduler: Mapping[str, Any]) -> Mapping[str, Any]:
    """As diffusers' pipelines of Stable Diffusion read it, whatever an older file says."""
    known = DEFAULTS.get(str(scheduler.get("_class_name")), {})
    return {**scheduler, **{key: v for key, v in _CORRECTIONS.items() if key in known}}


class _Config:
    """One of the configs; what is not there or null is a default."""

    def __init__(self, read: Mapping[str, Mapping[str, Any]], name: str) -> None:
        self._values, self._name = read.get(name, {}), name

    def get(self, key: str, default: T, judge: Callable[[Any], T]) -> T:
        """A value; ManifestError names the file and the key."""
        value = self._values.get(key)
        try:
            return default if value is None else judge(value)
        except ValueError as exc:
            raise ManifestError(f"{self._name} is not valid: {key} {exc}.") from exc


def _size(value: Any) -> int:
    return whole(value, 1, _LARGEST)


def _sides(value: Any) -> tuple[int, int]:
    height, width = value if isinstance(value, list) and len(value) == 2 else (value, value)
    return _size(height), _size(width)


def _blocks(value: Any) -> int:
    return whole(len(value) if isinstance(value, list) else value, 1, _MOST_BLOCKS)
