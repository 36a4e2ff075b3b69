"""Runs the exported graph natively with a KV cache: enough for greedy ids and for timing.

    ids = greedy(open_session(path), prompt_ids, 48, stop=END_IDS)

No sampling and no text: the package `intab` has those.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from recipe.quantizer import SESSION_OPTIONS

Cache = dict[str, NDArray[np.float32]]


def open_session(path: Path, threads: int = 2) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    for key, value in SESSION_OPTIONS.items():
        options.add_session_config_entry(key, value)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def empty_cache(session: onnxruntime.InferenceSession) -> Cache:
    pasts = [value for value in session.get_inputs() if value.name.startswith("past_key_values.")]
    return {p.name: np.zeros((1, p.shape[1], 0, p.shape[3]), np.float32) for p in pasts}


def step(
    session: onnxruntime.InferenceSession, cache: Cache, ids: list[int]
) -> tuple[NDArray[np.float32], Cache]:
    """The logits after `ids`, [vocabulary], and the cache that now holds them."""
    past = next(iter(cache.values())).shape[2]
    feeds = {
        "input_ids": np.array([ids], np.int64),
        "attention_mask": np.ones((1, past + len(ids)), np.int64),
        "position_ids": np.arange(past, past + len(ids), dtype=np.int64)[None],
    }
    names = [value.name for value in session.get_outputs()]
    found = dict(zip(names, session.run(names, feeds | cache), strict=True))
    fresh = {name: found[name.replace("past_key_values", "present")] for name in cache}
    return found["logits"][0, -1], fresh


def greedy(
    session: onnxruntime.InferenceSession, prompt: list[int], count: int, stop: Sequence[int]
) -> list[int]:
    """Up to `count` ids; the one that stops is the last."""
    made: list[int] = []
    cache, fed = empty_cache(session), prompt
    while len(made) < count and made[-1:] not in [[end] for end in stop]:
        logits, cache = step(session, cache, fed)
        fed = [int(logits.argmax())]
        made += fed
    return made
