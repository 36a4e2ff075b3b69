"""Writes a graph to disk: small ones as one file, others with their weights in pieces beside it.

    save(model, folder / "onnx", "model_q4f16.onnx")    # -> its file names, the graph's first

The pieces stay below what a browser can hold in one array. Names are those that Transformers.js
asks for: model.onnx_data, model.onnx_data_1 ...
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import onnx_ir as ir

INLINE = 64 * 2**20  # bytes of weights that stay in the graph's own file
PIECE = 1_900_000_000
SMALL = 1024  # tensors below stay in the graph: shapes and scalars are read while it is loaded
ALIGNMENT = 64


def weight_bytes(model: ir.Model) -> int:
    """The bytes of a graph's weights."""
    return sum(tensor.nbytes for _, tensor in _tensors(model))


def save(
    model: ir.Model, folder: Path, name: str, piece: int = PIECE, *, inline: bool = True
) -> list[str]:
    """Write the graph; the names of its files, the graph first. Not `inline`, its weights lie
    beside it even where they are few, so that another graph can share them."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [name]
    _bring_in_constants(model)
    if weight_bytes(model) > (INLINE if inline else 0):
        names += _write_pieces(model, folder, f"{name}_data", piece)
    else:
        _bring_in(_tensors(model))
    ir.save(model, folder / name)
    return names


def save_sharing(model: ir.Model, folder: Path, name: str, other: list[str]) -> list[str]:
    """Write a graph whose weights are, under the same names, those of a graph that `save` wrote
    as the files `other`: the names of its files, the graph first."""
    stored = ir.load(folder / other[0]).graph.initializers
    for value in model.graph.initializers.values():
        known = stored.get(value.name or "")
        if known is not None and isinstance(known.const_value, ir.ExternalTensor):
            value.const_value = known.const_value
    ir.save(model, folder / name)
    return [name, *other[1:]]


def _write_pieces(model: ir.Model, folder: Path, stem: str, piece: int) -> list[str]:
    """Move the weights into files of at most `piece` bytes (one tensor may be larger)."""
    _bring_in(pair for pair in _tensors(model) if pair[1].nbytes < SMALL)
    names, offset = [stem], 0
    file = (folder / stem).open("wb")
    for value, tensor in _tensors(model):
        if tensor.nbytes < SMALL:
            continue
        if offset and offset + tensor.nbytes > piece:
            file.close()
            names.append(f"{stem}_{len(names)}")
            file, offset = (folder / names[-1]).open("wb"), 0
        file.write(tensor.tobytes())
        value.const_value = ir.ExternalTensor(
            names[-1],
            offset,
            tensor.nbytes,
            tensor.dtype,
            shape=ir.Shape(tensor.shape.numpy()),
            name=value.name or "",
            base_dir=folder,
        )
        offset += tensor.nbytes
        offset += file.write(bytes(-offset % ALIGNMENT))
    file.close()
    return names


def _bring_in(weights: Iterable[tuple[ir.Value, ir.TensorProtocol]]) -> None:
    """Read those that lie beside the graph they came with."""
    for value, tensor in weights:
        if isinstance(tensor, ir.ExternalTensor):
            [value.const_value] = ir.external_data.convert_tensors_from_external([tensor])


def _tensors(model: ir.Model) -> Iterator[tuple[ir.Value, ir.TensorProtocol]]:
    """The weights of the graph, of its branches and bodies."""
    for graph in model.graphs():
        for value in graph.initializers.values():
            if value.const_value is not None:
                yield value, value.const_value


def _bring_in_constants(model: ir.Model) -> None:
    """Read the tensors of nodes that lie beside the graph they came with."""
    functions = (function.all_nodes() for function in model.functions.values())
    for node in chain(model.graph.all_nodes(), *functions):
        for name, attribute in node.attributes.items():
            if attribute.type == ir.AttributeType.TENSOR:
                tensor = attribute.value
                if isinstance(tensor, ir.ExternalTensor):
                    [tensor] = ir.external_data.convert_tensors_from_external([tensor])
                    node.attributes[name] = ir.AttrTensor(name, tensor)
