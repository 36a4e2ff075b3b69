"""Parts of graphs.py's tiny graphs: states as hybrid models have them, and other caches.

A convolution of three tokens keeps the last three vectors [batch, width, 3]; a state that changes
its sign with each token, `s = v - s`, keeps itself [batch, 2, width / 2]. `of_states` computes what
both say after a text, with numpy alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.engine.support.networks import WIDTH, weights

KERNEL = (1.0, -2.0, 3.0)  # of the last token, the one before, the one before that
SPAN = len(KERNEL)
EMBEDDED = ("inputs_embeds", "per_layer_inputs")
SHAPES: dict[str, list[str | int | None]] = {
    "conv": ["batch", WIDTH, SPAN],
    "ssm": ["batch", 2, WIDTH // 2],
}
STATE_CONSTANTS: dict[str, NDArray[Any]] = {
    "unit": np.array(1),
    "null": np.array(0),
    "pair": np.array(2),
    "wide": np.array([WIDTH]),
    "twice": np.array([2 * WIDTH]),
    "whole_state": np.array([-1, 1, WIDTH]),
    "split_state": np.array([-1, 2, WIDTH // 2]),
    "span": np.array([SPAN]),
    "minus_span": np.array([-SPAN]),
    "minus_two": np.array([-2]),
    "around": np.array([0, 2]),
    "float_one": np.array(1, np.float32),
    "float_two": np.array(2, np.float32),
    **{f"kernel_{back}": np.array(factor, np.float32) for back, factor in enumerate(KERNEL)},
}


def of_states(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the states say after these vectors [tokens, width]."""
    signs = (-1.0) ** np.arange(len(vectors))[::-1]
    sums = (vectors * signs[:, None]).sum(0)
    for back, factor in enumerate(KERNEL[: len(vectors)]):
        sums = sums + factor * vectors[-1 - back]
    return np.asarray(sums, np.float32)


def state_nodes(names: str, dtype: int, *, alone: bool) -> list[onnx.NodeProto]:
    """Adds what the states say to "last", or is all there is if they are `alone`: "remembered"."""
    if not names:
        return []
    past, present = names, presents(names)
    make = helper.make_node
    sums = "told" if alone else "told_last"
    return [
        make("Neg", ["new_count"], ["minus_new"]),
        make("Slice", ["attention_mask", "minus_new", "end", "one"], ["new_mask"]),
        make("Cast", ["new_mask"], ["new_mask_float"], to=TensorProto.FLOAT),
        make("Unsqueeze", ["new_mask_float", "two"], ["new_mask_column"]),
        make("Mul", ["vectors", "new_mask_column"], ["real"]),  # [batch, new, width]
        *_convolution(past.format("conv"), present.format("conv"), dtype),
        *_alternation(past.format("ssm"), present.format("ssm"), dtype),
        make("Add", ["convolved", "alternated"], ["told_all"]),
        make("Slice", ["told_all", "start", "end", "one"], [sums]),
        make("Identity" if alone else "Add", [sums] if alone else ["last", sums], ["remembered"]),
    ]


def presents(names: str) -> str:
    """The outputs' names."""
    return names.replace("past_key_values", "present").replace("past", "present")


def _convolution(past: str, present: str, dtype: int) -> list[onnx.NodeProto]:
    make = helper.make_node
    return [
        make("Transpose", ["real"], ["columns"], perm=[0, 2, 1]),
        make("Cast", [past], ["past_columns"], to=TensorProto.FLOAT),
        make("Concat", ["past_columns", "columns"], ["all_columns"], axis=2),
        make("Slice", ["all_columns", "minus_span", "end", "two"], ["kept_columns"]),
        make("Cast", ["kept_columns"], [present], to=dtype),
        make("Slice", ["all_columns", "three", "end", "two"], ["shifted_0"]),
        make("Slice", ["all_columns", "two", "minus", "two"], ["shifted_1"]),
        make("Slice", ["all_columns", "one", "minus_two", "two"], ["shifted_2"]),
        *(make("Mul", [f"shifted_{i}", f"kernel_{i}"], [f"weighed_{i}"]) for i in range(SPAN)),
        make("Add", ["weighed_0", "weighed_1"], ["weighed_01"]),
        make("Add", ["weighed_01", "weighed_2"], ["weighed"]),
        make("Transpose", ["weighed"], ["convolved"], perm=[0, 2, 1]),
    ]


def _alternation(past: str, present: str, dtype: int) -> list[onnx.NodeProto]:
    """s = v - s for each token, as signs times a sum of vectors with signs."""
    make = helper.make_node
    return [
        make("Squeeze", ["new_count", "zero"], ["new_scalar"]),
        make("Range", ["null", "new_scalar", "unit"], ["numbers"]),
        make("Mod", ["numbers", "pair"], ["odd"]),
        make("Cast", ["odd"], ["odd_float"], to=TensorProto.FLOAT),
        make("Mul", ["odd_float", "float_two"], ["odd_twice"]),
        make("Sub", ["float_one", "odd_twice"], ["signs_flat"]),
        make("Unsqueeze", ["signs_flat", "around"], ["signs"]),  # [1, new, 1]
        make("Mul", ["real", "signs"], ["signed"]),
        make("CumSum", ["signed", "unit"], ["signed_sums"]),
        make("Cast", [past], ["past_state_float"], to=TensorProto.FLOAT),
        make("Reshape", ["past_state_float", "whole_state"], ["past_state"]),
        make("Sub", ["signed_sums", "past_state"], ["signed_states"]),
        make("Mul", ["signs", "signed_states"], ["alternated"]),
        make("Slice", ["alternated", "minus", "end", "one"], ["last_state"]),
        make("Reshape", ["last_state", "split_state"], ["last_state_split"]),
        make("Cast", ["last_state_split"], [present], to=dtype),
    ]


def switch_nodes(*, room: bool) -> list[onnx.NodeProto]:
    """Vectors as they are, twice that in long texts, by an If as onnxruntime-genai writes it."""
    make = helper.make_node
    count = helper.make_tensor_value_info("factor", TensorProto.FLOAT, [])

    def branch(name: str) -> onnx.GraphProto:
        return helper.make_graph(
            [make("Identity", [f"float_{name}"], ["factor"])], name, [], [count]
        )

    totals = [make("Shape", ["attention_mask"], ["columns"], start=1, end=2)]
    if room:
        totals = [
            make("ReduceMax", ["cache_position"], ["place"], keepdims=1),
            make("Add", ["place", "one"], ["columns"]),
        ]
    return [
        *totals,
        make("Squeeze", ["columns", "zero"], ["total_scalar"]),
        make("Greater", ["total_scalar", "switch"], ["is_long"]),
        make("If", ["is_long"], ["by"], then_branch=branch("two"), else_branch=branch("one")),
        make("Mul", ["vectors", "by"], ["turned"]),
    ]


def cache_nodes(layout: str, past: str, present: str) -> list[onnx.NodeProto]:
    """Key and value in one tensor: side by side, or one above the other."""
    make = helper.make_node
    if layout == "joined":
        return [
            make("Squeeze", ["new_cached", "one"], ["flat"]),
            make("Concat", ["flat", "flat"], ["both"], axis=2),
            make("Concat", [past, "both"], [present], axis=1),
            make("Slice", [present, "wide", "twice", "two"], ["values"]),
            make("Unsqueeze", ["values", "one"], ["all_cached"]),
        ]
    return [
        make("Unsqueeze", ["new_cached", "zero"], ["above"]),
        make("Concat", ["above", "above"], ["both"], axis=0),
        make("Concat", [past, "both"], [present], axis=3),
        make("Gather", [present, "unit"], ["all_cached"]),
    ]


def cache_shape(layout: str, rows: str) -> list[str | int | None]:
    """The shape of such a cache with `rows`."""
    if layout == "joined":
        return ["batch", rows, 2 * WIDTH]
    return [2, "batch", 1, rows, WIDTH]


def make_embedder() -> onnx.ModelProto:
    """The graph that embeds ids: two halves, of which the decoder makes the whole."""
    tokens, _, _ = weights()
    halves = [numpy_helper.from_array(part, f"half_{i}") for i, part in enumerate(_halves(tokens))]
    make, value = helper.make_node, helper.make_tensor_value_info
    graph = helper.make_graph(
        [make("Gather", [f"half_{i}", "input_ids"], [name]) for i, name in enumerate(EMBEDDED)],
        "embedder",
        [value("input_ids", TensorProto.INT64, ["batch", "new"])],
        [value(name, TensorProto.FLOAT, ["batch", "new", WIDTH]) for name in EMBEDDED],
        halves,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _halves(tokens: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    first = np.floor(tokens)
    return first, tokens - first
