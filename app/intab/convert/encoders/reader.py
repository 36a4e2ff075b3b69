"""Reads an encoder's tensors; a checkpoint that lacks some, or has more, is another model's."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from intab.convert.architecture import Array, Linear, Norm
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import Config
from intab.convert.encoders.names import NAMES, UNREAD
from intab.convert.encoders.shape import Encoder, LayerWeights, Weights
from intab.convert.families.reader import side_by_side
from intab.errors import ConvertError

# LayerNorm's tensors as BERT's first checkpoints call them.
_OLD = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}


@dataclass
class Reader:
    """Reads one checkpoint's tensors; `read` are the names of those that were asked for."""

    checkpoint: Checkpoint
    config: Config
    shape: Encoder
    read: set[str] = field(default_factory=set)

    @cached_property
    def prefix(self) -> str:
        """What stands before the encoder's names: nothing if it was saved alone."""
        names = NAMES[self.config.kind]
        alone = not self.checkpoint.has(f"{names.prefix}{names.words}.weight")
        return "" if alone and self.checkpoint.has(f"{names.words}.weight") else names.prefix

    def tensor(self, name: str, *shape: int) -> Array:
        """A tensor of that shape."""
        for new, old in _OLD.items():
            if not self.checkpoint.has(name) and name.endswith(new):
                name = name.removesuffix(new) + old
        self.read.add(name)
        return self.checkpoint.tensor(name, shape)

    def norm(self, name: str, *, bias: bool = True) -> Norm:
        """A norm of the hidden size."""
        size = self.shape.hidden
        found = self.tensor(f"{name}.bias", size) if bias else None
        return Norm(self.tensor(f"{name}.weight", size), found)

    def linear(self, name: str, inputs: int, outputs: int, *, bias: bool = True) -> Linear:
        """torch's Linear, which stores [outputs, inputs]."""
        found = self.tensor(f"{name}.bias", outputs) if bias else None
        return Linear(self.tensor(f"{name}.weight", outputs, inputs).T, found)

    def weights(self) -> Weights:
        """Embeddings and layers."""
        shape, names, flag = self.shape, NAMES[self.config.kind], self._flag
        hidden, heads = shape.hidden, shape.heads
        return Weights(
            words=self.tensor(f"{self.prefix}{names.words}.weight", shape.vocabulary, hidden),
            positions=self._positions(),
            types=self._types() if self.takes_types else None,
            norm=self.norm(self.prefix + names.norm, bias=flag("norm_bias")),
            distances=self.tensor(f"{self.prefix}{names.distances}.weight", shape.buckets, heads)
            if shape.buckets
            else None,
            layer=self.layer,
            final_norm=self.norm(self.prefix + names.final_norm, bias=flag("norm_bias"))
            if shape.first
            else None,
        )

    @property
    def takes_types(self) -> bool:
        """Whether the graph takes token types: RoBERTa's tokenizers give none."""
        return self.config.kind == "bert" and self.shape.types > 1

    def _types(self) -> Array:
        name = f"{self.prefix}{NAMES[self.config.kind].types}.weight"
        return self.tensor(name, self.shape.types, self.shape.hidden)

    def _positions(self) -> Array | None:
        if not self.shape.positions:
            return None
        name = f"{self.prefix}{NAMES[self.config.kind].positions}.weight"
        found = self.tensor(name, self.shape.positions, self.shape.hidden)
        return found + self._types()[0] if self.shape.types and not self.takes_types else found

    def layer(self, number: int) -> LayerWeights:
        """One layer's weights."""
        shape, names, flag = self.shape, NAMES[self.config.kind], self._flag
        name = f"{self.prefix}{names.layers}.{number}"
        hidden, inner = shape.hidden, shape.inner
        attention, mlp, norms = flag("attention_bias"), flag("mlp_bias"), flag("norm_bias")
        size = 3 * hidden // len(names.qkv)
        parts = [self.linear(f"{name}.{p}", hidden, size, bias=attention) for p in names.qkv]
        wide = inner * 2 if shape.gated else inner
        without = self.config.kind == "modernbert" and not number
        return LayerWeights(
            attention_norm=None
            if without
            else self.norm(f"{name}.{names.attention_norm}", bias=norms),
            qkv=side_by_side(parts),
            out=self.linear(f"{name}.{names.out}", hidden, hidden, bias=attention),
            mlp_norm=self.norm(f"{name}.{names.mlp_norm}", bias=norms),
            up=self.linear(f"{name}.{names.up}", hidden, wide, bias=mlp),
            down=self.linear(f"{name}.{names.down}", inner, hidden, bias=mlp),
        )

    def _flag(self, name: str) -> bool:
        """Whether there are such biases: always, but in ModernBERT."""
        return self.config.flag(name) if name in self.config.values else True

    def check(self) -> None:
        """ConvertError for tensors of the encoder that config.json does not ask for."""
        names, count = NAMES[self.config.kind], len(self.shape.layers)
        layers = f"{self.prefix}{names.layers}."
        more = [
            name
            for name in sorted(self.checkpoint.shards)
            if name.startswith(layers)
            and not name.endswith(UNREAD)
            and int(name.removeprefix(layers).split(".")[0]) >= count
        ]
        if more:
            raise ConvertError(
                f"The checkpoint has more layers than the {count} of config.json ({more[0]}): they "
                "belong to different models."
            )
