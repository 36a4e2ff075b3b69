"""From a vision model's checkpoint to a model folder that pipelines load.

Each dtype's graph is run beside fp32's on pictures of waves, and the report says how far they
differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from intab.convert.card import Report
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import Config, shown
from intab.convert.encoders.converting import Feeds, Source, Write, write_model
from intab.convert.progress import Say
from intab.convert.reading import check_vocabulary, read_tokenizer
from intab.convert.vision.clip import Clip
from intab.convert.vision.detr import read_detr
from intab.convert.vision.settings import Eye, read_eye, read_settings
from intab.convert.vision.weights import EyeReader
from intab.convert.vision.writer import PIXELS, vit, yolos
from intab.engine.model_config import ModelConfig
from intab.errors import ConvertError

if TYPE_CHECKING:
    from intab.convert.converter import Request

DTYPES = ("fp32", "fp16", "q8")  # made unasked
FILES = ("preprocessor_config.json", "processor_config.json")
PICTURES, TEXTS, LENGTH = 4, 8, 16  # that graphs are compared on
TRIED = (480, 640)  # pixels, of models that take any
_ENDS = {"vit": ("ForImageClassification", "Model"), "yolos": ("ForObjectDetection",)}
_ENDS["detr"] = _ENDS["yolos"]
_LAST = {"vit": "classifier.bias", "yolos": "class_labels_classifier.layers.2.bias"}


def convert_vision(request: Request, checkpoint: Checkpoint, say: Say) -> Report:
    """Write the model folder; ConvertError says what stands against it."""
    if not any((checkpoint.folder / name).is_file() for name in FILES):
        raise ConvertError(
            f"{checkpoint.folder} has no {FILES[0]}, which says how pictures are made for the "
            "model: save its image processor there first."
        )
    found = read_vision(checkpoint, request.ignored)
    feeds = _feeds(found, _ids(checkpoint) if found.kind == "pictures and texts" else None)
    source = Source(checkpoint, found.write, found.kind, found.notes, feeds, FILES)
    return write_model(request, source, request.dtypes or DTYPES, say)


@dataclass(frozen=True)
class Read:
    """What writes a form's graph, what the model is for, what is to be told, and the pictures that
    it is tried with."""

    write: Write
    kind: str
    notes: tuple[str, ...]
    size: tuple[int, int]
    channels: int


def read_vision(checkpoint: Checkpoint, ignored: Sequence[str] = ()) -> Read:
    """A checkpoint of a model that looks at pictures."""
    config = read_settings(checkpoint.config, ignored=ignored)
    if config.kind == "clip":
        clip = Clip(checkpoint, config, tuple(ignored))
        eye = clip.eye.eye
        return Read(clip.graph, "pictures and texts", clip.notes, eye.size, eye.channels)
    end = _head(checkpoint, config.kind)
    labels = len(ModelConfig.of_the_writer(checkpoint.config).id2label)
    if config.kind == "detr":
        detr = read_detr(checkpoint, config, labels, ignored)
        return Read(detr.graph, "boxes", config.notes, TRIED, detr.backbone.channels)
    write, kind, eye = _read_eye(checkpoint, config, end, labels)
    return Read(write, kind, config.notes, eye.size, eye.channels)


def _read_eye(
    checkpoint: Checkpoint, config: Config, end: str, labels: int
) -> tuple[Write, str, Eye]:
    """Those of ViT and YOLOS."""
    eye = read_eye(config)
    reader = EyeReader(checkpoint, config, eye)
    reader.check()
    if end == "Model":
        return lambda form: vit(reader, 0, form), "features", eye
    labels += config.kind == "yolos"  # one stands for nothing
    reader.tensor(_LAST[config.kind], labels)
    if config.kind == "vit":
        return lambda form: vit(reader, labels, form), "labels", eye
    tokens = config.size("num_detection_tokens")
    return lambda form: yolos(reader, tokens, labels, form), "boxes", eye


def _head(checkpoint: Checkpoint, kind: str) -> str:
    """The ending of the architecture that config.json names."""
    names = checkpoint.config.get("architectures") or ["Model"]
    if isinstance(names, list) and names and isinstance(names[0], str):
        for end in _ENDS[kind]:
            if names[0].endswith(end):
                return end
    raise ConvertError(
        f"architectures in config.json are {shown(names)}; of {kind} these can be converted: "
        f"{', '.join(f'...{end}' for end in _ENDS[kind])}."
    )


def _ids(checkpoint: Checkpoint) -> NDArray[np.int64]:
    """Ids of as many texts, each closed by what ends texts; ConvertError if the tokenizer is
    another model's."""
    text = checkpoint.config.get("text_config") or {}
    vocabulary = int(text.get("vocab_size", 49408))
    check_vocabulary(read_tokenizer(checkpoint.folder), vocabulary)
    length = min(LENGTH, int(text.get("max_position_embeddings", 77)))
    ids = np.random.default_rng(0).integers(0, vocabulary, (TEXTS, length))
    ids[:, -1] = text.get("eos_token_id", vocabulary - 1)
    return ids


def _feeds(found: Read, ids: NDArray[np.int64] | None) -> list[Feeds]:
    """Pictures of waves, each of its own."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: found.size[0], : found.size[1]].astype(np.float32)
    feeds: list[Feeds] = []
    for _ in range(PICTURES):
        slopes = rng.uniform(-0.3, 0.3, (found.channels, 2, 1, 1)).astype(np.float32)
        picture = np.sin(slopes[:, 0] * y + slopes[:, 1] * x)[None]
        texts = {} if ids is None else {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        feeds.append({PIXELS: picture, **texts})
    return feeds
