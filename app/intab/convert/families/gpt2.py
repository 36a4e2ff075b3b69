"""GPT-2: learned positions, LayerNorm, one fused projection stored [inputs, outputs]."""

from __future__ import annotations

from dataclasses import replace

from intab.convert.architecture import Architecture, Array, Layer, Linear
from intab.convert.config import Config
from intab.convert.families.gpt import GptReader, plain_layers
from intab.convert.families.llama import activation
from intab.convert.families.reader import Shapes, check_heads


def architecture(config: Config) -> Architecture:
    """The shape that a GPT-2 config describes."""
    heads, hidden = config.size("n_head"), config.size("n_embd")
    check_heads(config, heads, heads, hidden)
    return Architecture(
        family=config.kind,
        vocabulary=config.size("vocab_size"),
        hidden=hidden,
        heads=heads,
        kv_heads=heads,
        head_dim=hidden // heads,
        layers=_scaled(config, plain_layers(config, "n_layer", Layer(rotary=""))),
        norm="layer",
        epsilon=config.epsilon("layer_norm_epsilon"),
        activation=activation(config.word("activation_function")),
        scale=0.0 if config.flag("scale_attn_weights") else 1.0,
        tied=config.flag("tie_word_embeddings"),
    )


def _scaled(config: Config, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The scores of layer n divided by n + 1, where the config asks for that."""
    if not config.flag("scale_attn_by_inverse_layer_idx"):
        return layers
    return tuple(replace(layer, divisor=n + 1.0) for n, layer in enumerate(layers))


class Gpt2Reader(GptReader):
    """GPT-2's names; its linears are stored [inputs, outputs]."""

    usual, stem, first = "transformer.", "h", "ln_1.weight"
    embedding, final = "wte.weight", "ln_f"
    parts = ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")

    def inner(self) -> int:
        return self.config.size_or("n_inner", 4 * self.arch.hidden)

    def outer_shapes(self) -> Shapes:
        positions = {"wpe.weight": (self.config.size("n_positions"), self.arch.hidden)}
        return super().outer_shapes() | positions

    def linear_shapes(self, name: str, outputs: int, inputs: int, *, bias: bool) -> Shapes:
        return {f"{name}.weight": (inputs, outputs), f"{name}.bias": (outputs,)}

    def positions(self) -> Array:
        return self.checkpoint.tensor(f"{self.prefix}wpe.weight")

    def linear(self, name: str) -> Linear:
        read = self.checkpoint.tensor
        return Linear(read(f"{name}.weight"), read(f"{name}.bias"))
