"""What onnxruntime-web 1.30 computes wrongly on WebGPU without a word, or refuses once it runs.

    trap(node, opset)      # "Resize with antialias=1", "" for most nodes

Seen in Chromium, each beside native onnxruntime (tests/browser/test_gpu_traps.py). Two more depend
on the numbers alone, which no graph tells: LayerNormalization and InstanceNormalization lose digits
where the mean is a thousand times the deviation. browser/js/ort/gpu_traps.mjs is the same for a
graph that comes to a browser.
"""

from __future__ import annotations

import onnx_ir as ir

ONE_AXIS = 13  # from this opset on its axis is one axis
_SMOOTH = ("linear", "cubic")
_PADDING, _SCALES = 4, 2  # inputs of MultiHeadAttention and Resize


def trap(node: ir.Node, opset: int) -> str:
    """What a node asks for that WebGPU does not give, "" for most."""
    match node.op_type:
        case "ReduceLogSumExp":
            return "ReduceLogSumExp of large numbers"
        case "MaxPool" if len(node.outputs) > 1 and node.outputs[1].name:
            return "MaxPool with indices"
        case "MultiHeadAttention" if _input(node, _PADDING) is not None:
            return "MultiHeadAttention with key_padding_mask"
        case "Softmax" | "LogSoftmax" if opset < ONE_AXIS:
            return _softmax(node)
        case "Resize":
            return _resize(node)
    return ""


def _input(node: ir.Node, place: int) -> ir.Value | None:
    return node.inputs[place] if place < len(node.inputs) else None


def _softmax(node: ir.Node) -> str:
    """Old ones go over all axes from theirs on, of which there must be one."""
    value = node.inputs[0]
    shape = value.shape if value is not None else None
    if shape is None:
        return ""
    axis = node.attributes.get_int("axis", 1) % len(shape)
    behind = [size for size in shape[axis + 1 :] if size != 1]
    return f"{node.op_type} over several axes" if behind else ""


def _resize(node: ir.Node) -> str:
    if node.attributes.get_int("antialias", 0):
        return "Resize with antialias=1"
    scales = _input(node, _SCALES)
    known = scales.const_value if scales is not None else None
    if node.attributes.get_string("mode", "nearest") not in _SMOOTH or known is None:
        return ""
    numbers = known.numpy().reshape(-1)
    last = len(numbers) == 4 and numbers[3] == 1 and numbers[1] != 1
    return "Resize of pictures with channels last" if last else ""
