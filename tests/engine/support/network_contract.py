"""What a Network is, whatever computes: these checks are run over each kind of it.

They are for a graph that gives back what it takes: for each dtype an input `x_DTYPE` [rows, 3] and
an output `y_DTYPE`, beside them `scalar` [] and `scalar_out`, float32. A check that fails raises
AssertionError. In the page this file itself is the program, so it imports nothing of the tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.engine.runtime.network import DTYPES, Network
from intab.errors import RunError

Check = Callable[[Network], Awaitable[None]]
EXTREMES = {
    "float32": [1.5, -3e38, np.inf],
    "float16": [0.1, -65504, np.nan],
    "int64": [2**62 + 1, -(2**63), 0],
    "int32": [2**31 - 1, -(2**31), 0],
    "bool": [True, False, True],
    "uint8": [255, 0, 1],
    "int8": [127, -128, -1],
}


def feeds(rows: int = 2) -> dict[str, NDArray[Any]]:
    """Values of every dtype, the extremes among them."""
    values = {f"x_{dtype}": np.array([EXTREMES[dtype]] * rows, dtype) for dtype in DTYPES}
    return {
        **{name: value.reshape(rows, 3) for name, value in values.items()},
        "scalar": np.array(2.5, np.float32),
    }


def same(found: Mapping[str, NDArray[Any]], given: Mapping[str, NDArray[Any]]) -> None:
    """Equal to the bit, of the same dtype and shape."""
    assert set(found) == {name.replace("x_", "y_") for name in given if name != "scalar"} | {
        "scalar_out"
    }
    for name, value in given.items():
        out = found["scalar_out" if name == "scalar" else name.replace("x_", "y_")]
        assert out.dtype == value.dtype, (name, out.dtype)
        assert out.shape == value.shape, (name, out.shape)
        assert out.tobytes() == value.tobytes(), (name, out, value)


async def it_tells_inputs_and_outputs(network: Network) -> None:
    told = {info.name: (info.dtype, info.shape) for info in network.inputs}
    assert told == {f"x_{dtype}": (dtype, (None, 3)) for dtype in DTYPES} | {
        "scalar": ("float32", ())
    }
    assert {info.name: info.dtype for info in network.outputs} == {
        f"y_{dtype}": dtype for dtype in DTYPES
    } | {"scalar_out": "float32"}


async def every_dtype_goes_in_and_out(network: Network) -> None:
    for rows in (2, 1, 5):
        same(await network.run(feeds(rows)), feeds(rows))


async def nothing_is_a_shape_too(network: Network) -> None:
    same(await network.run(feeds(0)), feeds(0))


async def views_and_foreign_bytes_are_taken(network: Network) -> None:
    given = feeds()
    wide = np.repeat(given["x_float32"], 2, axis=1)
    given["x_float32"] = wide[:, ::2]
    given["x_int64"] = np.asfortranarray(given["x_int64"])
    given["x_int32"] = given["x_int32"].astype(">i4")
    found = await network.run(given)
    same(found, feeds())


async def outputs_are_chosen_by_name(network: Network) -> None:
    found = await network.run(feeds(), ["y_int8", "y_bool", "y_int8"])
    assert list(found) == ["y_int8", "y_bool"]
    try:
        await network.run(feeds(), [])
    except RunError as exc:
        told = str(exc)
    assert told.startswith("No output is wanted")


async def runs_at_once_do_not_mix(network: Network) -> None:
    many = [feeds(rows) for rows in range(1, 6)]
    for given, found in zip(many, await asyncio.gather(*map(network.run, many)), strict=True):
        same(found, given)


async def what_is_given_may_be_changed(network: Network) -> None:
    found = await network.run(feeds())
    found["y_float32"][:] = 0
    same(await network.run(feeds()), feeds())


async def _refusal(network: Network, *wanted: str, **changed: Any) -> str:
    given = {**feeds(), **changed}
    taken = {name: value for name, value in given.items() if value is not None}
    try:
        await network.run(taken, wanted or None)
    except RunError as exc:
        return f"{type(exc).__name__}: {exc}"
    raise AssertionError(f"{wanted}, {changed} was taken")


async def wrong_feeds_are_named(network: Network) -> None:
    assert "no input 'pixels'" in await _refusal(network, pixels=np.zeros(1, np.float32))
    assert "The input x_bool is missing" in await _refusal(network, x_bool=None)
    wrong = await _refusal(network, x_int64=np.zeros((2, 3), np.int32))
    assert "x_int64 is an array of int32, and the graph takes x_int64 (int64 [?, 3])" in wrong
    assert "x_int8 has the shape [3]" in await _refusal(network, x_int8=np.zeros(3, np.int8))
    assert "the shape [2, 4]" in await _refusal(network, x_int8=np.zeros((2, 4), np.int8))
    assert "must be a numpy array, not list" in await _refusal(network, x_uint8=[[1, 2, 3]])
    same(await network.run(feeds()), feeds())


async def wrong_outputs_are_named(network: Network) -> None:
    assert "no output 'logits'; it gives y_float32" in await _refusal(network, "logits")


async def a_closed_network_says_so(network: Network) -> None:
    """The last one: closing twice is nothing, running after it an error."""
    await network.close()
    await network.close()
    assert (await _refusal(network)).startswith("ModelClosedError: The model was closed")


CONTRACT: tuple[Check, ...] = (
    it_tells_inputs_and_outputs,
    every_dtype_goes_in_and_out,
    nothing_is_a_shape_too,
    views_and_foreign_bytes_are_taken,
    outputs_are_chosen_by_name,
    runs_at_once_do_not_mix,
    what_is_given_may_be_changed,
    wrong_feeds_are_named,
    wrong_outputs_are_named,
    a_closed_network_says_so,
)
