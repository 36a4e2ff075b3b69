"""`TextTask`: what the tasks share whose model is one encoder of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import ArrayTask, Pipeline, one_output
from intab.engine.tasks.batches import Batching
from intab.engine.tasks.text_inputs import batching_of, check_inputs
from intab.errors import OptionError, UnsupportedModelError


class TextTask(ArrayTask):
    """`wanted`: what the output is called, the first of these that is there, else the first.

    `rank`: the dimensions that it must have, 0 for any.
    """

    wanted: Sequence[str] = ("logits",)
    rank: int = 0

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError if it takes more than a text, or gives something else."""
        check_inputs(pipeline)
        [network] = pipeline.networks.values()
        given = {info.name: info for info in network.outputs}
        for name in self.outputs(pipeline):
            shape = given[name].shape
            if self.rank and shape and len(shape) != self.rank:
                raise UnsupportedModelError(
                    f"The graph gives {given[name]}, which is not what {self.graph} gives: "
                    f"export the model for {self.name}."
                )

    def batching(self, pipeline: Pipeline) -> Batching:
        """Rows are padded if a mask hides that."""
        return batching_of(pipeline, self.token_rank)

    def outputs(self, pipeline: Pipeline) -> Sequence[str]:
        """The one output."""
        return one_output(pipeline, self.wanted)


def floats(outputs: Arrays) -> NDArray[np.float32]:
    """The one output of a row, as float32."""
    [value] = outputs.values()
    return value.astype(np.float32)


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + e ** -x), as transformers computes it."""
    with np.errstate(
        over="ignore"
    ):  # of large negative ones e ** -x is infinite, and they become 0
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Along the last axis."""
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(raised / raised.sum(-1, keepdims=True), np.float32)


def take_number(
    options: Mapping[str, Any], name: str, least: int, default: int | None
) -> int | None:
    """An option that is a whole number, the default if it is None or not given; OptionError."""
    value = options.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise OptionError(f"{name} must be a whole number, not {value!r}.")
    if value < least:
        raise OptionError(f"{name} must be {least} or more, not {value}.")
    return value


def take_flag(options: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """An option that is True or False; OptionError."""
    value = options.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise OptionError(f"{name} must be True or False, not {value!r}.")
    return value


def check_dict(name: str, value: Any) -> dict[str, Any]:
    """An option that is a dict of further options, none if it is None; OptionError."""
    if value is not None and not isinstance(value, Mapping):
        raise OptionError(f"{name} must be a dict, not {value!r}.")
    return dict(value or {})


def only(task: str, options: Mapping[str, Any], known: Sequence[str]) -> None:
    """OptionError for an option that the task does not have."""
    for name in options:
        if name not in known:
            raise OptionError(f"There is no option {name!r}; {task} has: {', '.join(known)}.")
