"""Held-out loss, in nats a token and bits a byte, and unpicked samples.

The int8 loss is taken in torch with the rounded weights, beside the exact one: the graph's float
weights are these very numbers, and `largest_logit_gap` shows that it computes the same.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from transformers import LlamaForCausalLM

from intab.convert.linear import rounded
from intab.convert.running import Runner
from intab.engine.hub.manifest import EXPANDING
from recipe.corpora import Story
from recipe.network import IGNORED, token_losses
from recipe.rows import END
from recipe.settings import CONTEXT
from recipe.tokenizer import GENERATION

BATCH = 16


@dataclass(frozen=True)
class Loss:
    """Of a text that was never trained on."""

    nats_a_token: float
    bits_a_byte: float


def batches_of(tokenizer: Tokenizer, stories: Iterable[Story]) -> list[tuple[Tensor, Tensor]]:
    """Each text from <|endoftext|> on, in pieces of CONTEXT, padded with ignored targets."""
    pieces = [
        ids[start : start + CONTEXT]
        for ids in (encoding.ids for encoding in tokenizer.encode_batch([s.text for s in stories]))
        for start in range(0, len(ids), CONTEXT)
    ]
    pieces.sort(key=len)
    start_id = END
    return [_padded(pieces[at : at + BATCH], start_id) for at in range(0, len(pieces), BATCH)]


def measure(network: LlamaForCausalLM, tokenizer: Tokenizer, stories: list[Story]) -> Loss:
    nats, tokens = 0.0, 0
    with torch.inference_mode():
        for inputs, targets in batches_of(tokenizer, stories):
            nats += token_losses(network, inputs, targets).sum().item()
            tokens += int((targets != IGNORED).sum())
    size = sum(len(story.text.encode()) for story in stories)
    return Loss(nats / tokens, nats / math.log(2) / size)


def round_weights(network: LlamaForCausalLM) -> LlamaForCausalLM:
    """A copy with the weights that the int8 file holds."""
    copied = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in copied.parameters():
            if parameter.ndim == 2:  # torch keeps [out, in]
                integers, scale = rounded(parameter.numpy().T)
                parameter.copy_(torch.from_numpy((integers * scale).T))
    return copied


def largest_logit_gap(network: LlamaForCausalLM, onnx: Path, prompts: list[list[int]]) -> float:
    """Between torch and onnxruntime, both with rounded weights, after each prompt."""
    runner = Runner(onnx, EXPANDING)
    gaps = [
        np.abs(_torch_logits(network, ids) - runner.step(ids, {}, rows=1)[0][-1]).max()
        for ids in prompts
    ]
    return float(max(gaps))


def sample(
    network: LlamaForCausalLM, tokenizer: Tokenizer, prompts: list[str], length: int
) -> list[str]:
    """One continuation each with the sampling settings of generation_config.json."""
    torch.manual_seed(0)
    return [_sampled(network, tokenizer, prompt, length) for prompt in prompts]


def _sampled(network: LlamaForCausalLM, tokenizer: Tokenizer, prompt: str, length: int) -> str:
    ids = torch.tensor([tokenizer.encode(prompt, add_special_tokens=False).ids])
    options = GENERATION | {"max_new_tokens": length}
    generator: Any = network  # transformers' annotations do not let a model call its own generate
    out = generator.generate(ids, attention_mask=torch.ones_like(ids), **options)
    return tokenizer.decode(out[0, ids.shape[1] :].tolist())


def _torch_logits(network: LlamaForCausalLM, ids: list[int]) -> NDArray[np.float32]:
    with torch.inference_mode():
        found: NDArray[np.float32] = network(torch.tensor([ids])).logits[0, -1].numpy()
    return found


def _padded(pieces: list[list[int]], start_id: int) -> tuple[Tensor, Tensor]:
    width = max(len(piece) for piece in pieces)
    inputs = torch.zeros(len(pieces), width, dtype=torch.long)
    targets = torch.full((len(pieces), width), IGNORED)
    for row, piece in enumerate(pieces):
        inputs[row, : len(piece)] = torch.tensor([start_id, *piece[:-1]])
        targets[row, : len(piece)] = torch.tensor(piece)
    return inputs, targets
