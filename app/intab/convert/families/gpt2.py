"""GPT-2: learned positions, LayerNorm, one fused projection stored [inputs, outputs]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intab.convert.architecture import Architecture, Layer, LayerWeights, Linear, Norm, Weights
from intab.convert.checkpoint import Checkpoint
from intab.convert.families.llama import activation
from intab.errors import ConvertError


def architecture(config: Mapping[str, Any]) -> Architecture:
    """The shape that a GPT-2 config describes."""
    if config.get("scale_attn_by_inverse_layer_idx") or not config.get("scale_attn_weights", True):
        raise ConvertError("GPT-2's scale_attn_... options are not known: only the defaults are.")
    heads = config["n_head"]
    return Architecture(
        family="gpt2",
        vocabulary=config["vocab_size"],
        hidden=config["n_embd"],
        heads=heads,
        kv_heads=heads,
        head_dim=config["n_embd"] // heads,
        layers=(Layer(rotary=""),) * config["n_layer"],
        norm="layer",
        epsilon=config.get("layer_norm_epsilon", 1e-5),
        activation=activation(config.get("activation_function", "gelu_new")),
        tied=bool(config.get("tie_word_embeddings", True)),
    )


def weights(checkpoint: Checkpoint, arch: Architecture) -> Weights:
    """The checkpoint's weights; the oldest files leave the prefix `transformer.` away."""
    read = checkpoint.tensor
    prefix = "transformer." if checkpoint.has("transformer.wte.weight") else ""
    size, inner = arch.hidden, checkpoint.config.get("n_inner") or 4 * arch.hidden

    def linear(name: str, inputs: int, outputs: int) -> Linear:
        weight = read(f"{name}.weight", (inputs, outputs))
        return Linear(weight, read(f"{name}.bias", (outputs,)))

    def norm(name: str) -> Norm:
        return Norm(read(f"{name}.weight", (size,)), read(f"{name}.bias", (size,)))

    def layer(number: int) -> LayerWeights:
        name = f"{prefix}h.{number}"
        return LayerWeights(
            attention_norm=norm(f"{name}.ln_1"),
            qkv=linear(f"{name}.attn.c_attn", size, 3 * size),
            out=linear(f"{name}.attn.c_proj", size, size),
            mlp_norm=norm(f"{name}.ln_2"),
            up=linear(f"{name}.mlp.c_fc", size, inner),
            down=linear(f"{name}.mlp.c_proj", inner, size),
            gated=False,
        )

    shape = (arch.vocabulary, size)
    return Weights(
        read(f"{prefix}wte.weight", shape),
        read(f"{prefix}wpe.weight", (checkpoint.config["n_positions"], size)),
        layer,
        norm(f"{prefix}ln_f"),
        None if arch.tied else Linear(read("lm_head.weight", shape).T),
    )
