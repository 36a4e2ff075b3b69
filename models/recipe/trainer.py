"""Trains for a given number of minutes and writes a line of log every few seconds.

Muon for the matrices, AdamW for the embedding and the norms, bf16 autocast, on whatever
device the network is. The schedule follows the clock, not a number of steps, so the seed fixes the
data's order but not the last digit.
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import LlamaForCausalLM

from recipe.network import token_losses
from recipe.rows import IGNORED
from recipe.settings import CONTEXT, Schedule

Batches = Iterator[tuple[NDArray[np.int64], ...]]
LossFunction = Callable[[Tensor, Tensor], Tensor]
LOG_SECONDS = 15.0
HELD_OUT_SECONDS = 300.0


@dataclass(frozen=True)
class LogLine:
    """One line of training.csv; held_out is empty where it was not measured."""

    step: int
    tokens: int
    seconds: float
    rate: float
    loss: float
    held_out: float | None


class Log:
    """Collects losses between lines and knows when the next line is due."""

    def __init__(self, path: Path, held_out: Callable[[], float]) -> None:
        self.lines: list[LogLine] = []
        self._path = path
        self._held_out = held_out
        self._losses: list[float] = []
        self._next_held_out = 0.0

    def add(self, step: int, tokens: int, seconds: float, rate: float, loss: float) -> None:
        self._losses.append(loss)
        if self.lines and seconds - self.lines[-1].seconds < LOG_SECONDS:
            return
        mean = sum(self._losses) / len(self._losses)
        self._losses.clear()
        self._write(LogLine(step, tokens, round(seconds, 1), rate, mean, self._due(seconds)))

    def _due(self, seconds: float) -> float | None:
        if seconds < self._next_held_out:
            return None
        self._next_held_out = seconds + HELD_OUT_SECONDS
        return self._held_out()

    def _write(self, line: LogLine) -> None:
        self.lines.append(line)
        print(line, flush=True)
        with self._path.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow([field.name for field in fields(LogLine)])
            writer.writerows([_rounded(value) for value in astuple(row)] for row in self.lines)


def train(
    network: LlamaForCausalLM, data: Batches, schedule: Schedule, minutes: float, log: Log
) -> None:
    optimizers = _optimizers(network, schedule)
    loss_of = _compiled_loss(network, data)
    start, step, tokens = time.monotonic(), 0, 0
    while (progress := (time.monotonic() - start) / (60 * minutes)) < 1:
        scale = rate_scale(progress, schedule)
        inputs, targets = _tensors(next(data), network.device)
        loss = _step(network, loss_of, optimizers, inputs, targets, scale)
        step, tokens = step + 1, tokens + len(inputs) * CONTEXT
        seconds = time.monotonic() - start
        log.add(step, tokens, seconds, schedule.muon_rate * scale, loss)


def rate_scale(progress: float, schedule: Schedule) -> float:
    """
    >>> [rate_scale(p, Schedule(warmup=0.1, decay=0.5)) for p in (0.05, 0.3, 0.75, 1.0)]
    [0.5, 1.0, 0.5, 0.0]
    """
    return max(0.0, min(1.0, progress / schedule.warmup, (1 - progress) / schedule.decay))


def held_out_loss(network: LlamaForCausalLM, batches: list[tuple[Tensor, Tensor]]) -> float:
    """Mean nats a token, in float32."""
    with torch.inference_mode():
        moved = ([part.to(network.device) for part in batch] for batch in batches)
        sums = [token_losses(network, *batch).sum().item() for batch in moved]
    return sum(sums) / sum(int((targets != IGNORED).sum()) for _, targets in batches)


def _step(
    network: LlamaForCausalLM,
    loss_of: LossFunction,
    optimizers: list[torch.optim.Optimizer],
    inputs: Tensor,
    targets: Tensor,
    scale: float,
) -> float:
    with torch.autocast(inputs.device.type, dtype=torch.bfloat16):
        loss = loss_of(inputs, targets)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * scale
        optimizer.step()
        optimizer.zero_grad()
    if not math.isfinite(value := loss.item()):
        raise FloatingPointError("the loss is no longer a number: lower the learning rates")
    return value


def _optimizers(network: LlamaForCausalLM, schedule: Schedule) -> list[torch.optim.Optimizer]:
    named = list(network.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in named if p.ndim != 2 or "embed" in name]
    muon = {"params": matrices, "peak": schedule.muon_rate}
    adam = {"params": others, "peak": schedule.adam_rate}
    return [
        # match_rms_adamw lets Muon share AdamW's learning rates (https://arxiv.org/abs/2502.16982).
        torch.optim.Muon(
            [muon], weight_decay=schedule.weight_decay, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW([adam], betas=(0.9, 0.95), weight_decay=0.0),
    ]


def _compiled_loss(network: LlamaForCausalLM, data: Batches) -> LossFunction:
    """Compiled once before the clock starts; a quarter faster than without."""

    def mean_loss(inputs: Tensor, targets: Tensor) -> Tensor:
        return token_losses(network, inputs, targets).sum() / (targets != IGNORED).sum()

    compiled: LossFunction = torch.compile(mean_loss)
    with torch.autocast(network.device.type, dtype=torch.bfloat16):
        loss = compiled(*_tensors(next(data), network.device))
    loss.backward()  # type: ignore[no-untyped-call]
    network.zero_grad()
    return compiled


def _tensors(batch: tuple[NDArray[np.int64], ...], device: torch.device) -> tuple[Tensor, Tensor]:
    inputs, targets = (torch.from_numpy(part).contiguous().to(device) for part in batch)
    return inputs, targets


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
