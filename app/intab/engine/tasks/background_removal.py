"""background-removal: a picture without what is behind its subject, as Transformers.js' pipeline.

>>> (await pipe("person.jpg")).mode      # the alpha says how much each pixel is the subject's
'RGBA'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.media.pictures import from_array
from intab.engine.media.processor import ImageProcessor
from intab.engine.media.processors import BILINEAR, IMAGENET, LANCZOS
from intab.engine.media.segments import sigmoid
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.image_task import KWARGS, ImagePipeline, ImageTask
from intab.engine.tasks.text_task import floats, take_flag
from intab.errors import RunError, UnsupportedModelError

if TYPE_CHECKING:
    from PIL.Image import Image

_NEAR = 1e-5  # beyond 0 and 1, within which a number is a share already
_U2NET = (320, 320)  # what its graphs take, which come without a config


class BackgroundRemoval(ImageTask):
    """Options: return_mask, image_processor_kwargs."""

    name = "background-removal"
    does = "tell subjects from their background"
    graph = "a matting of pictures"
    wanted = ()
    known = ("return_mask",)

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError for what gives more than one number for each pixel."""
        super().check_graph(pipeline)
        [network] = pipeline.networks.values()
        info = network.outputs[0]
        if len(info.shape) == 4 and 1 not in (info.shape[1], info.shape[3], None):
            raise UnsupportedModelError(
                f"The graph gives {info}, which is not one number for each pixel: use it for "
                "image-segmentation."
            )

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        before, after = super().split(pipeline, options)
        masks = take_flag(after, "return_mask", default=False)
        stretched = _is_u2net(pipeline, options.get(KWARGS))
        return {**before, "stretched": stretched}, {"return_mask": masks, "stretched": stretched}

    def processor(
        self, pipeline: ImagePipeline, changed: Mapping[str, Any] | None
    ) -> ImageProcessor:
        """U2-Net's if there is none and the graph takes its size."""
        if not _is_u2net(pipeline, changed):
            return super().processor(pipeline, changed)
        return ImageProcessor.of({"size": list(_U2NET), "resample": LANCZOS, **IMAGENET})

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A picture as one row, which the answer needs too."""
        processor: ImageProcessor = options["processor"]
        if options["stretched"]:  # the brightest number of the picture is its 1
            most = max(float(processor.uint8(item).max()), 1e-6)
            options = {**options, "processor": processor.changed({"rescale_factor": 1 / most})}
        [row] = super().preprocess(pipeline, item, options)
        return [Row(row.feeds, about=item)]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Image:
        """The picture with the mask as its alpha, or with return_mask that alone."""
        picture: Image = rows[0].about
        shares = _shares(_map(floats(outputs[0])), stretched=options["stretched"])
        mask = from_array((shares * np.float32(255)).astype(np.uint8))
        mask = mask.resize(picture.size, LANCZOS if options["stretched"] else BILINEAR)
        if options["return_mask"]:
            return mask
        cut = picture.copy()
        cut.putalpha(mask)
        return cut


def _is_u2net(pipeline: Pipeline, changed: Any) -> bool:
    """Whether nothing says how pictures are made, and the graph takes what U2-Net takes."""
    assert isinstance(pipeline, ImagePipeline)
    return pipeline.processor is None and not changed and pipeline.fixed_size == _U2NET


def _map(found: NDArray[np.float32]) -> NDArray[np.float32]:
    """[height, width] of what has one channel, first or last."""
    if found.ndim == 3 and 1 in (found.shape[0], found.shape[2]):
        return found[0] if found.shape[0] == 1 else found[..., 0]
    if found.ndim != 2:
        raise RunError(f"The model gives a mask of shape {list(found.shape)}.")
    return found


def _shares(found: NDArray[np.float32], *, stretched: bool) -> NDArray[np.float32]:
    """From 0 to 1: U2-Net's stretched to both, as rembg has it; logits by a sigmoid."""
    if stretched:
        least, most = found.min(), found.max()
        return (found - least) / (most - least) if most > least else np.zeros_like(found)
    if found.min() < -_NEAR or found.max() > 1 + _NEAR:
        found = sigmoid(found)
    return np.clip(found, 0, 1)
