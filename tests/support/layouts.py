"""Model folders as other tools lay them out, around the same tiny graph; `LAYOUTS` writes each into
a folder and says what to load."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.engine.support.networks import VOCABULARY, WIDTH
from tests.support.graphs import Form, make_graph, write_model

GENAI = {
    "model": {
        "type": "llama",
        "vocab_size": VOCABULARY,
        "context_length": 64,
        "bos_token_id": 0,
        "eos_token_id": 256,
        "pad_token_id": -1,
        "decoder": {
            "session_options": {"log_id": "onnxruntime-genai", "provider_options": []},
            "filename": "tiny-cpu-int4.onnx",
            "head_size": WIDTH,
            "hidden_size": WIDTH,
            "num_attention_heads": 1,
            "num_hidden_layers": 1,
            "num_key_value_heads": 1,
            "inputs": {"input_ids": "my_ids", "attention_mask": "my_mask", "position_ids": "my_at"},
            "outputs": {},
        },
    },
    "search": {
        "do_sample": False,
        "top_k": 1,
        "temperature": 1.0,
        "past_present_share_buffer": True,
    },
}
RENAMED = {"input_ids": "my_ids", "attention_mask": "my_mask", "position_ids": "my_at"}


def move(folder: Path, name: str, place: str) -> None:
    """Move what write_model called onnx/NAME."""
    target = folder / place
    target.parent.mkdir(parents=True, exist_ok=True)
    (folder / "onnx" / name).rename(target)


def renamed(folder: Path, place: str) -> str:
    """The only graph, elsewhere."""
    move(write_model(folder, Form()), "model.onnx", place)
    return ""


def data_elsewhere(folder: Path) -> str:
    """External data of any name in a folder below, one in the body of an If among it."""
    write_model(folder, Form())
    graph = make_graph(Form())
    [out] = [tensor for tensor in graph.graph.initializer if tensor.name == "out"]
    graph.graph.initializer.remove(out)
    inner = numpy_helper.from_array(numpy_helper.to_array(out), "inner")
    chosen = helper.make_tensor_value_info("chosen", TensorProto.FLOAT, out.dims)
    identity = helper.make_node("Identity", ["inner"], ["chosen"])
    branch = helper.make_graph([identity], "branch", [], [chosen], [inner])
    graph.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    choice = helper.make_node("If", ["yes"], ["out"], then_branch=branch, else_branch=branch)
    graph.graph.node.insert(0, choice)
    inside = [t for branch in graph.graph.node[0].attribute for t in branch.g.initializer]
    for tensor in (*graph.graph.initializer, *inside):
        if len(tensor.raw_data) > 1024:
            keep_outside(folder / "onnx", tensor)
    onnx.save(graph, folder / "onnx/model.onnx")
    return ""


def keep_outside(folder: Path, tensor: TensorProto) -> None:
    """Make a tensor's data external."""
    name = f"weights of 100%/{tensor.name} #1.bin"
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(tensor.raw_data)
    size = len(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=f"./{name}")
    tensor.external_data.add(key="length", value=str(size))


def pair(folder: Path) -> str:
    """decoder_model.onnx, without a past, beside decoder_with_past_model.onnx."""
    renamed(folder, "onnx/decoder_with_past_model.onnx")
    onnx.save(make_graph(Form(has_cache=False)), folder / "onnx/decoder_model.onnx")
    return ""


def alone(folder: Path) -> str:
    """decoder_model.onnx alone."""
    pair(folder)
    (folder / "onnx/decoder_with_past_model.onnx").unlink()
    return ""


def genai(folder: Path, inside: str = "") -> str:
    """onnxruntime-genai's, with inputs of other names, and neither config.json nor
    generation_config.json."""
    place = folder / inside
    write_model(folder, Form())
    graph = make_graph(Form())
    for node in graph.graph.node:
        node.input[:] = [RENAMED.get(name, name) for name in node.input]
    for value in graph.graph.input:
        value.name = RENAMED.get(value.name, value.name)
    shutil.rmtree(folder / "onnx")
    (folder / "config.json").unlink()
    place.mkdir(parents=True, exist_ok=True)
    (place / "genai_config.json").write_text(json.dumps(GENAI))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).rename(place / name)
    onnx.save(
        graph,
        place / "tiny-cpu-int4.onnx",
        save_as_external_data=True,
        location="tiny-cpu-int4.onnx.data",
        size_threshold=1024,
    )
    return ""


def sub_folder(folder: Path) -> str:
    """A graph in a folder of its own, the texts above it."""
    renamed(folder, "gpu/a b/model_int4.onnx")
    return "gpu/a b"


# What is written -> the subfolder to ask for, and the dtype that it is taken for.
LAYOUTS: dict[str, tuple[Callable[[Path], str], str]] = {
    "int4": (lambda folder: renamed(folder, "onnx/model_int4.onnx"), "q4"),
    "root": (lambda folder: renamed(folder, "model_quantized.onnx"), "q8"),
    "data elsewhere": (data_elsewhere, "fp32"),
    "two decoders": (pair, "fp32"),
    "one decoder": (alone, "fp32"),
    "genai": (genai, "q4"),
    "sub-folder": (sub_folder, "q4"),
}
