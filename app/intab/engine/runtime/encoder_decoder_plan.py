"""How the decoders of an encoder-decoder are fed, read from their inputs and outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from intab.engine.runtime.cache_slots import FLOATS, head_dim, kv_heads
from intab.engine.runtime.decoder_plan import INTEGERS
from intab.engine.runtime.network import Network, TensorInfo
from intab.errors import UnsupportedModelError

HIDDEN, MASK, BRANCH = "encoder_hidden_states", "encoder_attention_mask", "use_cache_branch"
_IDS = ("input_ids", "decoder_input_ids")
_PAST = re.compile(r"past(_key_values)?[._].+|past_(key|value)_.+")
_CROSS = re.compile(r"(^|[._])(encoder|cross)([._]|$)")


@dataclass(frozen=True)
class Cache:
    """A past input, the output that takes its place, and the shape without a row of one sequence.

    cross: of the cross attention.
    """

    past: str
    present: str
    dtype: str
    shape: tuple[int, ...]
    cross: bool


@dataclass(frozen=True)
class GraphPlan:
    """How one decoder graph is fed; an input that is None is not one of its inputs."""

    ids: TensorInfo
    hidden: TensorInfo | None
    mask: TensorInfo | None
    branch: TensorInfo | None
    caches: tuple[Cache, ...]


def plan_decoder(network: Network, config: Mapping[str, object]) -> GraphPlan:
    """UnsupportedModelError names the input or output that is the reason."""
    left = {info.name: info for info in network.inputs}
    outputs = {info.name for info in network.outputs}
    if "logits" not in outputs:
        raise UnsupportedModelError(
            f"The decoder gives no logits ({', '.join(sorted(outputs)) or 'nothing'}): export it "
            "with its language modelling head."
        )
    ids = next((left.pop(name) for name in _IDS if name in left), None)
    if ids is None or ids.dtype not in INTEGERS:
        raise UnsupportedModelError(
            f"The decoder has no input_ids (its inputs: {', '.join(left)}): export the model with "
            "its task, such as text2text-generation-with-past."
        )
    hidden, mask, branch = (left.pop(name, None) for name in (HIDDEN, MASK, BRANCH))
    names = [name for name in left if _PAST.fullmatch(name)]
    caches = tuple(_cache(left.pop(name), config) for name in names)
    if left:
        raise UnsupportedModelError(
            f"The decoder asks for {', '.join(sorted(left))}, which an encoder-decoder is not "
            "given: export it again."
        )
    return GraphPlan(ids, hidden, mask, branch, caches)


def _cache(info: TensorInfo, config: Mapping[str, object]) -> Cache:
    if info.dtype not in FLOATS or len(info.shape) != 4:
        raise UnsupportedModelError(
            f"The decoder's input {info}: only float32 or float16 [batch, heads, length, head_dim] "
            "can be kept."
        )
    present = info.name.replace("past_key_values", "present").replace("past", "present")
    heads, size = info.shape[1], info.shape[3]
    shape = (1, heads or kv_heads(config), 0, size or head_dim(config))
    return Cache(info.name, present, info.dtype, shape, bool(_CROSS.search(info.name)))
