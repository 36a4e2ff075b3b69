"""Trains for a given number of tokens and writes a line of log every few seconds.

Muon for the matrices, AdamW for the embedding and the norms, bf16 autocast, on whatever
device the network is. A run that was cut short goes on from the state it kept.
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import LlamaForCausalLM

from recipe.network import IGNORED, token_losses
from recipe.settings import Schedule

Batches = Iterator[tuple[NDArray[np.int64], ...]]
LossFunction = Callable[[Tensor, Tensor, Tensor], Tensor]
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

    def add(self, step: int, tokens: int, seconds: float, rate: float, loss: float) -> bool:
        """Whether the held-out loss was measured: a good moment to keep the state."""
        self._losses.append(loss)
        if self.lines and seconds - self.lines[-1].seconds < LOG_SECONDS:
            return False
        mean = sum(self._losses) / len(self._losses)
        self._losses.clear()
        line = LogLine(step, tokens, round(seconds, 1), rate, mean, self._due(seconds))
        self._write(line)
        return line.held_out is not None

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


class Training:
    """The network, its optimizers and how far they are."""

    def __init__(self, network: LlamaForCausalLM, schedule: Schedule, state: Path) -> None:
        self.step, self.seconds = 0, 0.0
        self._network = network
        self._schedule = schedule
        self._state = state
        self._optimizers = _optimizers(network, schedule)

    def resume(self, data: Batches, log: Log) -> None:
        """Go on from the kept state; the data that was learnt is passed over."""
        found: dict[str, Any] = torch.load(self._state, weights_only=False)
        self.step, self.seconds, log.lines = found["step"], found["seconds"], found["lines"]
        self._network.load_state_dict(found["network"])
        for optimizer, kept in zip(self._optimizers, found["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        for _ in range(self.step):
            next(data)

    def run(self, data: Batches, tokens: float, log: Log) -> None:
        """Until so many tokens have been seen, those before a resume included."""
        loss_of = _compiled_loss(self._network, data)
        started = time.monotonic() - self.seconds
        for ids in data:
            size = ids[0].size
            if (progress := self.step * size / tokens) >= 1:
                return
            scale = rate_scale(progress, self._schedule)
            batch = _tensors(ids, self._network.device)
            loss = self._learn(loss_of, batch, scale)
            self.step, self.seconds = self.step + 1, time.monotonic() - started
            rate = self._schedule.muon_rate * scale
            if log.add(self.step, self.step * size, self.seconds, rate, loss):
                self._keep(log)

    def _keep(self, log: Log) -> None:
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "lines": log.lines,
            "network": self._network.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
        }
        torch.save(state, self._state.with_suffix(".new"))
        self._state.with_suffix(".new").replace(self._state)

    def _learn(self, loss_of: LossFunction, batch: tuple[Tensor, ...], scale: float) -> float:
        with torch.autocast(batch[0].device.type, dtype=torch.bfloat16):
            loss = loss_of(*batch)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * scale
            optimizer.step()
            optimizer.zero_grad()
        if not math.isfinite(value := loss.item()):
            raise FloatingPointError("the loss is no longer a number: lower the learning rates")
        return value


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

    def mean_loss(inputs: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        losses = token_losses(network, inputs, targets) * weights.flatten()
        return losses.sum() / weights.sum()

    compiled: LossFunction = torch.compile(mean_loss)
    with torch.autocast(network.device.type, dtype=torch.bfloat16):
        loss = compiled(*_tensors(next(data), network.device))
    loss.backward()  # type: ignore[no-untyped-call]
    network.zero_grad()
    return compiled


def _tensors(batch: tuple[NDArray[np.int64], ...], device: torch.device) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(part).contiguous().to(device) for part in batch)


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
