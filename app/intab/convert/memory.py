"""The memory that a graph needs, estimated from its weights and from the shapes it works with.

memory_needed(model, config)    # {"weights": ..., "cache": ..., "working": ...}, bytes
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import onnx_ir as ir

from intab.engine.runtime.cache_slots import CacheSlot, plan_slots
from intab.engine.runtime.network import TensorInfo
from intab.errors import UnsupportedModelError

PIECE = 512  # tokens of a prompt that are computed at once: GenerationOptions.prefill_chunk_size
FLOAT = 4
_DTYPES = {ir.DataType.FLOAT: "float32", ir.DataType.FLOAT16: "float16"}
_BYTES = {"float32": FLOAT, "float16": 2}


def memory_needed(model: ir.Model, config: Mapping[str, Any]) -> dict[str, int]:
    """Bytes: `weights` as they are once loaded; `cache`, keys and values of a whole
    context, and states;
    `working`, the most that a step has beside them: the tensors of one layer or the logits,
    whichever is more; where the cache has no room, also the one before, while one is made."""
    context = int(_first(config, 0, "max_position_embeddings", "n_positions"))
    cache = _cached_bytes(model.graph, config, context)
    roomy = any(value.name == "cache_position" for value in model.graph.inputs)
    piece = min(PIECE, context)
    heads = int(_first(config, 1, "num_attention_heads", "n_head"))
    hidden = int(_first(config, 0, "hidden_size", "n_embd"))
    inner = int(_first(config, 4 * hidden, "intermediate_size", "n_inner"))
    scores = 2 * heads * context  # before the softmax and after it
    layer = piece * (scores + 3 * inner + 4 * hidden) * _number_bytes(model.graph, config)
    logits = int(_first(config, 0, "vocab_size")) * FLOAT
    weights = {"weights": weights_loaded(model.graph)}
    if not context or not hidden:
        return weights  # the config does not say the rest
    working = max(layer, logits) + (0 if roomy else cache)
    return {**weights, "cache": cache, "working": working}


def _number_bytes(graph: ir.Graph, config: Mapping[str, Any]) -> int:
    """What a number takes between two nodes: what it takes in the cache."""
    return next((_BYTES[slot.dtype] for slot in _slots(graph, config)), FLOAT)


def _slots(graph: ir.Graph, config: Mapping[str, Any]) -> list[CacheSlot]:
    """The graph's caches and states; none if they are not ones that can be kept."""
    left, outputs = (
        {info.name: info for info in map(_info, values)} for values in (graph.inputs, graph.outputs)
    )
    try:
        return list(plan_slots(left, outputs, config, {}))
    except UnsupportedModelError:
        return []


def _info(value: ir.Value) -> TensorInfo:
    shape = tuple(size if isinstance(size, int) else None for size in value.shape or ())
    dtype = _DTYPES.get(value.dtype, "") if value.dtype is not None else ""
    return TensorInfo(value.name or "", dtype, shape)


def weights_loaded(graph: ir.Graph) -> int:
    """The bytes of all weights. What is dequantized counts as the float it becomes; what is both
    gathered from and multiplied counts twice, since a product packs what it multiplies."""
    branches = [graph, *graph.subgraphs()]
    return sum(_loaded(value) for one in branches for value in one.initializers.values())


def _loaded(value: ir.Value) -> int:
    tensor = value.const_value
    if tensor is None:
        return 0
    expanded = any(
        node.op_type == "DequantizeLinear" and place == 0 for node, place in value.uses()
    )
    copies = 2 if _readers(value) >= {"Gather", "MatMul"} else 1
    return copies * (tensor.size * FLOAT if expanded else tensor.nbytes)


def _readers(value: ir.Value) -> set[str]:
    """The operators that read a weight, turned, reshaped or dequantized; gathers and products by
    one name each."""
    found = set()
    for node, _ in value.uses():
        if node.op_type in ("DequantizeLinear", "Reshape", "Transpose"):
            found |= _readers(node.outputs[0])
        else:
            kinds = [kind for kind in ("Gather", "MatMul") if kind in node.op_type]
            found.update(kinds or [node.op_type])
    return found


def _cached_bytes(graph: ir.Graph, config: Mapping[str, Any], tokens: int) -> int:
    """The bytes of the keys and values of so many tokens, and of the states beside them."""
    return sum(
        math.prod(slot.empty_shape(1, tokens)) * _BYTES[slot.dtype]
        for slot in _slots(graph, config)
    )


def _first(config: Mapping[str, Any], default: int, *names: str) -> Any:
    """The first of the config's values that is there."""
    return next((config[name] for name in names if config.get(name)), default)
