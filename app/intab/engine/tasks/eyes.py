"""The eyes of a model that reads texts with pictures in them: how pictures are cut, the encoder
that looks at the tiles, and the tokens of what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.io.protocols import B
from intab.engine.io.small_files import parse_object
from intab.engine.media.cropping import Pixels
from intab.engine.media.tiles import Tiler, Tiles
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.graphs import Graph
from intab.engine.runtime.network import Network
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import Parts
from intab.engine.tasks.image_task import FILES, ReadPicture, processor_of
from intab.engine.tasks.seen_prompts import Marks
from intab.engine.text.assets import Texts
from intab.engine.text.chat_template import LEGACY, find_templates
from intab.errors import DeviceError, ManifestError, RunError, UnsupportedModelError

VISION = "vision_encoder"
_PIXELS, _MASK = "pixel_values", "pixel_attention_mask"
_LENGTH = 169  # tokens of a tile, unless processor_config.json says: transformers' default


@dataclass(frozen=True)
class Eyes:
    """What looks at pictures: how they are cut, the encoder, and the tokens of what it sees."""

    tiler: Tiler
    network: Network
    marks: Marks
    token: int
    size: int | None  # of the embeddings in whose place the rows stand, if that is known
    read: ReadPicture

    async def rows(self, tiles: Sequence[Tiles]) -> NDArray[np.floating]:
        """What stands in the place of the tokens of these pictures: [count, size]."""
        found = [await self._look(one) for each in tiles for one in each.pixels]
        return np.concatenate(found)

    async def _look(self, pixels: Pixels) -> NDArray[np.floating]:
        """One tile a run: pictures of any size take the memory of a tile."""
        inputs = {info.name: info.dtype for info in self.network.inputs}
        feeds = {_PIXELS: pixels[None, None].astype(inputs[_PIXELS])}
        if _MASK in inputs:
            feeds[_MASK] = np.ones((1, 1, *pixels.shape[1:]), inputs[_MASK])
        [output, *_] = (info.name for info in self.network.outputs)
        rows = (await self.network.run(feeds, [output]))[output]
        rows = rows.reshape(-1, rows.shape[-1])
        size = self.size or rows.shape[1]
        if rows.shape != (self.marks.length, size):
            raise UnsupportedModelError(
                f"The encoder gives {rows.shape[0]} rows of {rows.shape[1]} numbers for a tile; "
                f"{self.marks.length} of {size} are needed, by {FILES[1]}'s image_seq_len "
                f"({_LENGTH} without it) and config.json: put files of one model together."
            )
        return rows


async def open_eyes(runtime: Runtime[B], parts: Parts[B], graph: Graph[B]) -> Eyes:
    """The encoder, tried with one grey tile; DeviceError, with nothing left open, if it does not
    run, UnsupportedModelError for files of another family."""
    texts = parts.texts
    processor = processor_of(texts)
    if processor is None:
        raise UnsupportedModelError(
            f"The folder has no {FILES[0]}, which says how pictures are made for the model: add it."
        )
    marks = Marks.of(_length(texts), texts.tokenizer_config)
    tiler, token = Tiler(processor), _token(texts, marks)
    size = ModelConfig.of(texts.config).hidden_size
    network = await runtime.open(graph, parts.device_of(VISION))
    eyes = Eyes(tiler, network, marks, token, size, runtime.read_picture)
    try:
        await parts.settle()
        _check_inputs(network)
        await _try(eyes)
    except RunError as exc:
        await network.close()
        raise DeviceError(
            f"The encoder of pictures loads but does not run on {network.device} ({exc}): choose "
            "another dtype or device."
        ) from exc
    except BaseException:
        await network.close()
        raise
    return eyes


async def _try(eyes: Eyes) -> None:
    """One run; DeviceError for numbers that are not finite."""
    tile = np.zeros((3, eyes.tiler.side, eyes.tiler.side), np.float32)
    tile[:, 0] = 1  # some exports leave out tiles that are all zeros
    if not np.isfinite(await eyes.rows([Tiles([tile], 0, 0)])).all():
        raise DeviceError(f"{eyes.network.device} gives numbers that are not finite.")


def _check_inputs(network: Network) -> None:
    """UnsupportedModelError unless it takes tiles, and nothing else."""
    taken = {info.name: len(info.shape) for info in network.inputs}
    if taken.get(_PIXELS) not in (0, 5) or not {_PIXELS, _MASK}.issuperset(taken):
        raise UnsupportedModelError(
            f"The encoder of pictures takes {', '.join(map(str, network.inputs))}: one is needed "
            f"that takes {_PIXELS} [1, tiles, 3, side, side] and {_MASK} at most."
        )


def as_processors(texts: Texts) -> Texts:
    """With the chat template that transformers' processors take, if another one than their
    tokenizers: what processor_config.json says, then chat_template.json, before all others."""
    for name in (FILES[1], LEGACY):
        if found := find_templates(_said(texts, name), {}):
            return replace(texts, chat_templates=found)
    return texts


def _said(texts: Texts, name: str) -> dict[str, Any]:
    return parse_object(texts.more[name], name) if name in texts.more else {}


def _length(texts: Texts) -> int:
    """How many tokens a tile has; ManifestError."""
    length = _said(texts, FILES[1]).get("image_seq_len", _LENGTH)
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise ManifestError(f"{FILES[1]}: image_seq_len must be a whole number, not {length!r}.")
    return length


def _token(texts: Texts, marks: Marks) -> int:
    """The id in whose place the pictures stand; ManifestError."""
    token = texts.config.get("image_token_id", texts.tokenizer.token_id(marks.image))
    if not isinstance(token, int) or token != texts.tokenizer.token_id(marks.image):
        raise ManifestError(
            f"config.json's image_token_id ({token}) is not the tokenizer's {marks.image}: the "
            "files belong to different models."
        )
    return token
