"""The text encoder, the UNet and the VAE as functions of numpy arrays, whatever a graph calls its
inputs' dtypes and however many rows it takes at once.

Names and shapes are those of optimum's exports; older ones of diffusers' differ in dtypes alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays, Network, TensorInfo
from intab.errors import OptionError, UnsupportedModelError

Floats = NDArray[Any]  # of float32
_UNET = ("sample", "timestep", "encoder_hidden_states", "timestep_cond")


async def encode_text(network: Network, ids: NDArray[np.int64]) -> Floats:
    """float32 [texts, tokens, width] of ids [texts, tokens]."""
    feeds = {_only(network, "a text encoder", 2).name: ids}
    return await _rows(network, feeds, _output(network, "last_hidden_state", 3))


def check_unet(network: Network, channels: int) -> None:
    """UnsupportedModelError for a UNet that takes more than Stable Diffusion's do."""
    inputs = {info.name: info for info in network.inputs}
    takes = ", ".join(map(str, network.inputs))
    more = [name for name in inputs if name not in _UNET]
    missing = [name for name in _UNET[:3] if name not in inputs]
    if more or missing:
        raise UnsupportedModelError(
            f"The UNet takes {takes}; {', '.join(_UNET[:3])} are known here, which models of "
            "Stable Diffusion 1 and 2 take, SD-Turbo and LCM: choose one of these."
        )
    if inputs["sample"].shape[1:2] not in ((), (None,), (channels,)):
        raise UnsupportedModelError(
            f"The UNet takes {inputs['sample']}, and latents have {channels} channels: it is made "
            "for inpainting or upscaling. Choose a model that makes pictures of texts."
        )


async def predict(
    network: Network,
    sample: Floats,
    timestep: float,
    states: Floats,
    condition: Floats | None = None,
) -> Floats:
    """What a UNet makes of samples [batch, channels, height, width] and as many texts' states;
    `condition`: the guidance scale's embedding, for one that takes it."""
    feeds: Arrays = {"sample": sample, "encoder_hidden_states": states}
    if condition is not None:
        feeds["timestep_cond"] = condition
    time = next(info for info in network.inputs if info.name == "timestep")
    # A scalar, or one for each of as many as the graph says.
    alone = {"timestep": np.full([size or 1 for size in time.shape], timestep, time.dtype)}
    return await _rows(network, feeds, _output(network, "out_sample", 4), alone)


async def decode(network: Network, latents: Floats) -> Floats:
    """Pictures float32 [batch, 3, height, width] of about -1 to 1, one after the other: a VAE needs
    more memory for each than anything else here."""
    name = _only(network, "a VAE's decoder", 4).name
    output = _output(network, "sample", 4)
    found = [await _rows(network, {name: one[None]}, output) for one in latents]
    return np.concatenate(found)


async def encode(network: Network, pixels: Floats, noise: Floats) -> Floats:
    """Latents of pictures from -1 to 1, unscaled: drawn from what the VAE says of them with `noise`
    of their shape, if the graph gives means and variances, else as it gives them."""
    name = _only(network, "a VAE's encoder", 4).name
    outputs = [info.name for info in network.outputs]
    wanted = next((n for n in ("latent_parameters", "latent_sample") if n in outputs), outputs[0])
    found = [await _rows(network, {name: one[None]}, wanted) for one in pixels]
    latents = np.concatenate(found)
    if latents.shape[1] != 2 * noise.shape[1]:
        return latents
    mean, log_variance = np.split(latents, 2, axis=1)
    drawn: Floats = mean + np.exp(np.float32(0.5) * np.clip(log_variance, -30, 20)) * noise
    return drawn


def rows_at_once(network: Network) -> int:
    """How many rows a graph takes; 1 if any number will do."""
    sizes = [info.shape[0] for info in network.inputs if len(info.shape) > 1]
    return next(filter(None, sizes), 1)


def fixed_sides(network: Network) -> tuple[int | None, int | None]:
    """The height and the width that a UNet's sample must have, None if any will do."""
    shape = next(info for info in network.inputs if info.name == "sample").shape
    return (shape[2], shape[3]) if len(shape) == 4 else (None, None)


async def _rows(
    network: Network, feeds: Mapping[str, Floats], output: str, alone: Arrays | None = None
) -> Floats:
    """One output for all rows, in as many runs as the graph's number of rows asks for; OptionError
    if that does not divide them."""
    rows = len(next(iter(feeds.values())))
    fixed = [info.shape[0] for info in network.inputs if info.name in feeds]
    size = next(filter(None, fixed), rows)
    if rows % size:
        raise OptionError(
            f"The graph takes {size} rows at once, and {rows} are asked for (one for each picture, "
            "two with guidance_scale above 1): ask for another number of pictures."
        )
    dtypes = {info.name: info.dtype for info in network.inputs}
    found = []
    for start in range(0, rows, size):
        part = {n: _as(value[start : start + size], dtypes[n]) for n, value in feeds.items()}
        outputs = await network.run({**part, **(alone or {})}, [output])
        found.append(outputs[output].astype(np.float32))
    return np.concatenate(found)


def _as(value: NDArray[Any], dtype: str) -> NDArray[Any]:
    return np.ascontiguousarray(value, dtype)


def _only(network: Network, what: str, rank: int) -> TensorInfo:
    """Its one input of so many dimensions; UnsupportedModelError if there are others."""
    inputs: Sequence[TensorInfo] = network.inputs
    if len(inputs) != 1 or len(inputs[0].shape) != rank:
        raise UnsupportedModelError(
            f"{what.capitalize()} of Stable Diffusion takes one input of {rank} dimensions, and "
            f"this graph takes {', '.join(map(str, inputs)) or 'nothing'}: export it with optimum."
        )
    return inputs[0]


def _output(network: Network, name: str, rank: int) -> str:
    """The output of that name, else the first of so many dimensions, else the first."""
    outputs = network.outputs
    named = [info.name for info in outputs if info.name == name]
    alike = [info.name for info in outputs if len(info.shape) == rank]
    return [*named, *alike, outputs[0].name][0]
