"""Phi-3 and Phi-4-mini: Llama whose projections are stored side by side already."""

from __future__ import annotations

from intab.convert.architecture import Linear
from intab.convert.families.llama import LlamaReader
from intab.convert.families.reader import Shapes


class Phi3Reader(LlamaReader):
    """Llama's names but two."""

    def attention_shapes(self) -> Shapes:
        arch = self.arch
        size = (arch.heads + 2 * arch.kv_heads) * arch.head_dim
        shapes = self.linear_shapes("self_attn.qkv_proj", size, arch.hidden, bias=False)
        inner = arch.heads * arch.head_dim
        return shapes | self.linear_shapes("self_attn.o_proj", arch.hidden, inner, bias=False)

    def mlp_shapes(self) -> Shapes:
        hidden, inner = self.arch.hidden, self.config.size("intermediate_size")
        shapes = self.linear_shapes("mlp.gate_up_proj", 2 * inner, hidden, bias=False)
        return shapes | self.linear_shapes("mlp.down_proj", hidden, inner, bias=False)

    def qkv(self, name: str) -> Linear:
        return self.linear(f"{name}.qkv_proj")

    def gate_up(self, name: str) -> Linear:
        return self.linear(f"{name}.gate_up_proj")
