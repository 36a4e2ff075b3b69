"""GroupQueryAttention, written anew as products, computes what onnxruntime's own kernel does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest

from intab.convert.checkpoint import Checkpoint
from intab.convert.decoder import decoder
from intab.convert.families import read_model
from intab.convert.forms import Form
from intab.convert.running import Runner
from intab.convert.saving import save
from intab.convert.ungrouping import KIND, Ungrouped, ungroup
from tests.convert import tiny
from tests.convert.grouped import VOCABULARY, Runs, Variant, make_grouped
from tests.convert.test_families import ROWS

VARIANTS = {
    "plain": Variant(),
    "packed": Variant(packed=True),
    "not turned": Variant(turned=0),
    "neighbours turned": Variant(settings={"rotary_interleaved": 1}),
    "turned in part": Variant(turned=16, packed=True),
    "position_ids": Variant(positions=True),
    "window": Variant(settings={"local_window_size": 4}),
    "softcap": Variant(settings={"softcap": 2.0}),
    "scale": Variant(settings={"scale": 0.6}),
    "the oldest opset": Variant(opset=13),
}
IDS = np.random.default_rng(2).integers(0, VOCABULARY, (2, 16))


def pair(variant: Variant) -> tuple[Runs, Runs]:
    """The original and what it was made into."""
    proto = make_grouped(variant)
    model = ir.from_proto(proto)
    assert ungroup(model) == Ungrouped(1)
    assert KIND not in {node.op_type for node in model.graph}
    return Runs(proto), Runs(model)


@pytest.mark.parametrize("name", VARIANTS)
def test_products_give_the_same(name: str) -> None:
    """A prompt, a token, several tokens; logits of all rows and the cache."""
    original, made = pair(VARIANTS[name])
    caches: list[Any] = [None, None]
    for start, end in ((0, 9), (9, 10), (10, 15), (15, 16)):
        found = [
            runs.step(IDS[:1, start:end], cache)
            for runs, cache in zip((original, made), caches, strict=True)
        ]
        np.testing.assert_allclose(found[1][0], found[0][0], atol=2e-6)
        caches = [cache for _, cache in found]
        for key, value in caches[0].items():
            np.testing.assert_allclose(caches[1][key], value, atol=2e-6)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_batch_gives_the_same(name: str) -> None:
    original, made = pair(VARIANTS[name])
    (wanted, past), (found, other) = (runs.step(IDS, None, (0, 0)) for runs in (original, made))
    np.testing.assert_allclose(found, wanted, atol=2e-6)
    (wanted, _), (found, _) = (
        runs.step(IDS[:, :1], cache, (0, 0)) for runs, cache in ((original, past), (made, other))
    )
    np.testing.assert_allclose(found, wanted, atol=2e-6)


@pytest.mark.parametrize("name", ["plain", "window", "position_ids"])
def test_a_sequence_may_be_padded_which_the_original_has_no_place_for(name: str) -> None:
    _, made = pair(VARIANTS[name])
    wanted, past = made.step(IDS[1:, 3:9])
    padded = IDS[:, :9].copy()
    padded[1, :3] = 0
    found, cache = made.step(padded, None, (0, 3))
    np.testing.assert_allclose(found[1, 3:], wanted[0], atol=2e-6)
    wanted, _ = made.step(IDS[1:, 9:12], past)
    found, _ = made.step(IDS[:, 9:12], cache, (0, 3))
    np.testing.assert_allclose(found[1], wanted[0], atol=2e-6)


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        (Variant(settings={"smooth_softmax": 1}), "it has smooth_softmax=1"),
        (Variant(bias=True), "it has attention_bias"),
        (Variant(opset=12), "opset 12 is older than 13"),
    ],
)
def test_what_is_not_known_stays(variant: Variant, reason: str) -> None:
    model = ir.from_proto(make_grouped(variant))
    before = [node.op_type for node in model.graph]
    assert ungroup(model) == Ungrouped(0, (reason,))
    assert [node.op_type for node in model.graph] == before


def test_a_graph_without_a_mask_stays() -> None:
    model = ir.from_proto(make_grouped(Variant()))
    model.graph.inputs[1].name = "mask"
    assert ungroup(model).left == ("the graph has no input attention_mask",)


def test_a_cache_of_unknown_size_stays() -> None:
    model = ir.from_proto(make_grouped(Variant()))
    model.graph.inputs[2].shape = ir.Shape(["batch", "heads", "past", "dim"])
    assert ungroup(model).left == ("the size of its heads is not told",)


@pytest.mark.parametrize("case", ["llama", "mistral", "qwen3", "smollm3", "gemma3_text"])
def test_our_own_fused_graphs_become_what_torch_computes(tmp_path: Path, case: str) -> None:
    source = read_model(Checkpoint(tiny.write_checkpoint(tmp_path / case, case)))
    model = decoder(*source, Form("float", "fused"))
    assert ungroup(model) == Ungrouped(len(source[0].layers))
    save(model, tmp_path, "model.onnx")
    rows = Runner(tmp_path / "model.onnx").logits(tiny.ids()[0])[ROWS]
    np.testing.assert_allclose(rows[:, :16], tiny.golden()["cases"][case]["logits"], atol=2e-5)
