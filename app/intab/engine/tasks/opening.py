"""Opening an encoder-decoder and checking it by its first runs.

A step of several ids must give what single steps give: so a graph with a past that was exported
wrongly, and a device that computes something else, are found before anybody waits for an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress, Progress
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.encoder_decoder import EncoderDecoder
from intab.engine.runtime.graphs import Graph
from intab.engine.runtime.keeping import KeepingNetwork
from intab.engine.runtime.network import Arrays, Network
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import Parts
from intab.engine.tasks.sequence_model import SequenceModel
from intab.errors import DeviceError, RunError, UnsupportedModelError

_NEAR = 2e-2  # of the logits' range; int8 activations have one scale a step
_DECODERS = ("decoder_model", "decoder_with_past_model")


def check_decoders(variants: Variants, candidate: Candidate) -> None:
    """DeviceError if two decoders that share a cache are to run on two devices."""
    roles = {part.role for part in variants.parts[candidate.dtype]}
    if roles.issuperset(_DECODERS):
        first, further = (variants.devices.get(role, candidate.device) for role in _DECODERS)
        if first != further:
            raise DeviceError(
                f"decoder_with_past_model goes on with what decoder_model left on {first}: choose "
                f"{first} for both."
            )


async def open_reader(
    runtime: Runtime[B], parts: Parts[B], report: OnProgress, probe: Arrays
) -> SequenceModel:
    """The model, tried once with the feeds of a source; DeviceError, with nothing left open, if it
    does not work."""
    opened: list[Network] = []
    try:
        reader = await _open(runtime, parts, opened)
        report(Progress("warm up"))
        size = await _try(reader, probe, ModelConfig.of(parts.texts.config).padding_id)
        return SequenceModel(reader, parts.texts, size)
    except RunError as exc:
        await _close(opened)
        raise DeviceError(
            f"The model loads but does not run on {parts.candidate.device} ({exc}): "
            "choose another dtype or device."
        ) from exc
    except BaseException:
        await _close(opened)
        raise


async def _open(runtime: Runtime[B], parts: Parts[B], opened: list[Network]) -> EncoderDecoder:
    decoders: list[KeepingNetwork] = []
    first, *later = list(parts.graphs)
    for role in later:
        graph: Graph[B] = parts.graphs.pop(role)  # its bytes, which the network makes its own
        decoders.append(await runtime.open_keeping(graph, parts.device_of(role)))
        opened.append(decoders[-1])
    if not decoders:
        raise UnsupportedModelError("The folder has an encoder and no decoder: add its graph.")
    # The encoder, mostly smaller, has room in what onnxruntime needed to load the decoder.
    encoder = await runtime.open(parts.graphs.pop(first), parts.device_of(first))
    opened.append(encoder)
    further = decoders[1] if len(decoders) > 1 else None
    config: Mapping[str, object] = parts.texts.config
    return EncoderDecoder(encoder, decoders[0], further, config)


async def _close(networks: Sequence[Network]) -> None:
    for network in networks:
        await network.close()


async def _try(reader: EncoderDecoder, probe: Arrays, padding: int | None) -> int:
    """How many logits a row has."""
    # Some families give padding no position of its own in a step of several ids.
    ids = [token for token in range(4) if token != padding][:3]
    decoder = reader.reading([await reader.encode(probe)])
    whole, single = decoder.session(), decoder.session()
    try:
        found = (await whole.step([ids]))[0, -1]
        for token in ids:
            wanted = (await single.step([[token]]))[0, -1]
    finally:
        whole.close()
        single.close()
    if not np.isfinite(found).all():
        raise DeviceError(f"{reader.device} gives numbers that are not finite.")
    near = _NEAR * max(float(np.ptp(found)), 1e-6)
    if found.shape != wanted.shape or np.abs(found - wanted).max() > near:
        raise DeviceError(
            f"{reader.device} gives other logits for three ids in one step than one by one: the "
            "decoders do not belong together, or the device computes something else."
        )
    return int(found.size)
