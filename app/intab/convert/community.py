"""A folder with ONNX graphs that others exported, given what our own graphs have.

    optimise(Path("exported"), Path("model"))

The last rows are cut out before lm_head, so that a prompt's other logits are neither computed nor
copied; every node is held against onnxruntime-web's kernels; the folder gets its intab.json. Nodes
keep their forms otherwise: convert the checkpoint to have others.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx_ir as ir

from intab.convert.describing import self_test, write_manifest
from intab.convert.kernels import without_kernel
from intab.convert.reading import copy_texts, read_tokenizer
from intab.convert.running import Runner
from intab.convert.saving import save
from intab.convert.staging import check_room, staged
from intab.engine.manifest import FileEntry, find_dtypes
from intab.errors import ConvertError

ROWS = "num_logits_to_keep"
_PRODUCTS = frozenset({"MatMul", "FusedMatMul", "MatMulNBits", "MatMulBnb4"})
_INTEGER = frozenset({"MatMulInteger", "MatMulIntegerToFloat"})
# What may stand between lm_head and the logits: it treats each row by itself.
_ROW_WISE = frozenset({"Add", "Cast", "Div", "Identity", "Mul", "Tanh"})


def optimise(source: Path, out: Path, say: Callable[[str], None] = lambda _: None) -> None:
    """Write the folder; ConvertError says what stands against it."""
    names = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    dtypes = find_dtypes({name: FileEntry() for name in sorted(names)})
    if not dtypes:
        raise ConvertError(f"{source} has no onnx/model*.onnx: give --from-onnx such a folder.")
    tokenizer = read_tokenizer(source)
    check_room(
        out, sum((source / name).stat().st_size for files in dtypes.values() for name in files)
    )
    with staged(out) as draft:
        copy_texts(source, draft)
        files, devices = {}, set()
        for dtype, (graph, *_) in dtypes.items():
            say(dtype)
            model = ir.load(source / graph)
            devices |= set(fitting(model, dtype))
            keep_last_rows(model)
            files[dtype] = [
                f"onnx/{name}" for name in save(model, draft / "onnx", Path(graph).name)
            ]
        best = next(dtype for dtype in ("fp32", *files) if dtype in files)
        test = self_test(Runner(draft / files[best][0]), tokenizer)
        ordered = [device for device in ("webgpu", "wasm") if device in devices]
        write_manifest(draft, files, name=out.name, devices=ordered, self_test=test)


def fitting(model: ir.Model, dtype: str) -> list[str]:
    """The devices with a kernel for every node; ConvertError where there is none."""
    missing = {device: list(without_kernel(model, device)) for device in ("wasm", "webgpu")}
    if all(missing.values()):
        shown = "; ".join(f"no {device} kernel for {nodes[0]}" for device, nodes in missing.items())
        raise ConvertError(f"The {dtype} graph runs on no device: {shown}. Leave its file out.")
    return [device for device, nodes in missing.items() if not nodes]


def keep_last_rows(model: ir.Model) -> bool:
    """Add the input num_logits_to_keep, and a Slice before lm_head; False where that stands
    already or lm_head is not found."""
    head = _lm_head(model.graph)
    asked = {value.name for value in model.graph.inputs}
    if head is None or asked & {ROWS, "logits_to_keep"}:
        return False
    hidden = head.inputs[0]
    rows = ir.Value(name=ROWS, shape=ir.Shape([]), type=ir.TensorType(ir.DataType.INT64))
    model.graph.inputs.append(rows)
    ends = [_constant(model.graph, f"{ROWS}.{n}", n) for n in (0, np.iinfo(np.int64).max, 1)]
    minus = ir.node("Neg", [rows])
    start = ir.node("Unsqueeze", [minus.outputs[0], ends[0]])
    cut = ir.node("Slice", [hidden, start.outputs[0], ends[1], ends[2]])
    model.graph.insert_before(head, [minus, start, cut])
    head.replace_input_with(0, cut.outputs[0])
    return True


def _lm_head(graph: ir.Graph) -> ir.Node | None:
    """The node that first reads lm_head's input, looked for from the logits back."""
    value = next((value for value in graph.outputs if value.name == "logits"), None)
    node = value.producer() if value is not None else None
    while node is not None and node.op_type in _ROW_WISE:
        found = node.inputs[0]
        node = found.producer() if found is not None else None
    if node is not None and node.op_type in _INTEGER:
        # The rows are cut before they are quantized.
        found = node.inputs[0]
        node = found.producer() if found is not None else None
        return node if node is not None and node.op_type == "DynamicQuantizeLinear" else None
    return node if node is not None and node.op_type in _PRODUCTS else None


def _constant(graph: ir.Graph, name: str, number: int) -> ir.Value:
    tensor = ir.tensor(np.array([number], np.int64), name=name)
    value = ir.Value(
        name=name, shape=ir.Shape([1]), type=ir.TensorType(tensor.dtype), const_value=tensor
    )
    graph.register_initializer(value)
    return value
