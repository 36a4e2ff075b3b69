"""Tiny decoder graphs in the forms found in the wild, all computing the same thing.

Each token and each position has a vector; the logits of a position are the sum of all vectors up to
it, times a matrix. The sum runs over the cache, so a graph that is fed a wrong cache, mask or
position gives other logits. `reference` computes the same with numpy alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.engine.conftest import CONFIG, TEMPLATE, byte_tokenizer_json
from tests.engine.support.networks import VOCABULARY, WIDTH, weights
from tests.support.graph_states import (
    EMBEDDED,
    SHAPES,
    STATE_CONSTANTS,
    cache_nodes,
    cache_shape,
    make_embedder,
    of_states,
    presents,
    state_nodes,
    switch_nodes,
)


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
    states: str = ""  # the names of the past states, with {} for "conv" and "ssm"
    layout: str = "split"  # or "joined", "stacked"
    past: str = "past_key_values.0.{}"
    present: str = "present.0.{}"
    embeds: bool = False
    places: int = 0  # rows of position_ids
    switch: int = 0  # tokens beyond which all vectors are twice what they are

    @property
    def alone(self) -> bool:
        """Whether states are all that it remembers."""
        return bool(self.states) and not self.has_cache


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
    "states": Form(states="past_{}.1"),
    "fp16 states": Form(states="past.1.{}", cache=TensorProto.FLOAT16),
    "states alone": Form(states="past_key_values.1.{}_state", has_cache=False),
    "joined cache": Form(
        layout="joined", past="past_key_values.0.key_value", present="present.0.key_value"
    ),
    "stacked cache": Form(layout="stacked", past="past_0", present="present_0"),
    "other names": Form(past="past_{}_self_0", present="present_{}_self_0"),
    "a switch": Form(switch=6),
    "a switch and room": Form(switch=6, room=True),
    "embeddings": Form(embeds=True),
    "embeddings and states": Form(embeds=True, states="past_{}.1", places=3),
}


def reference(prompt: list[int], count: int, form: Form | None = None) -> list[int]:
    """The greedy ids that follow `prompt`."""
    ids = list(prompt)
    for _ in range(count):
        ids.append(int(logits_after(ids, form or Form()).argmax()))
    return ids[len(prompt) :]


def logits_after(ids: list[int], form: Form) -> NDArray[np.float32]:
    """The row of logits [vocabulary] after the last of `ids`."""
    tokens, places, out = weights()
    vectors = tokens[ids] + (places[: len(ids)] if form.positions else 0)
    if form.switch and len(ids) > form.switch:
        vectors = vectors * np.float32(2)
    total = np.zeros(WIDTH, np.float32) if form.alone else vectors.sum(0)
    total = total + of_states(vectors) if form.states else total
    return np.asarray(total @ out, np.float32)


def make_graph(form: Form) -> onnx.ModelProto:
    """One graph in that form."""
    tokens, places, out = weights()
    constants = {"tokens": tokens, "places": places, "out": out}
    constants |= {"axis": np.array(2), "one": np.array([1]), "two": np.array([2])}
    constants |= {"three": np.array([3]), "end": np.array([2**31]), "minus": np.array([-1])}
    constants |= {"front": np.array([1, 1]), "zero": np.array([0])}
    constants |= STATE_CONSTANTS | {"switch": np.array(form.switch)}
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
    if form.embeds:
        nodes = [make("Add", ["inputs_embeds", "per_layer_inputs"], ["embedded"])]
    if form.positions:
        which = "position_ids"
        if form.places:
            nodes += [make("Gather", ["position_ids", "unit"], ["heights"])]
            which = "heights"
        nodes += [
            make("Gather", ["places", which], ["placed"]),
            make("Add", ["embedded", "placed"], ["vectors"]),
        ]
    else:
        nodes += [make("Identity", ["embedded"], ["vectors"])]
    vectors = "turned" if form.switch else "vectors"
    nodes += [
        *(switch_nodes(room=form.room) if form.switch else []),
        make("Unsqueeze", [vectors, "one"], ["new"]),  # [batch, 1, new, width]
        make("Cast", ["new"], ["new_cached"], to=form.cache),
    ]
    nodes += [] if form.alone else _attention_nodes(form)
    nodes += [
        make("Shape", ["vectors"], ["sizes"]),
        make("Gather", ["sizes", "one"], ["new_count"]),
        *_wanted_nodes(form),
        make("Neg", ["wanted"], ["start"]),
        *([] if form.alone else [make("Slice", ["rows", "start", "end", "one"], ["last"])]),
        *state_nodes(form.states, form.cache, alone=form.alone),
        make("MatMul", ["remembered" if form.states else "last", "out"], ["scores"]),
        make("Cast", ["scores"], ["logits"], to=form.logits),
    ]
    return nodes


def _attention_nodes(form: Form) -> list[onnx.NodeProto]:
    """The sums of all vectors up to each, from the cache: "rows" [batch, total, width]."""
    make = helper.make_node
    return [
        *_cache_nodes(form),
        make("Cast", ["all_cached"], ["all"], to=TensorProto.FLOAT),
        make("Unsqueeze", ["attention_mask", "one"], ["mask_row"]),
        make("Unsqueeze", ["mask_row", "three"], ["mask_column"]),
        make("Cast", ["mask_column"], ["mask"], to=TensorProto.FLOAT),
        make("Mul", ["all", "mask"], ["not_padding"]),
        *_place_nodes(form),
        make("CumSum", ["visible", "axis"], ["sums"]),
        make("Squeeze", ["sums", "one"], ["rows"]),
    ]


def _cache_nodes(form: Form) -> list[onnx.NodeProto]:
    make = helper.make_node
    if not form.has_cache:
        return [make("Identity", ["new_cached"], ["all_cached"])]
    if form.layout != "split":
        return cache_nodes(form.layout, form.past, form.present)
    given, kept = ("new_cached",) * 2 if form.room else ("all_cached", "all_keys")
    return [
        make("Concat", [form.past.format("value"), "new_cached"], ["all_cached"], axis=2),
        make("Identity", [given], [form.present.format("value")]),
        make("Concat", [form.past.format("key"), "new_cached"], ["all_keys"], axis=2),
        make("Identity", [kept], [form.present.format("key")]),
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
    inputs = [make("attention_mask", TensorProto.INT64, ["batch", "total"])]
    if form.embeds:
        inputs += [make(name, 1, ["batch", "new", WIDTH]) for name in EMBEDDED]
    else:
        inputs += [make("input_ids", form.ids, [1 if form.one_sequence else "batch", "new"])]
    if form.positions:
        rows = [form.places] if form.places else []
        inputs.append(make("position_ids", TensorProto.INT64, [*rows, "batch", "new"]))
    if form.room:
        inputs.append(make("cache_position", TensorProto.INT64, ["new"]))
    if form.branch:
        inputs.append(make("use_cache_branch", TensorProto.BOOL, [1]))
    if form.keep:
        inputs.append(make("num_logits_to_keep", TensorProto.INT64, []))
    return [*inputs, *_caches(form, form.past, form.states, "past")]


def _caches(form: Form, name: str, states: str, rows: str) -> list[onnx.ValueInfoProto]:
    make = helper.make_tensor_value_info
    found = []
    if form.has_cache and form.layout == "split":
        known: list[str | int | None] = ["batch", 1, rows, WIDTH]
        shape = ["batch", "heads", rows, "dim"] if form.open_shapes else known
        found += [make(name.format(part), form.cache, shape) for part in ("key", "value")]
    elif form.has_cache:
        found += [make(name, form.cache, cache_shape(form.layout, rows))]
    if states:
        found += [make(states.format(kind), form.cache, SHAPES[kind]) for kind in SHAPES]
    return found


def _outputs(form: Form) -> list[onnx.ValueInfoProto]:
    make = helper.make_tensor_value_info
    rows = 1 if form.last_row else "rows"
    outputs = [make("logits", form.logits, ["batch", rows, VOCABULARY])]
    known = replace(form, open_shapes=False)
    new = "new" if form.room else "total"
    return [*outputs, *_caches(known, form.present, presents(form.states), new)]


def write_model(folder: Path, form: Form, *, external_data: bool = False) -> Path:
    """A whole model folder around a graph; returns the folder."""
    (folder / "onnx").mkdir(parents=True)
    config = {**CONFIG, "num_key_value_heads": 1, "head_dim": WIDTH, "eos_token_id": None}
    if form.switch:
        rope = {"type": "longrope", "original_max_position_embeddings": form.switch}
        config |= {"rope_scaling": rope}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(byte_tokenizer_json())
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE}))
    stem = "decoder_model_merged" if form.embeds else "model"
    if form.embeds:
        onnx.save(make_embedder(), folder / "onnx/embed_tokens.onnx")
    onnx.save(
        make_graph(form),
        folder / f"onnx/{stem}.onnx",
        save_as_external_data=external_data,
        location="model.onnx_data",
        size_threshold=1024,
    )
    return folder
