"""Graphs as found in the wild get a plan; what cannot be fed is named."""

from typing import Any

import pytest

from intab.engine.runtime.cache_slots import CacheSlot
from intab.engine.runtime.decoder_plan import EmbeddingPlan, plan_graph
from intab.engine.runtime.network import Signature, TensorInfo
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


def test_what_a_graph_calls_its_inputs_and_outputs() -> None:
    ids, mask = (TensorInfo(name, "int32", (None, None)) for name in ("tokens", "seen"))
    logits = TensorInfo("scores", "float16", (None, None, 10))
    names = {"input_ids": "tokens", "attention_mask": "seen", "logits": "scores"}
    plan = plan_graph([ids, mask], [logits], {}, names)
    assert (plan.input_ids, plan.attention_mask, plan.logits) == (ids, mask, "scores")
    with pytest.raises(UnsupportedModelError, match="no output named scores"):
        plan_graph([ids], [LOGITS], {}, names)


@pytest.mark.parametrize(
    ("dtype", "shape", "says"),
    [
        ("float32", (None, 10), "logits is float32 with 2 dimensions"),
        ("float32", (None, None, 1, 10), "with 4 dimensions"),
        ("bfloat16", (None, None, 10), "logits is bfloat16"),
    ],
)
def test_logits_that_cannot_be_read(dtype: str, shape: tuple[int | None, ...], says: str) -> None:
    with pytest.raises(UnsupportedModelError, match=says):
        plan_graph([IDS], [TensorInfo("logits", dtype, shape)], {})


def test_logits_of_a_shape_that_is_not_told() -> None:
    assert plan_graph([IDS], [TensorInfo("logits", "float32", ())], {}).all_rows


def test_positions_in_three_rows() -> None:
    assert plan_graph([IDS, POSITIONS], [LOGITS], {}).position_rows == 0
    for size in (3, None):
        positions = TensorInfo("position_ids", "int64", (size, None, None))
        assert plan_graph([IDS, positions], [LOGITS], {}).position_rows == 3


EMBEDS = TensorInfo("inputs_embeds", "float32", (None, None, 8))
LAYERS = TensorInfo("per_layer_inputs", "float32", (None, None, 2, 4))


def test_a_decoder_behind_its_embeddings() -> None:
    plan = plan_graph([EMBEDS, LAYERS, MASK], [LOGITS], {}, None, ([IDS], [EMBEDS, LAYERS]))
    assert plan.input_ids is None
    assert plan.can_batch
    assert plan.embeddings == EmbeddingPlan(
        IDS, (("inputs_embeds", "inputs_embeds"), ("per_layer_inputs", "per_layer_inputs"))
    )


def test_an_only_output_is_the_embeddings_whatever_its_name() -> None:
    other = TensorInfo("last_hidden_state", "float32", (None, None, 8))
    plan = plan_graph([EMBEDS], [LOGITS], {}, None, ([IDS], [other]))
    assert plan.embeddings == EmbeddingPlan(IDS, (("last_hidden_state", "inputs_embeds"),))


PIXELS = TensorInfo("pixel_values", "float32", (None,))
HALVES = TensorInfo("inputs_embeds", "float16", (None, None, 8))


@pytest.mark.parametrize(
    ("inputs", "embedder", "says"),
    [
        ([EMBEDS], None, r"no onnx/embed_tokens\*\.onnx"),
        ([EMBEDS, LAYERS], ([IDS], [EMBEDS]), "asks for per_layer_inputs"),
        ([EMBEDS], ([IDS, PIXELS], [EMBEDS]), "takes input_ids, pixel_values; only one that"),
        ([EMBEDS], ([], [EMBEDS]), "embeddings takes nothing"),
        ([EMBEDS], ([IDS], [HALVES]), "inputs_embeds is float32, the graph of embeddings gives"),
    ],
)
def test_embeddings_that_do_not_fit(
    inputs: list[TensorInfo], embedder: Signature | None, says: str
) -> None:
    with pytest.raises(UnsupportedModelError, match=says):
        plan_graph(inputs, [LOGITS], {}, None, embedder)


LONGROPE = {"rope_type": "longrope", "original_max_position_embeddings": 32}


@pytest.mark.parametrize(
    ("config", "switch"),
    [
        ({"rope_parameters": LONGROPE}, 32),
        ({"rope_parameters": LONGROPE, "original_max_position_embeddings": 16}, 16),
        ({"rope_scaling": {"type": "su"}, "original_max_position_embeddings": 4096}, 4096),
        ({"rope_parameters": {"full_attention": LONGROPE, "sliding_attention": {}}}, 32),
        ({"rope_parameters": LONGROPE, "max_position_embeddings": 64}, 32),
        ({"rope_parameters": LONGROPE, "max_position_embeddings": 32}, 0),
        ({"rope_scaling": {"rope_type": "yarn", "original_max_position_embeddings": 32}}, 0),
        ({"rope_scaling": {"rope_type": "llama3", "original_max_position_embeddings": 32}}, 0),
        ({"rope_scaling": {"rope_type": "longrope"}}, 0),
        ({"rope_scaling": None, "original_max_position_embeddings": 32}, 0),
    ],
)
def test_up_to_where_a_cache_holds(config: dict[str, Any], switch: int) -> None:
    plan = plan_graph([IDS, MASK, POSITIONS, *PAST], [LOGITS, *PRESENT], {**CONFIG, **config})
    assert plan.switch_at == switch
    assert plan.can_pad is not bool(switch)
