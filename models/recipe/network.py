"""The network: transformers' Llama, with tied embeddings, and its loss."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from recipe.settings import CONTEXT, SEED, VOCABULARY, Size

IGNORED = -100  # cross-entropy's ignore_index


def make_network(size: Size) -> LlamaForCausalLM:
    """On an accelerator where torch finds one."""
    torch.manual_seed(SEED)
    network = LlamaForCausalLM(make_config(size))
    if torch.cuda.is_available():
        network.to("cuda")
    else:
        # Once compiled, plain matrix products train faster than a CPU's flash attention kernel.
        network.set_attn_implementation("eager")
    return network


def make_config(size: Size) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=size.width,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=[0, 2],
        pad_token_id=0,
    )


def token_losses(network: LlamaForCausalLM, inputs: Tensor, targets: Tensor) -> Tensor:
    """Nats for each target, zero where it is ignored."""
    hidden = network.model(input_ids=inputs, use_cache=False).last_hidden_state
    logits = network.lm_head(hidden).float()  # [rows, CONTEXT, VOCABULARY]
    return functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none"
    )


def parameter_count(network: LlamaForCausalLM) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def save_network(network: LlamaForCausalLM, folder: Path) -> None:
    network.save_pretrained(folder)


def load_network(folder: Path) -> LlamaForCausalLM:
    network: LlamaForCausalLM = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    network.train(False)
    return network
