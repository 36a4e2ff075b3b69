"""genai_config.json, which describes a model to onnxruntime-genai: its graph, what the graph calls
its inputs and outputs, and what else is in config.json and generation_config.json, which such a
folder may lack. https://onnxruntime.ai/docs/genai/reference/config.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intab.engine.hub.layout import GENAI
from intab.engine.io.file_names import in_folder
from intab.engine.io.untrusted import text
from intab.errors import ManifestError, UnsupportedModelError

# The keys of its `decoder` that config.json has under the same name or another.
_SIZES = {
    "hidden_size": "hidden_size",
    "head_size": "head_dim",
    "num_attention_heads": "num_attention_heads",
    "num_key_value_heads": "num_key_value_heads",
    "num_hidden_layers": "num_hidden_layers",
}
_OF_MODEL = {
    "type": "model_type",
    "vocab_size": "vocab_size",
    "context_length": "max_position_embeddings",
    "bos_token_id": "bos_token_id",
    "eos_token_id": "eos_token_id",
    "pad_token_id": "pad_token_id",
}
_TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id")
_SEARCH = ("do_sample", "temperature", "top_k", "top_p", "repetition_penalty")


def graph_of(data: Mapping[str, Any]) -> str:
    """The file name of the decoder's graph, from the folder of genai_config.json."""
    decoder = _decoder(data)
    if decoder.get("pipeline"):
        raise UnsupportedModelError(
            f"{GENAI} describes a decoder that is cut into several graphs (a pipeline), which "
            "intab does not run: choose a model with one graph, as for the CPU."
        )
    try:
        return in_folder(text(decoder.get("filename") or "model.onnx"))
    except ValueError as exc:
        raise ManifestError(f"{GENAI} is not valid: {exc}.") from exc


def names_of(data: Mapping[str, Any], graph: str) -> dict[str, str]:
    """What the graph calls its inputs and outputs, as `plan_graph` takes it; nothing if the file
    is about another graph."""
    decoder = _decoder(data)
    if graph.rpartition("/")[2] != graph_of(data).rpartition("/")[2]:
        return {}
    given = {**_mapping(decoder, "inputs"), **_mapping(decoder, "outputs")}
    return {key: name for key, name in given.items() if isinstance(name, str) and name}


def as_config(data: Mapping[str, Any]) -> dict[str, Any]:
    """What config.json would say."""
    decoder, model = _decoder(data), _mapping(data, "model")
    config = {ours: model[key] for key, ours in _OF_MODEL.items() if key in model}
    return config | {ours: decoder[key] for key, ours in _SIZES.items() if decoder.get(key)}


def as_generation_config(data: Mapping[str, Any]) -> dict[str, Any]:
    """What generation_config.json would say; an id of -1 stands for none."""
    model, search = _mapping(data, "model"), _mapping(data, "search")
    tokens = {key: model[key] for key in _TOKENS if model.get(key) not in (None, -1)}
    return tokens | {key: search[key] for key in _SEARCH if search.get(key) is not None}


def _decoder(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(data, "model"), "decoder")


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key, {})
    if isinstance(value, Mapping):
        return value
    raise ManifestError(f"{GENAI} is not valid: {key} must be an object.")
