"""`ImageTask`: what the tasks share whose model looks at one picture."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from intab.engine.hub.roles import Need
from intab.engine.io.protocols import B, OnProgress
from intab.engine.io.small_files import parse_object
from intab.engine.media.pictures import rgb
from intab.engine.media.preparing import Frame, Preparation, is_frame
from intab.engine.media.processor import ImageProcessor
from intab.engine.runtime.network import TensorInfo, elsewhere
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import ArrayTask, Parts, Pipeline, one_output
from intab.engine.tasks.batches import Row
from intab.engine.tasks.plain_network import LABELS, labels_of
from intab.engine.tasks.text_task import only
from intab.engine.text.assets import Texts
from intab.errors import OptionError, UnsupportedModelError

if TYPE_CHECKING:
    from PIL.Image import Image

_PROCESSOR, _SEVERAL = FILES = ("preprocessor_config.json", "processor_config.json")
_MASK = "pixel_mask"  # ones, since no picture is padded; of a size that the graph may fix
_CHANNELS = (1, 3)
_TRIED = (64, 64)  # pixels, if neither the graph nor the processor has a size
KWARGS = "image_processor_kwargs"
ReadPicture = Callable[[Any], Awaitable["Image"]]


class ImagePipeline(Pipeline):
    """A pipeline that looks at pictures; `read` makes one of what its user gives."""

    read: ReadPicture

    @cached_property
    def processor(self) -> ImageProcessor | None:
        """What preprocessor_config.json says, None if there is no such file."""
        return processor_of(self.texts)

    @cached_property
    def labels(self) -> list[str]:
        """The names of its classes."""
        return labels_of(self.texts)

    @cached_property
    def pixels(self) -> TensorInfo:
        """The input for the picture; UnsupportedModelError if there is none."""
        [network] = self.networks.values()
        several = [info for info in network.inputs if len(info.shape) == 4]
        named = [info for info in several if info.name == "pixel_values"]
        found = named or several
        if len(found) != 1:
            takes = ", ".join(map(str, network.inputs)) or "nothing"
            raise UnsupportedModelError(
                f"The graph takes {takes}: one input of four dimensions, for pictures, is needed."
            )
        return found[0]

    @property
    def channels_last(self) -> bool:
        """Whether its pictures are [height, width, channels], as TensorFlow has them."""
        shape = self.pixels.shape
        return shape[3] in _CHANNELS and shape[1] not in _CHANNELS

    @property
    def fixed_size(self) -> tuple[int | None, int | None]:
        """The height and the width that the graph takes, None if any will do."""
        shape = self.pixels.shape
        return (shape[1], shape[2]) if self.channels_last else (shape[2], shape[3])

    def label(self, number: int) -> str:
        """The name of a class."""
        return self.labels[number] if number < len(self.labels) else f"LABEL_{number}"


class ImageTask(ArrayTask):
    """`wanted`: what the output is called, the first of these that is there, else the first;
    `known`: the options of a call, beside those of the image processor."""

    needs: Sequence[Need] = (Need(("model",), lone=True),)
    tokenizer = False
    config = False
    texts = (*FILES, *LABELS)
    wanted: Sequence[str] = ("logits",)
    known: Sequence[str] = ()
    beside: Sequence[str] = ()  # what else its graph may take
    pipeline: type[ImagePipeline] = ImagePipeline

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> Pipeline:
        """The pipeline, which is tried once."""
        pipeline = await super().open(runtime, parts, report)
        if isinstance(pipeline, ImagePipeline):
            pipeline.read = runtime.read_picture
        return pipeline

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError if it takes more than a picture, or its file cannot be used."""
        found = _of(pipeline)
        [network] = found.networks.values()
        known = {found.pixels.name, _MASK, *self.beside}
        if more := [info for info in network.inputs if info.name not in known]:
            raise UnsupportedModelError(
                f"The graph takes {more[0]} beside the picture, which is not what {self.graph} "
                f"takes: export the model for {self.name}."
            )
        _ = found.processor

    def trial(self, pipeline: ImagePipeline) -> Row:
        """A picture that is one slope."""
        return self.row(pipeline, _slope(pipeline), (1, 1))

    async def read(self, pipeline: Pipeline, item: Any) -> Any:
        """A picture, upright, in RGB."""
        return rgb(await _of(pipeline).read(item))

    def arguments(
        self, inputs: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """The pictures may be named so, as in transformers."""
        for name in ("inputs", "images", "image"):
            if not inputs and name in options:
                inputs = (options.pop(name),)
        return super().arguments(inputs, options)

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown."""
        only(self.name, options, (*self.known, KWARGS))
        changed = options.get(KWARGS)
        if changed is not None and not isinstance(changed, Mapping):
            raise OptionError(f"{KWARGS} must be a dict, such as {{'size': 224}}.")
        rest = {name: value for name, value in options.items() if name != KWARGS}
        return {"processor": self.processor(_of(pipeline), changed)}, rest

    def processor(
        self, pipeline: ImagePipeline, changed: Mapping[str, Any] | None
    ) -> ImageProcessor:
        """The processor of a call; OptionError if there is none."""
        found = pipeline.processor
        if found is None and changed is None:
            raise OptionError(
                f"The model has no {_PROCESSOR}, which says how pictures are made for it: put one "
                f"beside its graph, or pass {KWARGS}={{'size': {{'height': 224, 'width': 224}}, "
                "'image_mean': [0.5, 0.5, 0.5], 'image_std': [0.5, 0.5, 0.5]}."
            )
        found = found or ImageProcessor.of({"size": list(_size_of(pipeline))})
        return found.changed(changed) if changed else found

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A picture as one row; its own size is what the answer needs to know."""
        found = _of(pipeline)
        processor: ImageProcessor = options["processor"]
        grey = 1 in (found.pixels.shape[1], found.pixels.shape[3]) and not _takes_three(found)
        size = item.height, item.width
        if grey:
            return [self.row(found, processor(item.convert("L").convert("RGB"))[:1], size)]
        preparation = processor.preparation(size) if is_frame(item) else None
        pixels = processor(item) if preparation is None else prepared(item, preparation)
        return [self.row(found, pixels, size)]

    def row(self, pipeline: ImagePipeline, pixels: NDArray[Any], size: tuple[int, int]) -> Row:
        """The feeds of [channels, height, width]."""
        info = pipeline.pixels
        self.check_size(pipeline, pixels)
        if elsewhere(pixels) and info.dtype == "float32" and not pipeline.channels_last:
            feeds = {info.name: pixels}
        else:
            laid = np.moveaxis(pixels, 0, -1) if pipeline.channels_last else pixels
            feeds = {info.name: np.ascontiguousarray(laid, info.dtype)}
        for other in next(iter(pipeline.networks.values())).inputs:
            if other.name == _MASK:
                sides = zip(other.shape[1:], pixels.shape[1:], strict=False)
                feeds[other.name] = np.ones([want or have for want, have in sides], other.dtype)
        return Row(feeds, about=size)

    def check_size(self, pipeline: ImagePipeline, pixels: NDArray[Any]) -> None:
        """OptionError if the graph takes another size than the processor makes."""
        made = pixels.shape[1:]
        wanted = pipeline.fixed_size
        if any(want not in (None, have) for want, have in zip(wanted, made, strict=True)):
            raise OptionError(
                f"The picture becomes {made[0]} x {made[1]}, and the graph takes {pipeline.pixels}:"
                f" pass {KWARGS}={{'size': {{'height': {wanted[0]}, 'width': {wanted[1]}}}}}, or "
                f"change {_PROCESSOR}."
            )

    def outputs(self, pipeline: Pipeline) -> Sequence[str] | None:
        """The one output."""
        return one_output(pipeline, self.wanted)


def prepared(picture: Image, preparation: Preparation) -> NDArray[Any]:
    """What the preparation makes of a picture, left where its pixels are."""
    if is_frame(picture):
        made: NDArray[Any] = cast(Frame, picture).prepared(preparation)
        return made
    return preparation(picture)


def processor_of(texts: Texts) -> ImageProcessor | None:
    """What processor_config.json says of pictures, else preprocessor_config.json, else what
    config.json has of timm's; None if there is none of them."""
    family = str(texts.config.get("model_type") or "")
    if _SEVERAL in texts.more:
        inner = parse_object(texts.more[_SEVERAL], _SEVERAL).get("image_processor")
        if isinstance(inner, Mapping):
            return ImageProcessor.of(inner, _SEVERAL, family)
    if _PROCESSOR in texts.more:
        return ImageProcessor.of(parse_object(texts.more[_PROCESSOR], _PROCESSOR), family=family)
    if "pretrained_cfg" in texts.config:
        said = {"pretrained_cfg": texts.config["pretrained_cfg"]}
        said["image_processor_type"] = "TimmWrapperImageProcessor"
        return ImageProcessor.of(said, "config.json")
    return None


def _of(pipeline: Pipeline) -> ImagePipeline:
    assert isinstance(pipeline, ImagePipeline)
    return pipeline


def _takes_three(pipeline: ImagePipeline) -> bool:
    return 3 in (pipeline.pixels.shape[1], pipeline.pixels.shape[3])


def _size_of(pipeline: ImagePipeline) -> tuple[int, int]:
    """The size that the graph or the processor has for a square picture."""
    height, width = pipeline.fixed_size
    if height and width:
        return height, width
    processor = pipeline.processor
    if processor is None or "longest_edge" in processor.settings.get("size", {}):
        return _TRIED
    return processor.made_of(_TRIED)


def _slope(pipeline: ImagePipeline) -> NDArray[np.float32]:
    """A picture of numbers from -1 to 1: [channels, height, width]."""
    height, width = _size_of(pipeline)
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    channels = 1 if 1 in pipeline.pixels.shape[1:] and not _takes_three(pipeline) else 3
    picture = np.broadcast_to(rows, (channels, height, width))
    return (picture + 1) * 127 if pipeline.pixels.dtype == "uint8" else picture
