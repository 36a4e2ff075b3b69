"""Small decoders with one newer operator, type, branch, body or function before the last product.

Each runs in onnxruntime and in onnxruntime-web 1.30; KINDS says what stands in each.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.support.graphs import Form, make_graph, write_model

NEWEST, IR = 26, 13
WIDTH, PLACES = 8, 192
make = helper.make_node
Array = NDArray[Any]


@dataclass(frozen=True)
class Kind:
    """The nodes between "last" [batch, rows, 8] and "x", and the constants they need."""

    nodes: tuple[onnx.NodeProto, ...]
    constants: dict[str, Array] = field(default_factory=dict)
    functions: tuple[onnx.FunctionProto, ...] = ()
    opset: int = NEWEST


def _random(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def _one(name: str, *inputs: str, opset: int = NEWEST, **more: Any) -> Kind:
    """A kind of one node; what is no attribute is a constant."""
    constants = {key: value for key, value in more.items() if isinstance(value, np.ndarray)}
    settings = {key: value for key, value in more.items() if key not in constants}
    node = make(name, ["last", *inputs], ["x"], **settings)
    return Kind((node,), constants, opset=opset)


def _there_and_back(name: str, kind: int) -> Kind:
    nodes = (make(name, ["last"], ["other"], to=kind), make(name, ["other"], ["x"], to=1))
    return Kind(nodes)


def _weights(kind: Any, opset: int = NEWEST) -> Kind:
    """A matrix of a small type, dequantized for the product."""
    low, high = (0, 3) if "u" in np.dtype(kind).name else (-2, 1)
    numbers = np.random.default_rng(1).integers(low, high + 1, (WIDTH, WIDTH))
    nodes = (
        make("DequantizeLinear", ["weights", "scale"], ["floats"], axis=0),
        make("MatMul", ["last", "floats"], ["x"]),
    )
    scale = np.full(WIDTH, 0.5, np.float32)
    return Kind(nodes, {"weights": numbers.astype(kind), "scale": scale}, opset=opset)


def _body(
    nodes: list[onnx.NodeProto], given: list[str], made: list[str], **types: int
) -> onnx.GraphProto:
    def values(names: list[str]) -> list[onnx.ValueInfoProto]:
        return [
            helper.make_tensor_value_info(n, types.get(n, 1), [] if n in types else None)
            for n in names
        ]

    graph: onnx.GraphProto = helper.make_graph(nodes, "body", values(given), values(made))
    return graph


def _branch(weight: Array, name: str) -> onnx.GraphProto:
    graph = _body([make("MatMul", ["last", f"w_{name}"], [name])], [], [name])
    graph.initializer.append(numpy_helper.from_array(weight, f"w_{name}"))
    return graph


def _if() -> Kind:
    branches = {
        "then_branch": _branch(_random(WIDTH, WIDTH), "then"),
        "else_branch": _branch(np.eye(WIDTH, dtype=np.float32), "other"),
    }
    nodes = (
        make("Size", ["input_ids"], ["count"]),
        make("Greater", ["count", "several"], ["is_prompt"]),
        make("If", ["is_prompt"], ["x"], **branches),
    )
    return Kind(nodes, {"several": np.array(1)})


def _loop() -> Kind:
    body = _body(
        [
            make("Mul", ["value", "half"], ["next"]),
            make("Identity", ["go"], ["go_on"]),
        ],
        ["number", "go", "value"],
        ["go_on", "next"],
        number=TensorProto.INT64,
        go=TensorProto.BOOL,
        go_on=TensorProto.BOOL,
    )
    node = make("Loop", ["times", "", "last"], ["x"], body=body)
    return Kind((node,), {"times": np.array(3), "half": np.array([0.5], np.float32)})


def _scan() -> Kind:
    body = _body([make("Tanh", ["one_row"], ["new_row"])], ["one_row"], ["new_row"])
    settings: dict[str, Any] = {
        "num_scan_inputs": 1,
        "scan_input_axes": [1],
        "scan_output_axes": [1],
    }
    return Kind((make("Scan", ["last"], ["x"], body=body, **settings),))


def _function() -> Kind:
    function = helper.make_function(
        "local",
        "Halved",
        ["given"],
        ["half"],
        [make("Sigmoid", ["given"], ["s"]), make("Mul", ["given", "s"], ["half"])],
        [helper.make_opsetid("", NEWEST)],
    )
    return Kind((make("Halved", ["last"], ["x"], domain="local"),), functions=(function,))


def _nbits(bits: int) -> Kind:
    packed = np.random.default_rng(bits).integers(0, 256, (WIDTH, 1, 32 * bits // 8), np.uint8)
    nodes = (
        make("Pad", ["last", "pads"], ["filled_up"]),
        make(
            "MatMulNBits", ["filled_up", "packed", "scales"], ["x"], domain="com.microsoft",
            K=32, N=WIDTH, bits=bits, block_size=32,
        ),
    )  # fmt: skip
    pads = np.array([0, 0, 0, 0, 0, 24])
    return Kind(nodes, {"packed": packed, "scales": _random(WIDTH, 1), "pads": pads})


def _sequence() -> Kind:
    nodes = (
        make("Neg", ["last"], ["less"]),
        make("SequenceConstruct", ["less", "last"], ["both"]),
        make("SequenceAt", ["both", "place"], ["x"]),
    )
    return Kind(nodes, {"place": np.array(1)})


def _text() -> Kind:
    nodes = (
        make("Floor", ["last"], ["whole"]),
        make("Cast", ["whole"], ["text"], to=TensorProto.STRING),
        make("Cast", ["text"], ["x"], to=1),
    )
    return Kind(nodes)


def _double() -> Kind:
    nodes = (
        make("Cast", ["last"], ["double"], to=TensorProto.DOUBLE),
        make("MatMul", ["double", "weights"], ["product"]),
        make("Cast", ["product"], ["x"], to=1),
    )
    return Kind(nodes, {"weights": _random(WIDTH, WIDTH).astype(np.float64)})


def _attention(opset: int, **settings: Any) -> Kind:
    nodes = (
        make("Unsqueeze", ["last", "one"], ["head"]),  # [batch, 1, rows, 8]
        make("Attention", ["head", "head", "head"], ["found"], **settings),
        make("Squeeze", ["found", "one"], ["x"]),
    )
    return Kind(nodes, opset=opset)


def _product_of_shares() -> Kind:
    nodes = (make("Sigmoid", ["last"], ["share"]), make("CumProd", ["share", "last_axis"], ["x"]))
    return Kind(nodes, {"last_axis": np.array(-1)})


_ANGLES = np.outer(np.arange(PLACES), 10.0 ** -np.arange(WIDTH // 2)).astype(np.float32)
_TABLES = {"cosines": np.cos(_ANGLES), "sines": np.sin(_ANGLES)}
KINDS: dict[str, Kind] = {
    "attention 23": _attention(23, is_causal=1),
    "attention 24": _attention(24, is_causal=1, softcap=2.0),
    "attention 26": _attention(26, is_causal=1, scale=0.5),
    "rms norm": _one("RMSNormalization", "scale", opset=23, scale=np.ones(WIDTH, np.float32)),
    "rotary": _one(
        "RotaryEmbedding", "cosines", "sines", "position_ids", opset=23, num_heads=1, **_TABLES
    ),
    "swish": _one("Swish", opset=24, alpha=0.5),
    "tensor scatter": _one("TensorScatter", "last", "first", opset=24, first=np.array([0])),
    "products": _product_of_shares(),
    "bit cast": _there_and_back("BitCast", TensorProto.INT32),
    "if": _if(),
    "loop": _loop(),
    "scan": _scan(),
    "function": _function(),
    "sequence": _sequence(),
    "text": _text(),
    "double": _double(),
    "bfloat16": _there_and_back("Cast", TensorProto.BFLOAT16),
    "float8": _there_and_back("Cast", TensorProto.FLOAT8E4M3FN),
    "2 bits": _nbits(2),
    "4 bits": _nbits(4),
    "layer norm": _one("LayerNormalization", "scale", scale=np.ones(WIDTH, np.float32)),
    "gelu": _one("Gelu", approximate="tanh"),
    "mish": _one("Mish"),
    "lp norm": _one("LpNormalization"),
    "int2 weights": _weights(ml_dtypes.int2, 25),
    "uint2 weights": _weights(ml_dtypes.uint2, 25),
    "int4 weights": _weights(ml_dtypes.int4, 21),
    "uint4 weights": _weights(ml_dtypes.uint4, 23),
    "e4m3fn weights": _weights(ml_dtypes.float8_e4m3fn, 19),
    "e5m2 weights": _weights(ml_dtypes.float8_e5m2, 23),
    "e4m3fnuz weights": _weights(ml_dtypes.float8_e4m3fnuz, 24),
    "e5m2fnuz weights": _weights(ml_dtypes.float8_e5m2fnuz, 25),
    "int16 weights": _weights(np.int16, 21),
}


def make_newer(kind: Kind) -> onnx.ModelProto:
    """A decoder with that kind in it."""
    model = make_graph(Form())
    graph = model.graph
    place = next(n for n, node in enumerate(graph.node) if node.output[0] == "scores")
    graph.node[place].input[0] = "x"
    nodes = [*graph.node[:place], *kind.nodes, *graph.node[place:]]
    del graph.node[:]
    graph.node.extend(nodes)
    named = {**kind.constants}
    graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in named.items())
    imports = {"": kind.opset, "com.microsoft": 1, "local": 1}
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(k, v) for k, v in imports.items())
    model.functions.extend(kind.functions)
    model.ir_version = IR
    return model


def write_newer(folder: Path, name: str, *, external_data: bool = False) -> Path:
    """A model folder with that kind; `external_data`: weights lie beside it, those of
    branches too."""
    write_model(folder, Form())
    path = folder / "onnx/model.onnx"
    onnx.save(
        make_newer(KINDS[name]), path,
        save_as_external_data=external_data, location="model.onnx_data", size_threshold=200,
    )  # fmt: skip
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": PLACES}))
    return folder
