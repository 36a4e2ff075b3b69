"""What both trainings share: a rate that rises and falls, an average of the weights, a log."""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

WARM_UP, LOG_SECONDS = 200, 15.0


@dataclass(frozen=True)
class Plan:
    """rate: the highest; average: of the weights, the share that stays at each step."""

    minutes: float
    rate: float
    log: Path
    average: float = 0.999


def train(network: nn.Module, loss_of: Callable[[], Tensor], plan: Plan) -> nn.Module:
    """Train for so many minutes; the network with its averaged weights."""
    optimizer = torch.optim.AdamW(network.parameters(), plan.rate, weight_decay=0.01)
    averaged = copy.deepcopy(network).eval().requires_grad_(False)
    started, told, losses, step, rows = time.monotonic(), 0.0, [], 0, []
    while (progress := (time.monotonic() - started) / 60 / plan.minutes) < 1:
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * _scale(step, progress)
        loss = loss_of()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        _take_in(averaged, network, min(plan.average, step / (step + 10)))
        losses.append(loss.item())
        if time.monotonic() - told > LOG_SECONDS:
            told = time.monotonic()
            rows.append((step, round(told - started, 1), round(sum(losses) / len(losses), 5)))
            print(*rows[-1], flush=True)
            losses.clear()
            _write(plan.log, rows)
    return averaged


def _scale(step: int, progress: float) -> float:
    """Linear up, then half a cosine down."""
    return min((step + 1) / WARM_UP, 0.5 + 0.5 * math.cos(math.pi * progress))


@torch.no_grad()
def _take_in(averaged: nn.Module, network: nn.Module, kept: float) -> None:
    ours, theirs = list(averaged.parameters()), list(network.parameters())
    torch._foreach_lerp_(ours, theirs, 1 - kept)


def _write(path: Path, rows: list[tuple[int, float, float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["step", "seconds", "loss"])
        writer.writerows(rows)
