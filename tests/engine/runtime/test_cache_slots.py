"""Caches by the names and shapes that exporters give them."""

from __future__ import annotations

import pytest

from intab.engine.runtime.cache_slots import CacheSlot
from intab.engine.runtime.decoder_plan import DecoderPlan, plan_graph
from intab.engine.runtime.network import TensorInfo
from intab.errors import UnsupportedModelError

IDS = TensorInfo("input_ids", "int64", (None, None))
MASK = TensorInfo("attention_mask", "int64", (None, None))
LOGITS = TensorInfo("logits", "float32", (None, None, 10))
CONFIG = {"num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 32}
SPLIT = (None, 2, None, 8)


def plan(
    pairs: list[tuple[str, str]], *shape: int | None, names: dict[str, str] | None = None
) -> DecoderPlan:
    """The plan of a graph with these caches, (past, present), all of one shape."""
    inputs = [IDS, MASK, *(TensorInfo(past, "float32", shape) for past, _ in pairs)]
    outputs = [LOGITS, *(TensorInfo(present, "float32", shape) for _, present in pairs)]
    return plan_graph(inputs, outputs, CONFIG, names)


@pytest.mark.parametrize(
    ("past", "present"),
    [
        ("past_key_values.7.key", "present.7.key"),
        ("past_key_values.7.value", "present_key_values.7.value"),
        ("past.7.key", "present.7.key"),
        ("past_key_7", "present_key_7"),
        ("past_value_7", "present_value_7"),
        ("past_key_self_7", "present_key_self_7"),
        ("past_value_self_7", "present_value_self_7"),
    ],
)
def test_keys_and_values(past: str, present: str) -> None:
    found = plan([(past, present)], *SPLIT)
    assert found.caches == (CacheSlot(past, present, "float32", (1, 2, 0, 8)),)
    assert found.can_rewind


@pytest.mark.parametrize(
    ("past", "present"),
    [
        ("past_conv.3", "present_conv.3"),
        ("past_ssm.3", "present_ssm.3"),
        ("past_recurrent.3", "present_recurrent.3"),
        ("past_conv.3.query", "present_conv.3.query"),
        ("past.3.conv", "present.3.conv"),
        ("past.3.recurrent", "present.3.recurrent"),
        ("past_key_values.3.conv_state", "present.3.conv_state"),
        ("past_key_values.3.recurrent_state", "present.3.recurrent_state"),
        ("past_key_values.3.shift_state", "present.3.shift_state"),
        ("cache_params.past.ssm.3", "cache_params.present.ssm.3"),
    ],
)
def test_states(past: str, present: str) -> None:
    found = plan([(past, present)], None, 16, 4)
    assert found.caches == (CacheSlot(past, present, "float32", (1, 16, 4), rows=None),)
    assert not found.can_rewind
    assert found.caches[0].empty_shape(3) == (3, 16, 4)


def test_key_and_value_in_one_tensor() -> None:
    pair = ("past_key_values.0.key_value", "present.0.key_value")
    [slot] = plan([pair], None, None, 64).caches
    assert slot == CacheSlot(*pair, "float32", (1, 0, 64), rows=1)
    assert plan([pair], None, None, None).caches[0].shape == (1, 0, 16)


def test_stacked_caches() -> None:
    [slot] = plan([("past_0", "present_0")], 2, None, 2, None, 8).caches
    assert slot == CacheSlot("past_0", "present_0", "float32", (2, 1, 2, 0, 8), batch=1, rows=3)
    assert slot.empty_shape(5, 7) == (2, 5, 2, 7, 8)
    [slot] = plan([("past_0", "present_0")], None, None, None, None, None).caches
    assert slot.shape == (2, 1, 2, 0, 8)


def test_the_open_axes_are_those_of_sequences_and_tokens() -> None:
    pair = ("past_key_values.0.key", "present.0.key")
    [slot] = plan([pair], None, 2, 8, None).caches
    assert slot == CacheSlot(*pair, "float32", (1, 2, 8, 0), rows=3)


def test_names_that_are_known() -> None:
    names = {
        "past_key_names": "k_in.%d",
        "present_key_names": "k_out.%d",
        "past_names": "both_%d",  # without a name for what comes out it says nothing
    }
    found = plan([("k_in.12", "k_out.12")], *SPLIT, names=names)
    assert found.caches == (CacheSlot("k_in.12", "k_out.12", "float32", (1, 2, 0, 8)),)
    names = {"past_conv_names": "c%dx", "present_conv_names": "d%dx"}
    [state] = plan([("c0x", "d0x")], None, 8, 3, names=names).caches
    assert state == CacheSlot("c0x", "d0x", "float32", (1, 8, 3), rows=None)


@pytest.mark.parametrize(
    ("info", "says"),
    [
        (TensorInfo("past_conv.0", "float32", (None, 8, None)), "size of the state past_conv.0"),
        (TensorInfo("past_ssm.0", "int32", (None, 8, 3)), "int32 with 3 dimensions; only float32"),
        (TensorInfo("past_0", "float32", SPLIT), r"only float32 or float16 \[2, batch"),
        (TensorInfo("past_compressor.0.kv", "float32", SPLIT), "asks for past_compressor.0.kv"),
    ],
)
def test_caches_that_cannot_be_kept(info: TensorInfo, says: str) -> None:
    present = TensorInfo(info.name.replace("past", "present"), info.dtype, info.shape)
    with pytest.raises(UnsupportedModelError, match=says):
        plan_graph([IDS, info], [LOGITS, present], CONFIG)
