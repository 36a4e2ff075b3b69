"""What is checked on WebGPU alone, whose kernels are young and differ from device to device.

A step with many ids is computed by other kernels than one with few, and short prompts meet the
latter alone. So 40 ids go in at once, then 33 more, then single ones: the logits must be those of a
few ids at a time, and the best token the one that the manifest has recorded, if it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from intab.engine.generation.prefill import append, prefill
from intab.engine.hub.manifest import Manifest
from intab.engine.model import Texts
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import NEAR, Candidate, judge
from intab.engine.runtime.decoder import Decoder, Session
from intab.engine.types import Logits
from intab.errors import DeviceError, RunError

PIECES = (40, 33)  # beyond tiles of 32, as a prompt and after one
FEW = 16
# One scale for all ids of a step, so that many are never computed as few are.
SCALED_BY_STEP = ("q8", "int8", "uint8")
_STRIDE = 7919  # a prime: ids from all over the vocabulary


def check_bounds(candidate: Candidate, manifest: Manifest, config: Mapping[str, Any]) -> None:
    """DeviceError if attention scores are bounded and no recorded ids would show it missing:
    onnxruntime-web's GroupQueryAttention leaves the bounds out on WebGPU, without a word."""
    test = manifest.self_test
    recorded = test.greedy_ids.get(candidate.dtype) if test else None
    if candidate.device == "webgpu" and ModelConfig.of(config).bounds_attention and not recorded:
        raise DeviceError(
            "webgpu may leave out what bounds this model's attention scores "
            "(attn_logit_softcapping in config.json), and the folder has no self_test that would "
            "tell: choose wasm, or make a folder of it with intab convert."
        )


async def check_many(decoder: Decoder, manifest: Manifest, dtype: str, texts: Texts) -> None:
    """DeviceError if many ids in one step are computed otherwise than they should."""
    test = manifest.self_test.long if manifest.self_test else None
    wanted = test.greedy_ids.get(dtype, ()) if test else ()
    pieces = test.pieces if test and wanted else made_pieces(texts)
    few = dtype not in SCALED_BY_STEP or manifest.expands(dtype)
    if not wanted and not few:
        return
    at_once, by_few = decoder.session(), decoder.session()
    try:
        for ids, token in zip_longest([*pieces, *_single(wanted[len(pieces) - 1 : -1])], wanted):
            whole = (await append(at_once, [ids]))[0, -1]
            if token is not None:
                judge(whole, token, decoder.device)
            if few:
                await _agree(decoder, whole, by_few, ids)
    except RunError as exc:
        raise DeviceError(f"the model does not run on {decoder.device} ({exc})") from exc
    finally:
        at_once.close()
        by_few.close()


def _single(ids: Sequence[int]) -> list[tuple[int]]:
    return [(token,) for token in ids]


async def _agree(decoder: Decoder, whole: Logits, by_few: Session, ids: Sequence[int]) -> None:
    few = (await prefill(by_few, [ids], FEW, lambda _: None))[0]
    allowed = NEAR * (few.max() - few.mean())
    if not np.abs(whole - few).max() <= allowed:  # nor if a number is not one
        raise DeviceError(
            f"{decoder.device} gives other logits for {len(ids)} ids in one step than for "
            f"{FEW} at a time: it computes something else."
        )


def made_pieces(texts: Texts) -> Sequence[Sequence[int]]:
    """Ids of the vocabulary in pieces, the last one alone; fewer if the context is short."""
    room = ModelConfig.of(texts.config).context_length or sum(PIECES) + 1
    count = max(texts.tokenizer.learnt, 1)
    ids = [number * _STRIDE % count for number in range(min(room, sum(PIECES) + 1))]
    first = min(PIECES[0], max(room - 1, 1))
    return [piece for piece in (ids[:first], ids[first:-1], ids[first:][-1:]) if piece]
