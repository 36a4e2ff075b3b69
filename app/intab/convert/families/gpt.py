"""What GPT-2 and GPT-NeoX share: LayerNorm, one fused projection, an MLP without a gate."""

from __future__ import annotations

from intab.convert.architecture import Layer, LayerWeights, Linear, Norm
from intab.convert.config import Config
from intab.convert.families.layers import count_layers, windows
from intab.convert.families.reader import Reader, Shapes


class GptReader(Reader):
    """Reads a layer; a subclass says what its parts are called and how a linear is stored."""

    # attention's norm, fused projection, projection out; the MLP's norm, up, down
    parts: tuple[str, str, str, str, str, str]
    attention_bias = True

    def inner(self) -> int:
        """The width of the MLP."""
        return self.config.size("intermediate_size")

    def layer_shapes(self) -> Shapes:
        size, inner, bias = self.arch.hidden, self.inner(), self.attention_bias
        before, qkv, out, between, up, down = self.parts
        return {
            **self.norm_shapes(before, size),
            **self.linear_shapes(qkv, 3 * size, size, bias=bias),
            **self.linear_shapes(out, size, size, bias=bias),
            **self.norm_shapes(between, size),
            **self.linear_shapes(up, inner, size, bias=True),
            **self.linear_shapes(down, size, inner, bias=True),
        }

    def norm_shapes(self, name: str, size: int) -> Shapes:
        return {f"{name}.weight": (size,), f"{name}.bias": (size,)}

    def layer(self, number: int) -> LayerWeights:
        name = self.layer_name(number)
        before, qkv, out, between, up, down = (f"{name}.{part}" for part in self.parts)
        return LayerWeights(
            attention_norm=self.norm(before),
            qkv=self.qkv(qkv),
            out=self.linear(out),
            mlp_norm=self.norm(between),
            up=self.linear(up),
            down=self.linear(down),
            gated=False,
        )

    def norm(self, name: str) -> Norm:
        """A LayerNorm."""
        read, shape = self.checkpoint.tensor, (self.arch.hidden,)
        return Norm(read(f"{name}.weight", shape), read(f"{name}.bias", shape))

    def qkv(self, name: str) -> Linear:
        """Queries, keys and values side by side."""
        return self.linear(name)


def plain_layers(config: Config, name: str, layer: Layer) -> tuple[Layer, ...]:
    """So many layers of one kind; a list of kinds in the config is checked, as the class does."""
    count = count_layers(config, name)
    windows(config, count)
    return (layer,) * count
