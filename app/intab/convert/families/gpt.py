"""What GPT-2 and GPT-NeoX share: LayerNorm, one fused projection, an MLP without a gate."""

from __future__ import annotations

from intab.convert.architecture import Architecture, LayerWeights, Linear, Norm
from intab.convert.checkpoint import Checkpoint


class GptReader:
    """Reads a layer; a subclass says what its parts are called and how a linear is stored."""

    # attention's norm, fused projection, projection out; the MLP's norm, up, down
    names: tuple[str, str, str, str, str, str]

    def __init__(self, checkpoint: Checkpoint, arch: Architecture, inner: int) -> None:
        self.checkpoint, self.arch, self.inner = checkpoint, arch, inner

    def layer(self, name: str) -> LayerWeights:
        """The weights of the layer that is called `name`."""
        size, inner = self.arch.hidden, self.inner
        before, qkv, out, between, up, down = (f"{name}.{part}" for part in self.names)
        return LayerWeights(
            attention_norm=self.norm(before),
            qkv=self.qkv(qkv),
            out=self.linear(out, size, size),
            mlp_norm=self.norm(between),
            up=self.linear(up, size, inner),
            down=self.linear(down, inner, size),
            gated=False,
        )

    def norm(self, name: str) -> Norm:
        """A LayerNorm."""
        read, shape = self.checkpoint.tensor, (self.arch.hidden,)
        return Norm(read(f"{name}.weight", shape), read(f"{name}.bias", shape))

    def qkv(self, name: str) -> Linear:
        """Queries, keys and values side by side."""
        return self.linear(name, self.arch.hidden, 3 * self.arch.hidden)

    def linear(self, name: str, inputs: int, outputs: int) -> Linear:
        """A linear of those sizes."""
        raise NotImplementedError
