"""What onnxruntime says when it refuses a graph, in words that tell what to do.

It begins with its own source file and the whole signature of a C++ function; the reason comes last.
"""

from __future__ import annotations

import re

MOST = 300  # characters told
_IR = re.compile(r"Unsupported model IR version: (\d+), max supported IR version: (\d+)")
_OPSET = re.compile(r"Opset (\d+) is under development.*? is till opset (\d+)", re.DOTALL)
_HEAD = re.compile(r"^.*?\[ONNXRuntimeError\] : \d+ : \w+ : |^.*?ERROR_CODE: \d+, ERROR_MESSAGE: ")
_SOURCE = re.compile(r"\S*/onnxruntime/\S+\.(?:cc|h|cpp):\d+ .*?\) (?:const )?(?=\S)")


def plain_reason(text: str) -> str:
    """The reason in an exception's text, without onnxruntime's source paths."""
    if found := _IR.search(text):
        return old_ir(*map(int, found.groups()))
    if found := _OPSET.search(text):
        return old_opset(*map(int, found.groups()))
    first = text.strip().partition("\n")[0]
    found_reason = _SOURCE.sub("", _HEAD.sub("", first)).strip()
    return (found_reason or first)[:MOST]


def old_ir(version: int, most: int) -> str:
    """What to say of a graph in a newer format of the file."""
    return (
        f"it is written as IR version {version}, and onnxruntime reads up to {most}: set "
        f"model.ir_version = {most} before onnx.save, or pass ir_version={most} to make_model"
    )


def old_opset(version: int, most: int) -> str:
    """What to say of a graph with newer operators."""
    return (
        f"it asks for the operators of opset {version}, and onnxruntime has up to opset {most}: "
        f"export it with opset_version={most}, or use "
        f"onnx.version_converter.convert_version(model, {most})"
    )
