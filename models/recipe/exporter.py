"""Checkpoint to float32 ONNX graph: onnxruntime-genai's builder, with three things decided here.

Attention is com.microsoft MultiHeadAttention with a causal mask, because GroupQueryAttention's
prefill is about ten times slower in WebAssembly; only the last position reaches lm_head; and the
mask lets several tokens follow others, as in the second turn of a conversation.
"""

from __future__ import annotations

from pathlib import Path

import onnx_ir as ir
from onnxruntime_genai.models.builders.llama import LlamaModel
from transformers import AutoConfig

MASK = "/model/attn_mask_reformat/"
OPTIONS = {"prune_lm_head": True, "hf_token": False, "hf_remote": False}


class MultiHeadLlama(LlamaModel):  # type: ignore[misc]
    """The builder's Llama without the fused attentions it would choose for a CPU."""

    def is_gqa_supported(self) -> bool:
        return False

    def is_packed_attn_supported(self) -> bool:
        return False


def export_float(checkpoint: Path, scratch: Path) -> ir.Model:
    """The graph with its weights in memory; `scratch` receives the builder's own files."""
    scratch.mkdir(parents=True, exist_ok=True)
    config = AutoConfig.from_pretrained(checkpoint)
    config._name_or_path = str(checkpoint)
    float32 = ir.DataType.FLOAT
    builder = MultiHeadLlama(config, float32, float32, "cpu", str(scratch), dict(OPTIONS))
    builder.make_model(str(checkpoint))
    builder.save_model(str(scratch))
    model = ir.load(scratch / "model.onnx")
    ir.external_data.load_to_model(model)
    name_shapes(model, config.head_dim)
    widen_mask(model)
    return model


def name_shapes(model: ir.Model, head_size: int) -> None:
    """Every cache shape says its head size in numbers, so that a reader can allocate it."""
    for value in [*model.graph.inputs, *model.graph.outputs]:
        if value.shape is not None and len(value.shape) == 4:
            batch, heads, length, _ = value.shape
            value.shape = ir.Shape([batch, heads, length, head_size])


def widen_mask(model: ir.Model) -> None:
    """Let the causal mask [new, new] have a column of zeros for each token of the past.

    The builder expands it to [batch, 1, new, past + new], which only fits where one of the two
    lengths is 1 or 0.
    """
    nodes = {node.name: node for node in model.graph}
    values = {value.name: value for node in model.graph for value in node.outputs}
    values |= model.graph.initializers
    causal = nodes[f"{MASK}input_ids_subgraph/Unsqueeze_8"]
    past, zero = (
        values[f"{MASK}past_key_subgraph/Gather/output_0"],
        values["/model/constants/INT64/[0]"],
    )
    length = ir.node("Unsqueeze", [past, zero], name=f"{MASK}past")
    pads = ir.node(
        "Concat", [zero, length.outputs[0], zero, zero], attributes={"axis": 0}, name=f"{MASK}pads"
    )
    padded = ir.node("Pad", [causal.inputs[0], pads.outputs[0]], name=f"{MASK}padded")
    model.graph.insert_before(causal, [length, pads, padded])
    causal.replace_input_with(0, padded.outputs[0])
