"""Graphs as found in the wild get a plan; what cannot be fed is named."""

from typing import Any

import pytest

from intab.engine.cache_slots import CacheSlot, TensorInfo
from intab.engine.graph import plan_graph
from intab.errors import RunError, UnsupportedModelError

IDS = TensorInfo("input_ids", "int64", (None, None))
MASK = TensorInfo("attention_mask", "int64", (None, None))
POSITIONS = TensorInfo("position_ids", "int64", (None, None))
LOGITS = TensorInfo("logits", "float32", (None, None, 10))
CONFIG = {"num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 32}


def cache(prefix: str, dtype: str = "float32", *shape: int | None) -> list[TensorInfo]:
    shape = shape or (None, 2, None, 8)
    return [TensorInfo(f"{prefix}.0.{part}", dtype, shape) for part in ("key", "value")]


PAST, PRESENT = cache("past_key_values"), cache("present")


def test_a_decomposed_export() -> None:
    plan = plan_graph([IDS, MASK, POSITIONS, *PAST], [LOGITS, *PRESENT], CONFIG)
    assert plan.position_ids == POSITIONS
    assert plan.use_cache_branch is None
    assert plan.caches == (
        CacheSlot("past_key_values.0.key", "present.0.key", "float32", (1, 2, 0, 8)),
        CacheSlot("past_key_values.0.value", "present.0.value", "float32", (1, 2, 0, 8)),
    )


def test_a_group_query_attention_export_has_no_positions() -> None:
    assert plan_graph([IDS, MASK, *PAST], [LOGITS, *PRESENT], CONFIG).position_ids is None


def test_a_merged_decoder_has_a_branch() -> None:
    branch = TensorInfo("use_cache_branch", "bool", (1,))
    plan = plan_graph([IDS, MASK, branch, *PAST], [LOGITS, *PRESENT], CONFIG)
    assert plan.use_cache_branch == branch


def test_a_graph_without_a_cache() -> None:
    assert plan_graph([IDS], [LOGITS], {}).caches == ()


def test_half_precision_caches_and_short_ids() -> None:
    ids = TensorInfo("input_ids", "int32", (None, None))
    plan = plan_graph([ids, *cache("past_key_values", "float16")], [LOGITS, *PRESENT], CONFIG)
    assert plan.caches[0].dtype == "float16"
    assert plan.input_ids == ids


def test_the_number_of_logits_wanted() -> None:
    keep = TensorInfo("num_logits_to_keep", "int64", ())
    assert plan_graph([IDS, keep], [LOGITS], {}).logits_to_keep == keep


def test_what_a_graph_can_do_side_by_side() -> None:
    plan = plan_graph([IDS, MASK, POSITIONS], [LOGITS], {})
    assert (plan.can_batch, plan.can_pad, plan.all_rows) == (True, True, True)
    assert not plan_graph([IDS, MASK], [LOGITS], {}).can_pad
    assert not plan_graph([IDS, POSITIONS], [LOGITS], {}).can_pad
    one = TensorInfo("input_ids", "int64", (1, None))
    plan = plan_graph([one, MASK, POSITIONS], [LOGITS], {})
    assert (plan.can_batch, plan.can_pad) == (False, False)


def test_a_graph_that_gives_the_last_row_alone() -> None:
    last = TensorInfo("logits", "float32", (None, 1, 10))
    plan = plan_graph([IDS], [last], {})
    plan.check_rows(1)
    with pytest.raises(RunError, match="last row of logits alone, not the last 2"):
        plan.check_rows(2)
    keep = TensorInfo("logits_to_keep", "int64", ())
    plan_graph([IDS, keep], [last], {}).check_rows(2)


@pytest.mark.parametrize(
    "config",
    [CONFIG, {"num_key_value_heads": 2, "head_dim": 8}, {"n_head": 2, "n_embd": 16}],
)
def test_the_config_tells_the_shape_that_the_graph_leaves_open(config: dict[str, Any]) -> None:
    past = cache("past_key_values", "float32", None, None, None, None)
    slot = plan_graph([IDS, *past], [LOGITS, *PRESENT], config).caches[0]
    assert slot.shape == (1, 2, 0, 8)


@pytest.mark.parametrize(
    ("inputs", "outputs", "says"),
    [
        ([MASK], [LOGITS], "no input_ids"),
        ([], [LOGITS], "its inputs: none"),
        ([IDS], PRESENT, "no output named logits"),
        ([IDS, TensorInfo("pixel_values", "float32", ())], [LOGITS], "asks for pixel_values"),
        ([TensorInfo("input_ids", "float32", ())], [LOGITS], "input_ids is float32"),
        ([IDS, TensorInfo("cache_position", "int64", ())], [LOGITS], "asks for cache_position"),
        ([IDS, *PAST], [LOGITS], "gives no present.0.key back"),
        ([IDS, *cache("past_key_values", "int8")], [LOGITS, *PRESENT], "is int8"),
        ([IDS, *cache("past_key_values", "float32", 2, 8)], [LOGITS, *PRESENT], "2 dimensions"),
    ],
)
def test_what_cannot_be_run_is_named(
    inputs: list[TensorInfo], outputs: list[TensorInfo], says: str
) -> None:
    with pytest.raises(UnsupportedModelError, match=says):
        plan_graph(inputs, outputs, CONFIG)


def test_a_shape_that_nobody_tells() -> None:
    past = cache("past_key_values", "float32", None, None, None, None)
    with pytest.raises(UnsupportedModelError, match="none of num_key_value_heads"):
        plan_graph([IDS, *past], [LOGITS, *PRESENT], {})
