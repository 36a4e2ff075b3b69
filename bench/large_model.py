"""A model folder of any size, made from a seed: the files of a q8 export, without its attention.

Loading does not ask what weights are for, so the graph is a byte model with a small cache and a
stack of int8 layers in the form that onnxruntime's dynamic quantization writes (DynamicQuantize-
Linear, MatMulInteger, Cast, Mul). Its ids mean nothing; the same seed gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from intab.engine.io.ranges import CHUNK, chunk_for, plan
from tests.engine.conftest import byte_tokenizer_json
from tests.engine.support.networks import VOCABULARY

WIDTH, WIDE = 1024, 4096  # a layer is two matrices of 4 MiB
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "head_dim": 1,
    "hidden_size": WIDTH,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 2048,
    "eos_token_id": None,
}
_MAKE = helper.make_node


def write(folder: Path, megabytes: int, *, external: bool = False) -> Path:
    """A folder with config, tokenizer, graph and intab.json; the graph's file is about that large
    (in 10^6 bytes). With `external`, its weights lie in a file of their own beside it."""
    (folder / "onnx").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "tokenizer.json").write_text(byte_tokenizer_json())
    onnx.save(
        _model(round(megabytes * 1e6 / (2 * WIDTH * WIDE))),
        folder / "onnx/model_quantized.onnx",
        save_as_external_data=external,
        location="model_quantized.onnx_data",
    )
    (folder / "intab.json").write_text(json.dumps(_manifest(folder)))
    return folder


def _manifest(folder: Path) -> dict[str, object]:
    """With the sha256 of each chunk, as a folder that is made to be served has it."""
    names = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*.*"))]
    graphs = [name for name in names if name.startswith("onnx/")]
    files = {name: _entry((folder / name).read_bytes()) for name in names}
    return {"format": 1, "files": files, "dtypes": {"q8": graphs}}


def _entry(data: bytes) -> dict[str, object]:
    entry = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    if len(data) <= CHUNK:
        return entry
    chunk = chunk_for(len(data))
    spans = plan(len(data), chunk)
    digests = [hashlib.sha256(data[span.start : span.end]).hexdigest() for span in spans]
    return {**entry, "chunk_size": chunk, "chunks": digests}


def _model(layers: int) -> onnx.ModelProto:
    rng = np.random.default_rng(7)
    vectors = rng.standard_normal((VOCABULARY, WIDTH), np.float32)
    weights: dict[str, NDArray[np.generic]] = {
        "vectors": vectors,
        "out": vectors.T.copy(),
        "step": np.array(1e-4, np.float32),
        "zero": np.array(0, np.int8),
        "one": np.array([1], np.int64),
        "ones": np.ones((WIDTH, 1), np.float32),
    }
    for layer in range(layers):
        for name, shape in (("up", (WIDTH, WIDE)), ("down", (WIDE, WIDTH))):
            weights[f"{layer}.{name}"] = rng.integers(-127, 128, shape, np.int8)
    graph = helper.make_graph(
        [*_first(), *(node for layer in range(layers) for node in _layer(layer)), *_last(layers)],
        "large",
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "new"]),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch", "total"]),
            *(_cache(f"past_key_values.0.{part}", "past") for part in ("key", "value")),
        ],
        [
            helper.make_tensor_value_info(
                "logits", TensorProto.FLOAT, ["batch", "new", VOCABULARY]
            ),
            *(_cache(f"present.0.{part}", "total") for part in ("key", "value")),
        ],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _cache(name: str, length: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 1, length, 1])


def _first() -> Iterator[NodeProto]:
    """Vectors of the new ids; the cache keeps one number of each."""
    yield _MAKE("Gather", ["vectors", "input_ids"], ["0.in"])
    yield _MAKE("MatMul", ["0.in", "ones"], ["number"])  # [batch, new, 1]
    yield _MAKE("Unsqueeze", ["number", "one"], ["new_cached"])
    for part in ("key", "value"):
        inputs = [f"past_key_values.0.{part}", "new_cached"]
        yield _MAKE("Concat", inputs, [f"present.0.{part}"], axis=2)


def _layer(layer: int) -> Iterator[NodeProto]:
    yield from _quantized(f"{layer}.in", f"{layer}.up")
    yield _MAKE("Relu", [f"{layer}.up.out"], [f"{layer}.middle"])
    yield from _quantized(f"{layer}.middle", f"{layer}.down")
    yield _MAKE("Add", [f"{layer}.in", f"{layer}.down.out"], [f"{layer + 1}.in"])


def _quantized(given: str, name: str) -> Iterator[NodeProto]:
    """`given` times an int8 matrix, as `quantize_dynamic` writes it."""
    parts = [f"{name}.q", f"{name}.scale", f"{name}.zero"]
    yield _MAKE("DynamicQuantizeLinear", [given], parts)
    yield _MAKE("MatMulInteger", [parts[0], name, parts[2], "zero"], [f"{name}.int"])
    yield _MAKE("Cast", [f"{name}.int"], [f"{name}.float"], to=TensorProto.FLOAT)
    yield _MAKE("Mul", [parts[1], "step"], [f"{name}.scales"])
    yield _MAKE("Mul", [f"{name}.float", f"{name}.scales"], [f"{name}.out"])


def _last(layers: int) -> Iterator[NodeProto]:
    yield _MAKE("MatMul", [f"{layers}.in", "out"], ["logits"])
