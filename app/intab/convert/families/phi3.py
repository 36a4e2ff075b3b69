"""Phi-3 and Phi-4-mini: Llama whose projections are stored side by side already."""

from __future__ import annotations

from intab.convert.architecture import Architecture, Linear, Weights
from intab.convert.checkpoint import Checkpoint
from intab.convert.families.llama import Reader


def weights(checkpoint: Checkpoint, arch: Architecture) -> Weights:
    """The checkpoint's weights."""
    return Phi3Reader(checkpoint, arch).weights()


class Phi3Reader(Reader):
    """Llama's names but two."""

    def qkv(self, name: str) -> Linear:
        heads = self.arch.heads + 2 * self.arch.kv_heads
        return self.linear(f"{name}.qkv_proj", heads * self.arch.head_dim)

    def gate_up(self, name: str) -> Linear:
        size = self.checkpoint.config["intermediate_size"]
        return self.linear(f"{name}.gate_up_proj", 2 * size)
