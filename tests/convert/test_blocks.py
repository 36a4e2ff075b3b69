"""Blocks of 4 bits: what is packed is what was fitted, nearer than onnxruntime's own rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxruntime.capi._pybind_state import quantize_matmul_4bits

from intab.convert.architecture import Array
from intab.convert.blocks import BLOCK, Bytes, fit


def restored(values: Bytes, scales: Array, zeros: Bytes, inputs: int) -> Array:
    """The weight [inputs, outputs] of what MatMulNBits is given, by its definition."""
    outputs, blocks = scales.shape
    steps = unpacked(values).reshape(outputs, blocks, BLOCK).astype(np.float32)
    zero = unpacked(zeros).reshape(outputs, -1)[:, :blocks].astype(np.float32)
    whole = (steps - zero[..., None]) * scales[..., None]
    return np.asarray(whole.reshape(outputs, -1)[:, :inputs].T)


def unpacked(packed: Bytes) -> Bytes:
    return np.stack([packed & 15, packed >> 4], -1)


def fitted(weight: Array, sizes: Array | None = None) -> Array:
    found = fit(weight, sizes)
    return restored(found.packed_values(), found.scales, found.packed_zeros(), len(weight))


def shipped(weight: Array) -> Array:
    """As onnxruntime's own tool rounds."""
    inputs, outputs = weight.shape
    blocks = -(-inputs // BLOCK)
    values = np.zeros((outputs, blocks, BLOCK // 2), np.uint8)
    scales = np.zeros(outputs * blocks, np.float32)
    zeros = np.zeros(outputs * (-(-blocks // 2)), np.uint8)
    whole = np.ascontiguousarray(weight)
    quantize_matmul_4bits(values, whole, scales, zeros, BLOCK, outputs, inputs, False)
    return restored(values, scales.reshape(outputs, -1), zeros.reshape(outputs, -1), inputs)


def error(found: Array, weight: Array, sizes: Array | None = None) -> float:
    counts = np.ones(len(weight)) if sizes is None else sizes
    return float((np.square(found - weight).sum(-1) * counts).sum())


def drawn(inputs: int, outputs: int, seed: int, freedom: float = 4) -> Array:
    values = np.random.default_rng(seed).standard_t(freedom, (inputs, outputs))
    return np.asarray(values * 0.05, np.float32)


@given(
    inputs=st.integers(1, 150),
    outputs=st.integers(1, 9),
    seed=st.integers(0, 2**32),
    freedom=st.sampled_from([1.0, 3.0, 30.0]),
)
def test_no_block_is_farther_than_onnxruntime_s(
    inputs: int, outputs: int, seed: int, freedom: float
) -> None:
    weight = drawn(inputs, outputs, seed, freedom)
    near = 1e-9 * float(np.square(weight).sum())  # what float32 itself loses
    assert error(fitted(weight), weight) <= 1.001 * error(shipped(weight), weight) + near


def test_it_is_nearer_for_weights_as_models_have_them() -> None:
    weight = drawn(512, 64, 1)
    assert error(fitted(weight), weight) < 0.95 * error(shipped(weight), weight)


def test_what_is_multiplied_with_large_inputs_is_nearer() -> None:
    weight, sizes = drawn(256, 32, 2), np.ones(256, np.float32)
    sizes[::8] = 100
    assert error(fitted(weight, sizes), weight, sizes) < 0.8 * error(fitted(weight), weight, sizes)


def test_inputs_that_no_sample_had_are_rounded_as_well() -> None:
    weight = drawn(64, 8, 3)
    found = fitted(weight, np.zeros(64, np.float32))
    assert error(found, weight) <= 1.001 * error(shipped(weight), weight)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 1e-30])
def test_a_block_of_one_number_is_that_number(value: float) -> None:
    weight = np.full((40, 3), value, np.float32)
    assert fitted(weight) == pytest.approx(weight, rel=1e-5)


def test_values_lie_in_four_bits_with_an_odd_number_of_blocks() -> None:
    found = fit(drawn(70, 2, 4))
    assert found.values.shape == (2, 3, BLOCK)
    assert found.values.max() <= 15
    assert found.packed_zeros().shape == (2, 2)
