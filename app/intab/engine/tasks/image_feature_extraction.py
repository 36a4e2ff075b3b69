"""image-feature-extraction: what a model sees in a picture, as vectors.

>>> features = await pipe("cat.jpg", return_tensors=True)
>>> features.shape    # [1, patches, hidden size]
(1, 197, 768)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intab.engine.hub.roles import Need
from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.image_task import ImageTask
from intab.engine.tasks.text_task import take_flag
from intab.errors import OptionError

_POOLED = "pooler_output"


class ImageFeatureExtraction(ImageTask):
    """Options: image_processor_kwargs, pool, return_tensors (a numpy array instead of lists)."""

    name = "image-feature-extraction"
    graph = "an encoder of pictures"
    # Of CLIP and SigLIP the tower that looks, which Transformers.js' folders have beside both.
    needs: Sequence[Need] = (Need(("vision_model", "model"), lone=True),)
    known = ("pool", "return_tensors")

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown, or pooled vectors of a model that gives none."""
        before, after = super().split(pipeline, options)
        pooled = take_flag(after, "pool", default=False)
        if pooled and _POOLED not in self.names(pipeline):
            raise OptionError(
                f"The model has no pooled vector: it gives {', '.join(self.names(pipeline))}. "
                "Leave pool out."
            )
        return before, {"pool": pooled, "arrays": take_flag(after, "return_tensors", default=False)}

    def names(self, pipeline: Pipeline) -> list[str]:
        """What the graph gives."""
        [network] = pipeline.networks.values()
        return [info.name for info in network.outputs]

    def outputs(self, pipeline: Pipeline) -> Sequence[str]:
        """The first, and the pooled vector."""
        names = self.names(pipeline)
        return list(dict.fromkeys([names[0], *(name for name in names if name == _POOLED)]))

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The first output, or the pooled vector, with an axis for the one picture."""
        [found] = outputs
        chosen = found[_POOLED] if options["pool"] else next(iter(found.values()))
        return chosen[None] if options["arrays"] else chosen[None].tolist()
