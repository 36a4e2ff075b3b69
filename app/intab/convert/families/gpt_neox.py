"""GPT-NeoX and Pythia: rotated in part, attention and MLP side by side.

The fused projection holds query, key and value of one head after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intab.convert.architecture import Architecture, Array, Layer, Linear, Weights
from intab.convert.checkpoint import Checkpoint
from intab.convert.families.gpt import GptReader
from intab.convert.families.heads import read_head
from intab.convert.families.llama import activation
from intab.convert.rotary import read_rotary, rotary_settings


def architecture(config: Mapping[str, Any]) -> Architecture:
    """The shape that a GPT-NeoX config describes."""
    heads = config["num_attention_heads"]
    head_dim = config["hidden_size"] // heads
    return Architecture(
        family="gpt_neox",
        vocabulary=config["vocab_size"],
        hidden=config["hidden_size"],
        heads=heads,
        kv_heads=heads,
        head_dim=head_dim,
        layers=(Layer(),) * config["num_hidden_layers"],
        rotaries={"global": read_rotary(config, head_dim, _settings(config))},
        norm="layer",
        epsilon=config.get("layer_norm_eps", 1e-5),
        activation=activation(config.get("hidden_act", "gelu")),
        parallel=config.get("use_parallel_residual", True),
        tied=bool(config.get("tie_word_embeddings", False)),
    )


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Older configs have names of their own."""
    if config.get("rope_parameters"):
        return rotary_settings(config)
    names = {"rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"}
    defaults = {"rope_theta": 10000, "partial_rotary_factor": 0.25}
    known = {key: config.get(old, defaults[key]) for key, old in names.items()}
    return {**rotary_settings(config), **known}


def weights(checkpoint: Checkpoint, arch: Architecture) -> Weights:
    """The checkpoint's weights."""
    read, shape = checkpoint.tensor, (arch.vocabulary, arch.hidden)
    reader = NeoxReader(checkpoint, arch, checkpoint.config["intermediate_size"])
    name = "embed_out.weight" if checkpoint.has("embed_out.weight") else "lm_head.weight"
    embedding = read("gpt_neox.embed_in.weight", shape)
    return Weights(
        embedding,
        None,
        lambda number: reader.layer(f"gpt_neox.layers.{number}"),
        reader.norm("gpt_neox.final_layer_norm"),
        read_head(checkpoint, name, embedding, tied=arch.tied),
    )


class NeoxReader(GptReader):
    """GPT-NeoX's names; its linears are torch's, [outputs, inputs], some without bias."""

    names = (
        "input_layernorm",
        "attention.query_key_value",
        "attention.dense",
        "post_attention_layernorm",
        "mlp.dense_h_to_4h",
        "mlp.dense_4h_to_h",
    )

    def qkv(self, name: str) -> Linear:
        packed, arch = super().qkv(name), self.arch
        bias = None if packed.bias is None else _apart(packed.bias, arch)
        return Linear(_apart(packed.weight.T, arch).T, bias)

    def linear(self, name: str, inputs: int, outputs: int) -> Linear:
        read, bias = self.checkpoint.tensor, f"{name}.bias"
        found = read(bias, (outputs,)) if self.checkpoint.has(bias) else None
        return Linear(read(f"{name}.weight", (outputs, inputs)).T, found)


def _apart(rows: Array, arch: Architecture) -> Array:
    """[heads * 3 * dim, ...] -> all queries, all keys, all values."""
    split = rows.reshape(arch.heads, 3, arch.head_dim, *rows.shape[1:])
    return split.swapaxes(0, 1).reshape(rows.shape)
