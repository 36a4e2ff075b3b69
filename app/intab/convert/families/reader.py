"""What the readers of all families share: the names and shapes of tensors, found and compared.

A family lists the tensors that a model of its config has; a checkpoint with fewer or with others is
another model's. Names may have any prefix: `model.` of transformers' causal models, none where the
model within was saved, `language_model.model.` in a larger one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from intab.convert.architecture import Architecture, Array, LayerWeights, Linear, Norm, Weights
from intab.convert.checkpoint import BUFFERS, Checkpoint
from intab.convert.config import Config
from intab.errors import ConvertError

Shape = tuple[int, ...]
Shapes = dict[str, Shape]


class Reader:
    """Reads one family's tensors; a subclass says what they are called."""

    usual = "model."  # the prefix of transformers' causal model
    stem = "layers"  # of the layers' names
    first = "input_layernorm.weight"  # a tensor that each layer has
    embedding = "embed_tokens.weight"
    heads: tuple[str, ...] = ("lm_head.weight",)
    final = "norm"

    def __init__(self, checkpoint: Checkpoint, config: Config, arch: Architecture) -> None:
        self.checkpoint, self.config, self.arch = checkpoint, config, arch

    # names

    @cached_property
    def prefix(self) -> str:
        """What stands before the names of the text model's tensors."""
        anchor = f"{self.stem}.0.{self.first}"
        names = [name for name in self.checkpoint.shards if _ends(name, anchor)]
        found = [name.removesuffix(anchor) for name in names]
        if not found or self.usual in found:
            return self.usual
        if len(found) == 1:
            return found[0]
        raise ConvertError(
            f"The checkpoint has several models, beginning with {', '.join(sorted(found))}: "
            "save the one that writes text as a checkpoint of its own."
        )

    @cached_property
    def head_name(self) -> str:
        """lm_head's name as it is stored, "" where it is not."""
        stored = self.checkpoint.shards
        names = [name for name in stored if any(_ends(name, head) for head in self.heads)]
        if len(names) > 1:
            raise ConvertError(f"The checkpoint has several heads: {', '.join(sorted(names))}.")
        return names[0] if names else ""

    def layer_name(self, number: int) -> str:
        """What a layer's tensors begin with."""
        return f"{self.prefix}{self.stem}.{number}"

    # shapes

    def layer_shapes(self) -> Shapes:
        """The tensors of each layer, without the layer's name."""
        raise NotImplementedError

    def outer_shapes(self) -> Shapes:
        """The tensors beside the layers, without the prefix."""
        arch = self.arch
        shapes = {self.embedding: (arch.vocabulary, arch.hidden)}
        return shapes | self.norm_shapes(self.final, arch.hidden)

    def norm_shapes(self, name: str, size: int) -> Shapes:
        """Of a norm, which in this family has no bias."""
        return {f"{name}.weight": (size,)}

    def linear_shapes(self, name: str, outputs: int, inputs: int, *, bias: bool) -> Shapes:
        """Of torch's Linear."""
        weight: Shapes = {f"{name}.weight": (outputs, inputs)}
        return weight | ({f"{name}.bias": (outputs,)} if bias else {})

    def shapes(self) -> Iterator[tuple[str, Shape]]:
        """The name and shape of every tensor but lm_head."""
        for name, shape in self.outer_shapes().items():
            yield self.prefix + name, shape
        within = self.layer_shapes()
        for number in range(len(self.arch.layers)):
            for name, shape in within.items():
                yield f"{self.layer_name(number)}.{name}", shape

    def check(self) -> None:
        """ConvertError unless the checkpoint has the config's tensors, and no others."""
        wanted = set()
        for name, shape in self.shapes():
            if not (self.arch.tied and self._is_embedding(name) and self.head_name):
                self.checkpoint.check(name, shape)
            wanted.add(name)
        left = (name for name in self.checkpoint.shards if name not in wanted)
        more = sorted(name for name in left if not self._may_be_there(name))
        if more:
            names = ", ".join(more[:3]) + (f" and {len(more) - 3} more" if len(more) > 3 else "")
            raise ConvertError(
                f"The checkpoint has tensors that config.json asks no {self.arch.family} model "
                f"for: {names}. They belong to different models, or to another architecture."
            )

    def _is_embedding(self, name: str) -> bool:
        return name == self.prefix + self.embedding and not self.checkpoint.has(name)

    def _may_be_there(self, name: str) -> bool:
        """Whether a tensor that is not read tells nothing: buffers, the head, other models."""
        if name.endswith(BUFFERS) or name == self.head_name:
            return True
        return bool(self.config.outer) and not name.startswith(self.prefix)

    # values

    def weights(self) -> Weights:
        """Embedding, layers and head."""
        embedding = self.read_embedding()
        return Weights(
            embedding,
            self.positions(),
            self.layer,
            self.norm(self.prefix + self.final),
            self.read_head(embedding),
        )

    def layer(self, number: int) -> LayerWeights:
        """One layer's weights."""
        raise NotImplementedError

    def positions(self) -> Array | None:
        """The learned positions, in families that have them."""
        return None

    def read_embedding(self) -> Array:
        """The embedding; a tied model may have been saved with its head alone."""
        name, shape = self.prefix + self.embedding, (self.arch.vocabulary, self.arch.hidden)
        if self._is_embedding(name) and self.arch.tied and self.head_name:
            name = self.head_name
        return self.checkpoint.tensor(name, shape)

    def read_head(self, embedding: Array) -> Linear | None:
        """lm_head, None where the embedding serves. One that is stored and differs is not tied,
        whatever the config says: so does transformers."""
        if self.arch.tied and not self.head_name:
            return None
        head = self.checkpoint.tensor(self.head_name or self.heads[0], embedding.shape)
        return None if self.arch.tied and np.array_equal(head, embedding) else Linear(head.T)

    def norm(self, name: str) -> Norm:
        """A norm of the hidden size."""
        return Norm(self.scale(self.checkpoint.tensor(f"{name}.weight", (self.arch.hidden,))))

    def scale(self, weight: Array) -> Array:
        """What a norm's stored weight multiplies by."""
        return weight

    def linear(self, name: str) -> Linear:
        """torch's Linear, which stores [outputs, inputs]."""
        bias = f"{name}.bias"
        found = self.checkpoint.tensor(bias) if self.checkpoint.has(bias) else None
        return Linear(self.checkpoint.tensor(f"{name}.weight").T, found)


def side_by_side(parts: list[Linear]) -> Linear:
    """One linear whose outputs are those of the parts, one after the other."""
    weight = np.concatenate([part.weight for part in parts], axis=1)
    biases = [part.bias for part in parts if part.bias is not None]
    return Linear(weight, np.concatenate(biases) if biases else None)


def check_heads(config: Config, heads: int, kv_heads: int, hidden: int) -> None:
    """ConvertError unless the heads share keys evenly and, as its class asks, the hidden size."""
    if heads % kv_heads:
        raise ConvertError(
            f"config.json has {heads} heads, which {kv_heads} key heads do not divide."
        )
    if config.kind in WHOLE and hidden % heads:
        raise ConvertError(
            f"config.json has a hidden size of {hidden}, which {heads} heads do not divide."
        )


# Families whose class or model asks that the heads divide the hidden size.
WHOLE = ("llama", "gemma2", "gemma3_text", "gpt2", "gpt_neox")


def _ends(name: str, end: str) -> bool:
    return name == end or name.endswith(f".{end}")
