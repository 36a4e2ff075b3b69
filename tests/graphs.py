"""Tiny decoder graphs in the forms found in the wild, all computing the same thing.

Each token and each position has a vector; the logits of a position are the sum of all vectors up to
it, times a matrix. The sum runs over the cache, so a graph that is fed a wrong cache, mask or
position gives other logits. `reference` computes the same with numpy alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.engine.conftest import CONFIG, TEMPLATE, byte_tokenizer_json
from tests.engine.networks import VOCABULARY, WIDTH, weights


@dataclass(frozen=True)
class Form:
    """What differs between exports."""

    ids: int = TensorProto.INT64
    cache: int = TensorProto.FLOAT
    has_cache: bool = True
    positions: bool = True
    branch: bool = False
    keep: bool = False
    open_shapes: bool = False
    logits: int = TensorProto.FLOAT
    last_row: bool = False
    one_sequence: bool = False
    room: bool = False


FORMS = {
    "decomposed": Form(),
    "int32 ids": Form(ids=TensorProto.INT32),
    "fp16 cache": Form(cache=TensorProto.FLOAT16),
    "fp16 logits": Form(cache=TensorProto.FLOAT16, logits=TensorProto.FLOAT16),
    "no positions": Form(positions=False),
    "merged decoder": Form(branch=True),
    "logits to keep": Form(keep=True),
    "no cache": Form(has_cache=False),
    "open shapes": Form(open_shapes=True),
    "last row": Form(last_row=True),
    "one sequence": Form(one_sequence=True),
    "room in the cache": Form(room=True),
    "fp16 room in the cache": Form(room=True, cache=TensorProto.FLOAT16),
}


def reference(prompt: list[int], count: int, *, positions: bool = True) -> list[int]:
    """The greedy ids that follow `prompt`."""
    tokens, places, out = weights()
    ids = list(prompt)
    for _ in range(count):
        total = tokens[ids].sum(0) + (places[: len(ids)].sum(0) if positions else 0)
        ids.append(int((total @ out).argmax()))
    return ids[len(prompt) :]


def make_graph(form: Form) -> onnx.ModelProto:
    """One graph in that form."""
    tokens, places, out = weights()
    constants = {"tokens": tokens, "places": places, "out": out}
    constants |= {"axis": np.array(2), "one": np.array([1]), "two": np.array([2])}
    constants |= {"three": np.array([3]), "end": np.array([2**31]), "minus": np.array([-1])}
    constants |= {"front": np.array([1, 1]), "zero": np.array([0])}
    graph = helper.make_graph(
        _nodes(form),
        "tiny",
        _inputs(form),
        _outputs(form),
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.checker.check_model(model)
    return model


def _nodes(form: Form) -> list[onnx.NodeProto]:
    make = helper.make_node
    nodes = [make("Gather", ["tokens", "input_ids"], ["embedded"])]
    if form.positions:
        nodes += [
            make("Gather", ["places", "position_ids"], ["placed"]),
            make("Add", ["embedded", "placed"], ["vectors"]),
        ]
    else:
        nodes += [make("Identity", ["embedded"], ["vectors"])]
    nodes += [
        make("Unsqueeze", ["vectors", "one"], ["new"]),  # [batch, 1, new, width]
        make("Cast", ["new"], ["new_cached"], to=form.cache),
    ]
    nodes += _cache_nodes(form)
    nodes += [
        make("Cast", ["all_cached"], ["all"], to=TensorProto.FLOAT),
        make("Unsqueeze", ["attention_mask", "one"], ["mask_row"]),
        make("Unsqueeze", ["mask_row", "three"], ["mask_column"]),
        make("Cast", ["mask_column"], ["mask"], to=TensorProto.FLOAT),
        make("Mul", ["all", "mask"], ["not_padding"]),
        *_place_nodes(form),
        make("CumSum", ["visible", "axis"], ["sums"]),
        make("Squeeze", ["sums", "one"], ["rows"]),  # [batch, total, width]
        make("Shape", ["input_ids"], ["sizes"]),
        make("Gather", ["sizes", "one"], ["new_count"]),
        *_wanted_nodes(form),
        make("Neg", ["wanted"], ["start"]),
        make("Slice", ["rows", "start", "end", "one"], ["last"]),
        make("MatMul", ["last", "out"], ["scores"]),
        make("Cast", ["scores"], ["logits"], to=form.logits),
    ]
    return nodes


def _cache_nodes(form: Form) -> list[onnx.NodeProto]:
    make = helper.make_node
    if not form.has_cache:
        return [make("Identity", ["new_cached"], ["all_cached"])]
    given = "new_cached" if form.room else "all_cached"
    return [
        make("Concat", ["past_key_values.0.value", "new_cached"], ["all_cached"], axis=2),
        make("Identity", [given], ["present.0.value"]),
        make("Concat", ["past_key_values.0.key", "new_cached"], ["all_keys"], axis=2),
        make("Identity", ["new_cached" if form.room else "all_keys"], ["present.0.key"]),
    ]


def _place_nodes(form: Form) -> list[onnx.NodeProto]:
    """Hides every column that is not before the last of the places given, as attention would."""
    make = helper.make_node
    if not form.room:
        return [make("Identity", ["not_padding"], ["visible"])]
    return [
        make("Shape", ["past_key_values.0.value"], ["room"], start=2, end=3),
        make("Squeeze", ["room", "zero"], ["room_scalar"]),
        make("Squeeze", ["zero", "zero"], ["zero_scalar"]),
        make("Squeeze", ["one", "zero"], ["one_scalar"]),
        make("Range", ["zero_scalar", "room_scalar", "one_scalar"], ["before"]),
        make("Concat", ["before", "cache_position"], ["places_of_columns"], axis=0),
        make("ReduceMax", ["cache_position"], ["last_place"], keepdims=1),
        make("LessOrEqual", ["places_of_columns", "last_place"], ["near"]),
        make("Cast", ["near"], ["near_float"], to=TensorProto.FLOAT),
        make("Unsqueeze", ["near_float", "one"], ["near_column"]),
        make("Mul", ["not_padding", "near_column"], ["visible"]),
    ]


def _wanted_nodes(form: Form) -> list[onnx.NodeProto]:
    """How many rows of logits are wanted: those of the new ids, or the number asked for."""
    if form.last_row:
        return [helper.make_node("Identity", ["one"], ["wanted"])]
    if not form.keep:
        return [helper.make_node("Identity", ["new_count"], ["wanted"])]
    return [helper.make_node("Unsqueeze", ["num_logits_to_keep", "zero"], ["wanted"])]


def _inputs(form: Form) -> list[onnx.ValueInfoProto]:
    make = helper.make_tensor_value_info
    inputs = [
        make("input_ids", form.ids, [1 if form.one_sequence else "batch", "new"]),
        make("attention_mask", TensorProto.INT64, ["batch", "total"]),
    ]
    if form.positions:
        inputs.append(make("position_ids", TensorProto.INT64, ["batch", "new"]))
    if form.room:
        inputs.append(make("cache_position", TensorProto.INT64, ["new"]))
    if form.branch:
        inputs.append(make("use_cache_branch", TensorProto.BOOL, [1]))
    if form.keep:
        inputs.append(make("num_logits_to_keep", TensorProto.INT64, []))
    if form.has_cache:
        known: list[str | int | None] = ["batch", 1, "past", WIDTH]
        shape = ["batch", "heads", "past", "dim"] if form.open_shapes else known
        inputs += [make(f"past_key_values.0.{p}", form.cache, shape) for p in ("key", "value")]
    return inputs


def _outputs(form: Form) -> list[onnx.ValueInfoProto]:
    make = helper.make_tensor_value_info
    rows = 1 if form.last_row else "rows"
    outputs = [make("logits", form.logits, ["batch", rows, VOCABULARY])]
    if form.has_cache:
        shape: list[str | int | None] = ["batch", 1, "new" if form.room else "total", WIDTH]
        outputs += [make(f"present.0.{p}", form.cache, shape) for p in ("key", "value")]
    return outputs


def write_model(folder: Path, form: Form, *, external_data: bool = False) -> Path:
    """A whole model folder around a graph; returns the folder."""
    (folder / "onnx").mkdir(parents=True)
    config = {**CONFIG, "num_key_value_heads": 1, "head_dim": WIDTH, "eos_token_id": None}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(byte_tokenizer_json())
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE}))
    onnx.save(
        make_graph(form),
        folder / "onnx/model.onnx",
        save_as_external_data=external_data,
        location="model.onnx_data",
        size_threshold=1024,
    )
    return folder
