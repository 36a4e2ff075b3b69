"""Checkpoint to float32 ONNX graph: onnxruntime-genai's builder, with two things decided here.

Attention is com.microsoft MultiHeadAttention with a causal mask, because GroupQueryAttention's
prefill is about ten times slower in WebAssembly; and only the last position reaches lm_head.
"""

from __future__ import annotations

from pathlib import Path

import onnx_ir as ir
from onnxruntime_genai.models.builders.llama import LlamaModel
from transformers import AutoConfig

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
    return model


def name_shapes(model: ir.Model, head_size: int) -> None:
    """Every cache shape says its head size in numbers, so that a reader can allocate it."""
    for value in [*model.graph.inputs, *model.graph.outputs]:
        if value.shape is not None and len(value.shape) == 4:
            batch, heads, length, _ = value.shape
            value.shape = ir.Shape([batch, heads, length, head_size])
