"""A decoder's first runs, before anybody waits for an answer: one that warms up, the manifest's
self-test (on WebGPU one of many ids too), and whether a row computed beside others is the same as
alone. What an earlier visit proved of the same bytes on the same device is not proved again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

from intab.engine.generation.prompt_lookup import rows_agree
from intab.engine.hub.manifest import SelfTest
from intab.engine.io.protocols import OnProgress, Progress
from intab.engine.runtime.candidates import check
from intab.engine.runtime.decoder import Decoder
from intab.engine.tasks.base import Parts
from intab.engine.tasks.webgpu_checks import check_many
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits
from intab.errors import DeviceError, ManifestError, RunError


@dataclass(frozen=True)
class FirstRuns:
    """What a decoder's first runs tell: whether its rows agree, and how many logits a row has."""

    rows_agree: bool
    vocabulary: int


async def try_out(decoder: Decoder, parts: Parts[Any], report: OnProgress) -> FirstRuns:
    """Warm up and check a decoder, and note the proof. If that fails, give it back."""
    report(Progress("warm up"))
    proof = parts.proof
    try:
        logits = await _warm_up(decoder, parts.texts.tokenizer)
        if proof.known is None:
            await _check(decoder, parts, logits.size)
            proof.found = await _rows_agree(decoder, logits)
        else:
            proof.found = proof.known
        return FirstRuns(proof.found, logits.shape[-1])
    except BaseException:
        await decoder.close()
        raise


async def _check(decoder: Decoder, parts: Parts[Any], vocabulary: int) -> None:
    """The manifest's self-test; DeviceError if the device computes something else."""
    manifest, candidate = parts.variants.manifest, parts.candidate
    _check_ids(manifest.self_test, candidate.dtype, vocabulary)
    await check(decoder, manifest.self_test, candidate.dtype)
    if candidate.device == "webgpu":
        await check_many(decoder, manifest, candidate.dtype, parts.texts)


def _check_ids(test: SelfTest | None, dtype: str, vocabulary: int) -> None:
    """ManifestError if the self-test has an id that the model does not have."""
    ids = [*test.prompt_ids, *test.greedy_ids.get(dtype, ())] if test else []
    if test and test.long:
        ids += [*chain(*test.long.pieces), *test.long.greedy_ids.get(dtype, ())]
    wrong = next((token for token in ids if not 0 <= token < vocabulary), None)
    if wrong is not None:
        raise ManifestError(
            f"intab.json's self_test has the id {wrong:,}, and the model's are 0 to "
            f"{vocabulary - 1:,}: record it again, or take it out."
        )


async def _rows_agree(decoder: Decoder, alone: Logits) -> bool:
    """Whether they do; not, if the last row is all that comes, whatever the shapes say."""
    try:
        return await rows_agree(decoder, alone)
    except RunError:
        await _first_run(decoder, [0, 1])
        return False


async def _warm_up(decoder: Decoder, tokenizer: Tokenizer) -> Logits:
    """Run one token, so that the first answer does not pay for first-run work: its logits."""
    logits = await _first_run(decoder, [0])
    if logits.shape[-1] < tokenizer.learnt:
        raise ManifestError(
            f"The tokenizer has {tokenizer.learnt:,} tokens, the graph only {logits.shape[-1]:,} "
            "logits: they belong to different models."
        )
    return logits


async def _first_run(decoder: Decoder, ids: list[int]) -> Logits:
    """The logits after the last of `ids`; DeviceError if the decoder does not run."""
    session = decoder.session()
    try:
        logits: Logits = (await session.step([ids]))[0, -1]
    except RunError as exc:
        raise DeviceError(
            f"The model loads but does not run on {decoder.device} ({exc}): "
            "choose another dtype or device."
        ) from exc
    finally:
        session.close()
    return logits
