"""A checkpoint in the form that the hub's exports have, for Transformers.js: GroupQueryAttention, a
matrix of its own for lm_head, dynamic int8 by onnxruntime's own tool."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import onnx_ir as ir
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic

from intab.convert.architecture import Linear
from intab.convert.completing import complete_config
from intab.convert.converter import opened
from intab.convert.decoder import decoder
from intab.convert.families import read_whole
from intab.convert.forms import Form
from intab.convert.reading import copy_texts
from intab.convert.saving import save

FLOAT = Form("float", "fused")
# Transformers.js goes by the names of dimensions.
NAMES = {
    "batch": "batch_size",
    "new": "sequence_length",
    "past": "past_sequence_length",
    "total": "total_sequence_length",
}
UNKNOWN = {"DefaultTensorType": TensorProto.FLOAT}  # of GroupQueryAttention's outputs


def write_hub_form(path: Path, out: Path) -> None:
    """A checkpoint or a GGUF file as a folder with onnx/model_quantized.onnx."""
    with opened(path, ()) as checkpoint, tempfile.TemporaryDirectory(dir=out.parent) as draft:
        whole = read_whole(checkpoint, ())
        copy_texts(checkpoint.folder, out)
        complete_config(out / "config.json", checkpoint.config, whole.config)
        weights = whole.weights
        head = weights.lm_head or Linear(weights.embedding.T)
        graph = decoder(whole.architecture, replace(weights, lm_head=head), FLOAT)
        for value in (*graph.graph.inputs, *graph.graph.outputs):
            value.shape = ir.Shape([_named(size) for size in value.shape or ()])
        save(graph, Path(draft), "model.onnx")
        (out / "onnx").mkdir()
        quantize_dynamic(
            Path(draft) / "model.onnx",
            out / "onnx/model_quantized.onnx",
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options=UNKNOWN,
        )


def _named(size: int | ir.SymbolicDim) -> int | str | None:
    return size if isinstance(size, int) else NAMES.get(str(size.value), size.value)
