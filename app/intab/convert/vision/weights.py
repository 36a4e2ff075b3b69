"""Reads what vision models have beside their layers: patches, tokens, positions, heads."""

from __future__ import annotations

from dataclasses import dataclass

from intab.convert.architecture import Array, Linear
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import Config
from intab.convert.encoders.reader import Reader
from intab.convert.vision.settings import Eye

HEAD_LAYERS = 3  # of YOLOS' two heads, and of DETR's for boxes


@dataclass(frozen=True)
class Patches:
    """How a picture becomes rows: the convolution's weight [hidden, channels, side, side] and its
    bias, the class token [1, 1, hidden], and the positions of all rows [rows, hidden]."""

    weight: Array
    bias: Array | None
    token: Array
    positions: Array


class EyeReader(Reader):
    """Reads one tower's tensors."""

    def __init__(self, checkpoint: Checkpoint, config: Config, eye: Eye) -> None:
        super().__init__(checkpoint, config, eye.layers)
        self.eye = eye

    def patches(self, more: int = 0) -> Patches:
        """Those of ViT and YOLOS; `more` tokens have positions behind the patches'."""
        eye, hidden, start = self.eye, self.shape.hidden, f"{self.prefix}embeddings."
        rows = 1 + eye.grid[0] * eye.grid[1] + more
        name = f"{start}patch_embeddings.projection"
        return Patches(
            self.tensor(f"{name}.weight", hidden, eye.channels, eye.patch, eye.patch),
            self.tensor(f"{name}.bias", hidden),
            self.tensor(f"{start}cls_token", 1, 1, hidden),
            self.tensor(f"{start}position_embeddings", 1, rows, hidden)[0],
        )

    def clip_patches(self) -> Patches:
        """CLIP's."""
        eye, hidden, start = self.eye, self.shape.hidden, f"{self.prefix}embeddings."
        rows = 1 + eye.grid[0] * eye.grid[1]
        return Patches(
            self.tensor(
                f"{start}patch_embedding.weight", hidden, eye.channels, eye.patch, eye.patch
            ),
            None,
            self.tensor(f"{start}class_embedding", hidden)[None, None],
            self.tensor(f"{start}position_embedding.weight", rows, hidden),
        )

    def pooler(self) -> Linear | None:
        """The product that makes one vector of the class token; None in a checkpoint that was
        trained without it, or with another function than tanh behind it."""
        name, config = f"{self.prefix}pooler.dense", self.config
        if not self.checkpoint.has(f"{name}.weight") or config.values.get("pooler_act") not in (
            None,
            "tanh",
        ):
            return None
        size = config.size_or("pooler_output_size", self.shape.hidden)
        return self.linear(name, self.shape.hidden, size)

    def mid_positions(self, rows: int) -> Array | None:
        """What YOLOS adds behind each layer but the last, [layers, rows, hidden]; None if it adds
        nothing."""
        count = len(self.shape.layers) - 1
        if not self.config.flag("use_mid_position_embeddings") or not count:
            return None
        name = f"{self.prefix}encoder.mid_position_embeddings"
        return self.tensor(name, count, 1, rows, self.shape.hidden)[:, 0]


def perceptron(reader: Reader, name: str, outputs: int) -> list[Linear]:
    """The products of one of a detector's heads."""
    hidden = reader.shape.hidden
    sizes = [hidden] * (HEAD_LAYERS - 1) + [outputs]
    return [reader.linear(f"{name}.layers.{n}", hidden, size) for n, size in enumerate(sizes)]
