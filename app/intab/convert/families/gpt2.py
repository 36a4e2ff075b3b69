"""GPT-2: learned positions, LayerNorm, one fused projection stored [inputs, outputs]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intab.convert.architecture import Architecture, Layer, Linear, Weights
from intab.convert.checkpoint import Checkpoint
from intab.convert.families.gpt import GptReader
from intab.convert.families.heads import read_head
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
    read, config = checkpoint.tensor, checkpoint.config
    prefix = "transformer." if checkpoint.has("transformer.wte.weight") else ""
    reader = Gpt2Reader(checkpoint, arch, config.get("n_inner") or 4 * arch.hidden)
    shape = (arch.vocabulary, arch.hidden)
    embedding = read(f"{prefix}wte.weight", shape)
    return Weights(
        embedding,
        read(f"{prefix}wpe.weight", (config["n_positions"], arch.hidden)),
        lambda number: reader.layer(f"{prefix}h.{number}"),
        reader.norm(f"{prefix}ln_f"),
        read_head(checkpoint, "lm_head.weight", embedding, tied=arch.tied),
    )


class Gpt2Reader(GptReader):
    """GPT-2's names; its linears are stored [inputs, outputs]."""

    names = ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")

    def linear(self, name: str, inputs: int, outputs: int) -> Linear:
        read = self.checkpoint.tensor
        return Linear(read(f"{name}.weight", (inputs, outputs)), read(f"{name}.bias", (outputs,)))
