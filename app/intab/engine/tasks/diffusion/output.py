"""The pictures of a call, as diffusers gives them: `found.images[0].save("fox.png")`."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.diffusion.latents import to_floats, to_pixels
from intab.engine.media.pictures import from_array
from intab.errors import OptionError

if TYPE_CHECKING:
    from PIL.Image import Image

PIL, NUMPY, LATENT = OUTPUT_TYPES = ("pil", "np", "latent")


@dataclass(frozen=True)
class ImagePipelineOutput:
    """The pictures of a call.

    Attributes:
        images: a list of PIL.Image; for output_type "np" float32 [pictures, height, width, 3] from
            0 to 1, for "latent" the latents [pictures, channels, height, width].
    """

    images: list[Image] | NDArray[Any]

    def __repr__(self) -> str:
        """What it is, without its numbers."""
        if not isinstance(self.images, list):
            return f"<intab.ImagePipelineOutput of an array {list(self.images.shape)}>"
        width, height = self.images[0].size
        plural = "" if len(self.images) == 1 else "s"
        pictures = f"{len(self.images)} picture{plural}"
        return f"<intab.ImagePipelineOutput of {pictures} of {width} x {height} pixels>"

    def _repr_png_(self) -> bytes | None:
        """All pictures side by side, as a page or a notebook shows a last expression."""
        if not isinstance(self.images, list):
            return None
        row = np.concatenate([np.asarray(image) for image in self.images], axis=1)
        into = io.BytesIO()
        from_array(row).save(into, "PNG")
        return into.getvalue()


def output_of(decoded: NDArray[Any], kind: str) -> ImagePipelineOutput:
    """What a call gives for a VAE's answer; RunError if that has NaN."""
    floats = to_floats(decoded)
    if kind == NUMPY:
        return ImagePipelineOutput(floats)
    return ImagePipelineOutput([from_array(one) for one in to_pixels(floats)])


def check_output_type(kind: Any) -> str:
    """OptionError for one that cannot be made here, such as torch's."""
    if kind not in OUTPUT_TYPES:
        raise OptionError(f"output_type must be one of {', '.join(OUTPUT_TYPES)}, not {kind!r}.")
    return str(kind)
