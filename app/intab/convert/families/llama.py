"""Llama and its descendants: Mistral, Qwen 2 and 3, SmolLM 2 and 3, Phi-3.

They differ in small things, which the config tells: biases, norms of queries and keys, layers
without positions, sliding windows.
"""

from __future__ import annotations

from intab.convert.architecture import Architecture, Array, Layer, LayerWeights, Linear, Rotary
from intab.convert.config import Config
from intab.convert.families.layers import count_layers, turned, windows
from intab.convert.families.reader import Reader, Shapes, check_heads, side_by_side
from intab.convert.rotary import read_rotary, rope_settings
from intab.errors import ConvertError

ACTIVATIONS = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "relu": "relu",
}
ATTENTION_BIAS = ("llama", "qwen3", "smollm3", "gemma", "gemma2", "gemma3_text")
MLP_BIAS = ("llama", "smollm3")
HEAD_NORMS = ("qwen3", "gemma3_text")


def architecture(config: Config) -> Architecture:
    """The shape that a config of one of these families describes."""
    heads, hidden = config.size("num_attention_heads"), config.size("hidden_size")
    kv_heads = config.size_or("num_key_value_heads", heads)
    check_heads(config, heads, kv_heads, hidden)
    head_dim = config.size_or("head_dim", hidden // heads)
    rotary = read_rotary(config, head_dim, rope_settings(config))
    return Architecture(
        family=config.kind,
        vocabulary=config.size("vocab_size"),
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        layers=layers(config, rotary),
        rotaries={"global": rotary},
        epsilon=config.epsilon("rms_norm_eps"),
        activation=activation(config.word("hidden_act")),
        tied=config.flag("tie_word_embeddings"),
    )


def activation(name: str) -> str:
    """The activation's name in architecture.py; ConvertError where it is not known."""
    if name not in ACTIVATIONS:
        raise ConvertError(
            f"The activation {name!r} is not known; known are: {', '.join(ACTIVATIONS)}."
        )
    return ACTIVATIONS[name]


def layers(config: Config, rotary: Rotary) -> tuple[Layer, ...]:
    """Each layer's window, and whether it is turned by that table."""
    count = count_layers(config)
    return tuple(
        Layer(window, "global" if on and len(rotary.frequencies) else "")
        for window, on in zip(windows(config, count), turned(config, count), strict=True)
    )


class LlamaReader(Reader):
    """Reads Llama's names; subclasses say what differs."""

    def layer_shapes(self) -> Shapes:
        arch = self.arch
        shapes: Shapes = {}
        for name in ("input_layernorm", "post_attention_layernorm"):
            shapes |= self.norm_shapes(name, arch.hidden)
        shapes |= self.attention_shapes() | self.mlp_shapes()
        if self.config.kind in HEAD_NORMS:
            shapes |= self.norm_shapes("self_attn.q_norm", arch.head_dim)
            shapes |= self.norm_shapes("self_attn.k_norm", arch.head_dim)
        return shapes

    def attention_shapes(self) -> Shapes:
        """Of the four projections."""
        arch, bias = self.arch, self._bias(ATTENTION_BIAS, "attention_bias")
        q, kv = (n * arch.head_dim for n in (arch.heads, arch.kv_heads))
        shapes = self.linear_shapes("self_attn.o_proj", arch.hidden, q, bias=bias)
        for part, size in (("q", q), ("k", kv), ("v", kv)):
            name, biased = f"self_attn.{part}_proj", bias or self.config.kind == "qwen2"
            shapes |= self.linear_shapes(name, size, arch.hidden, bias=biased)
        return shapes

    def mlp_shapes(self) -> Shapes:
        """Of gate, up and down."""
        inner, bias = self.config.size("intermediate_size"), self._bias(MLP_BIAS, "mlp_bias")
        shapes = self.linear_shapes("mlp.down_proj", self.arch.hidden, inner, bias=bias)
        for part in ("gate", "up"):
            shapes |= self.linear_shapes(f"mlp.{part}_proj", inner, self.arch.hidden, bias=bias)
        return shapes

    def _bias(self, families: tuple[str, ...], name: str) -> bool:
        return self.config.kind in families and self.config.flag(name)

    def layer(self, number: int) -> LayerWeights:
        name = self.layer_name(number)
        return LayerWeights(
            attention_norm=self.norm(f"{name}.input_layernorm"),
            qkv=self.qkv(f"{name}.self_attn"),
            out=self.linear(f"{name}.self_attn.o_proj"),
            mlp_norm=self.norm(f"{name}.post_attention_layernorm"),
            up=self.gate_up(f"{name}.mlp"),
            down=self.linear(f"{name}.mlp.down_proj"),
            q_norm=self.head_norm(f"{name}.self_attn.q_norm.weight"),
            k_norm=self.head_norm(f"{name}.self_attn.k_norm.weight"),
        )

    def qkv(self, name: str) -> Linear:
        """Queries, keys and values side by side."""
        return side_by_side([self.linear(f"{name}.{part}_proj") for part in ("q", "k", "v")])

    def gate_up(self, name: str) -> Linear:
        """Gate and up side by side."""
        return side_by_side([self.linear(f"{name}.{part}_proj") for part in ("gate", "up")])

    def head_norm(self, name: str) -> Array | None:
        """The norm of a head's queries or keys, in families that have one."""
        if self.config.kind not in HEAD_NORMS:
            return None
        return self.scale(self.checkpoint.tensor(name, (self.arch.head_dim,)))
