"""An encoder-decoder in numpy: networks that keep arrays by number, in the hub's layouts.

A logit is of the sum of all vectors of the source and of the ids so far, times a matrix; both come
out of the caches, so that a wrong one gives other logits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.runtime.encoder_decoder import EncoderDecoder
from intab.engine.runtime.keeping import check_handles
from intab.engine.runtime.network import Arrays, TensorInfo
from tests.engine.support.graph_networks import FunctionNetwork
from tests.engine.support.networks import VOCABULARY, WIDTH, weights

PARTS = ("decoder", "encoder")
_kept: dict[int, NDArray[Any]] = {}
_numbers = count(1)


def kept() -> int:
    """How many tensors stay."""
    return len(_kept)


class KeepingFunction(FunctionNetwork):
    """A FunctionNetwork whose outputs may stay."""

    async def put(self, arrays: Sequence[NDArray[Any]]) -> list[int]:
        return [_keep(array) for array in arrays]

    async def compute(
        self, feeds: Mapping[str, Any], read: Sequence[str], keep: Sequence[str] = ()
    ) -> tuple[Arrays, dict[str, int]]:
        check_handles(self.inputs, feeds)
        given = {n: _kept[v] if isinstance(v, int) else v for n, v in feeds.items()}
        found = await self.run(given, [*read, *keep])
        cut = {n: found[n][:, -1:] if found[n].ndim == 3 else found[n] for n in read}
        return cut, {name: _keep(found[name]) for name in keep}

    async def take(self, kept: Sequence[int], sequences: Sequence[int]) -> list[int]:
        return [_keep(_kept[number][list(sequences)]) for number in kept]

    def drop(self, kept: Iterable[int], *, now: bool = False) -> None:
        for number in kept:
            del _kept[number]


def _keep(array: NDArray[Any]) -> int:
    number = next(_numbers)
    _kept[number] = array
    return number


def _info(name: str, *shape: int | None, dtype: str = "float32") -> TensorInfo:
    return TensorInfo(name, dtype, shape)


def _cache(prefix: str, parts: Sequence[str] = PARTS) -> list[TensorInfo]:
    return [_info(f"{prefix}.0.{part}.key", None, 1, None, WIDTH) for part in parts]


def make_encoder() -> FunctionNetwork:
    names = ("input_ids", "attention_mask")
    inputs = [_info(name, None, None, dtype="int64") for name in names]
    outputs = [_info("last_hidden_state", None, None, WIDTH)]
    return FunctionNetwork(
        inputs, outputs, lambda f: {"last_hidden_state": weights()[0][f["input_ids"]]}
    )


def _decode(feeds: Arrays) -> Arrays:
    tokens, places, out = weights()
    past = feeds.get("past_key_values.0.decoder.key")
    branch = feeds.get("use_cache_branch")
    goes_on = past is not None and (branch is None or branch[0])
    before = past[:, 0] if past is not None and goes_on else np.zeros((1, 0, WIDTH), np.float32)
    ids = feeds["input_ids"]
    start = before.shape[1]
    new = tokens[ids] + places[start : start + ids.shape[1]]
    own = np.concatenate([np.broadcast_to(before, (len(ids), start, WIDTH)), new], axis=1)
    if goes_on:
        cross = feeds["past_key_values.0.encoder.key"][:, 0]
    else:
        cross = feeds["encoder_hidden_states"] * 2
    mask = feeds["encoder_attention_mask"][:, :, None].astype(np.float32)
    sums = np.cumsum(own, axis=1) + (cross * mask).sum(1, keepdims=True)
    # As optimum's merged decoders, the branch with a past gives no cross attention back.
    left = np.zeros((0, 1, 1, WIDTH), np.float32) if goes_on else cross[:, None]
    return {
        "logits": (sums @ out)[:, start:].astype(np.float32),
        "present.0.decoder.key": own[:, None],
        "present.0.encoder.key": left,
    }


def make_decoder(*, past: bool, branch: bool = False, hidden: bool = True) -> KeepingFunction:
    inputs = [_info("input_ids", None, None, dtype="int64")]
    inputs += [_info("encoder_attention_mask", None, None, dtype="int64")]
    inputs += [_info("encoder_hidden_states", None, None, WIDTH)] if hidden else []
    inputs += _cache("past_key_values") if past else []
    inputs += [_info("use_cache_branch", 1, dtype="bool")] if branch else []
    parts = PARTS if branch or not past else PARTS[:1]
    outputs = [_info("logits", None, None, VOCABULARY), *_cache("present", parts)]
    return KeepingFunction(inputs, outputs, _decode)


def make_reader(layout: str) -> EncoderDecoder:
    """ "merged", "pair" or "no past"."""
    if layout == "merged":
        merged = make_decoder(past=True, branch=True)
        return EncoderDecoder(make_encoder(), merged, None, {})
    first = make_decoder(past=False)
    further = make_decoder(past=True, hidden=False) if layout == "pair" else None
    return EncoderDecoder(make_encoder(), first, further, {})


def feeds_of(ids: Sequence[int]) -> Arrays:
    """A source."""
    return {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), np.int64)}
