"""image-to-text: what is on a picture, in words, or what is written on it: an encoder looks, a
decoder writes, as transformers 4.57.6's VisionEncoderDecoderModel (ViT-GPT2, TrOCR, Donut).

>>> await pipe("parrots.png", max_new_tokens=20)
[{'generated_text': 'two birds are standing next to each other'}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from intab.engine.generation.options import GenerationOptions
from intab.engine.hub.roles import ENCODER_DECODER, Need
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress
from intab.engine.media.pictures import rgb
from intab.engine.media.processor import ImageProcessor
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.encoded import Encoded
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import Parts
from intab.engine.tasks.heads import check_heads
from intab.engine.tasks.image_task import FILES, KWARGS, ReadPicture, processor_of
from intab.engine.tasks.opening import check_decoders, open_reader
from intab.engine.tasks.sequence_model import SequenceModel
from intab.engine.tasks.sequence_pipeline import SequencePipeline
from intab.errors import OptionError, UnsupportedModelError

_DEFAULTS: Mapping[str, Any] = {"max_new_tokens": 256}
_TRIED = (224, 224)  # pixels, if the processor has no size of its own
BEGIN = "decoder_input_ids"


@dataclass(frozen=True)
class Request:
    """A call's options: how pictures are made, the ids that answers begin with, and the rest."""

    processor: ImageProcessor
    begin: Sequence[int]
    options: GenerationOptions


class ImageToTextPipeline(SequencePipeline):
    """A pipeline that looks at pictures and writes."""

    def __init__(
        self, name: str, model: SequenceModel, processor: ImageProcessor, read: ReadPicture
    ) -> None:
        super().__init__(name, model)
        self.processor, self._read = processor, read
        self.defaults = model.defaults(_DEFAULTS, {})

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Answer one picture, or each of several; docs/pipelines.md has the options and shapes.

        Args:
            inputs: a picture, a list of them, or a generator of them.
            options: those of `Model.generate`, also as generate_kwargs; decoder_input_ids, what
                answers begin with: ids, or a text; image_processor_kwargs; batch_size.

        Returns:
            To be awaited: a list of {"generated_text"}, or a list of such lists.

        Raises:
            OptionError: an option is unknown or out of range.
            PromptError: a picture cannot be used.
            RunError: onnxruntime fails; ModelClosedError: the pipeline was closed.
        """
        for name in ("inputs", "images", "image"):
            if not inputs and name in options:
                inputs = (options.pop(name),)
        return super().__call__(*inputs, **options)

    def request(self, options: dict[str, Any]) -> Any:
        """A call's options; OptionError for what does not go together."""
        processor, passed = self.told(options)
        begin = self.begin(passed.pop(BEGIN, None))
        chosen = self.model.options(passed, self.defaults, len(begin))
        return Request(processor, begin, chosen)

    def told(self, options: dict[str, Any]) -> tuple[ImageProcessor, dict[str, Any]]:
        """How pictures are made in a call, and its options of generating; OptionError."""
        nested, changed = options.pop("generate_kwargs", None), options.pop(KWARGS, None)
        for name, value in (("generate_kwargs", nested), (KWARGS, changed)):
            if value is not None and not isinstance(value, Mapping):
                raise OptionError(f"{name} must be a dict, not {type(value).__name__}.")
        if both := set(options) & set(nested or {}):
            raise OptionError(f"{min(both)} is given twice, also in generate_kwargs: give it once.")
        processor = self.processor.changed(changed) if changed else self.processor
        return processor, {**options, **(nested or {})}

    def begin(self, given: Any) -> list[int]:
        """The ids that answers begin with: as in `generate` the start comes first, but not for
        Donut, whose prompts are starts."""
        if given is None:
            return [self.model.start]
        if isinstance(given, str):
            given = self.texts.tokenizer.encode(given, add_special_tokens=False)
        ids = np.asarray(given)
        ids = ids[0] if ids.ndim == 2 and len(ids) == 1 else ids
        if ids.ndim != 1 or not ids.size or ids.dtype.kind not in "iu":
            raise OptionError(f"{BEGIN} must be a text, or ids: [n] or [1][n], one at least.")
        if ids.min() < 0 or ids.max() >= self.model.vocabulary:
            raise OptionError(f"{BEGIN} must be from 0 to {self.model.vocabulary - 1:,}.")
        start = [] if is_donut(self.config) or ids[0] == self.model.start else [self.model.start]
        return [*start, *map(int, ids)]

    async def batch(self, items: Sequence[Any], request: Request) -> list[Any]:
        """The records of each picture."""
        sources = [await self.encoded(item, request.processor) for item in items]
        self.check_open()
        begins = [request.begin] * len(items)
        found = await self.model.answers(sources, begins, request.options)
        decode = self.texts.tokenizer.decode
        return [
            [{"generated_text": decode([*request.begin, *one.ids])} for one in answers]
            for answers in found
        ]

    async def encoded(self, item: Any, processor: ImageProcessor) -> Encoded:
        """What the encoder sees on a picture."""
        pixels = processor(rgb(await self._read(item)))
        self.check_open()
        return await self.model.reader.encode({"pixel_values": pixels[None]})


class ImageToText:
    """A Task."""

    pipeline = ImageToTextPipeline
    name = "image-to-text"
    graph = "an encoder of pictures with a decoder of text"
    needs: Sequence[Need] = ENCODER_DECODER
    texts: Sequence[str] = FILES
    tokenizer = True
    config = True

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError for a model that does not write of pictures."""
        check_heads("write text from pictures", ("VisionEncoderDecoderModel",), config)

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """DeviceError for decoders on two devices."""
        check_decoders(variants, candidate)

    async def open(
        self, runtime: Runtime[B], parts: Parts[B], report: OnProgress
    ) -> ImageToTextPipeline:
        """The pipeline, which is tried once."""
        processor = processor_of(parts.texts)
        if processor is None:
            raise UnsupportedModelError(
                f"The folder has no {FILES[0]}, which says how pictures are made for the model: "
                "add it."
            )
        keeps = "longest_edge" in (processor.settings.get("size") or {})
        probe = np.zeros((1, 3, *(_TRIED if keeps else processor.made_of(_TRIED))), np.float32)
        model = await open_reader(runtime, parts, report, {"pixel_values": probe})
        return self.pipeline(self.name, model, processor, runtime.read_picture)


def is_donut(config: ModelConfig) -> bool:
    """Whether it reads pages, and takes a prompt to begin with."""
    encoder = config.get("encoder")
    return isinstance(encoder, Mapping) and "donut" in str(encoder.get("model_type"))
