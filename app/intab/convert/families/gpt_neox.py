"""GPT-NeoX and Pythia: rotated in part, attention and MLP side by side.

The fused projection holds query, key and value of one head after the other.
"""

from __future__ import annotations

from intab.convert.architecture import Architecture, Array, Layer, Linear
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import Config
from intab.convert.families.gpt import GptReader, plain_layers
from intab.convert.families.llama import activation
from intab.convert.families.reader import check_heads
from intab.convert.rotary import read_rotary, rope_settings
from intab.errors import ConvertError


def architecture(config: Config) -> Architecture:
    """The shape that a GPT-NeoX config describes."""
    heads, hidden = config.size("num_attention_heads"), config.size("hidden_size")
    check_heads(config, heads, heads, hidden)
    head_dim = hidden // heads
    if config.size_or("head_dim", head_dim) != head_dim:
        raise ConvertError(
            f"head_dim in config.json must be hidden_size / num_attention_heads, {head_dim}, as "
            "transformers' gpt_neox computes it."
        )
    rotary = read_rotary(config, head_dim, rope_settings(config))
    layer = Layer(rotary="global" if len(rotary.frequencies) else "")
    return Architecture(
        family=config.kind,
        vocabulary=config.size("vocab_size"),
        hidden=hidden,
        heads=heads,
        kv_heads=heads,
        head_dim=head_dim,
        layers=plain_layers(config, "num_hidden_layers", layer),
        rotaries={"global": rotary},
        norm="layer",
        epsilon=config.epsilon("layer_norm_eps"),
        activation=activation(config.word("hidden_act")),
        parallel=config.flag("use_parallel_residual"),
        tied=config.flag("tie_word_embeddings"),
    )


class NeoxReader(GptReader):
    """GPT-NeoX's names; its linears are torch's, [outputs, inputs], some without bias."""

    usual, embedding, final = "gpt_neox.", "embed_in.weight", "final_layer_norm"
    heads = ("embed_out.weight", "lm_head.weight")
    parts = (
        "input_layernorm",
        "attention.query_key_value",
        "attention.dense",
        "post_attention_layernorm",
        "mlp.dense_h_to_4h",
        "mlp.dense_4h_to_h",
    )

    def __init__(self, checkpoint: Checkpoint, config: Config, arch: Architecture) -> None:
        self.attention_bias = config.flag("attention_bias")
        super().__init__(checkpoint, config, arch)

    def qkv(self, name: str) -> Linear:
        packed, arch = super().qkv(name), self.arch
        bias = None if packed.bias is None else _one_by_one(packed.bias, arch)
        return Linear(_one_by_one(packed.weight.T, arch).T, bias)


def _one_by_one(rows: Array, arch: Architecture) -> Array:
    """[heads * 3 * dim, ...] -> all queries, all keys, all values."""
    split = rows.reshape(arch.heads, 3, arch.head_dim, *rows.shape[1:])
    return split.swapaxes(0, 1).reshape(rows.shape)
