"""Hybrid decoders as ONNX graphs in standard operators, with random weights from a seed.

Convolutions, state spaces and linear attention between layers of attention, and decoders that take
embeddings. The same weights fill transformers' models (tests/golden/make_caches.py), so that what
runs here can be held against what torch computes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx

from tests.engine.conftest import byte_tokenizer_json
from tests.support.hybrids.first import make_lfm2, make_mamba
from tests.support.hybrids.gemma3n import make_gemma3n
from tests.support.hybrids.gemma4 import make_gemma4
from tests.support.hybrids.mamba2 import make_falcon, make_granite
from tests.support.hybrids.qwen import make_qwen3_5, make_qwen3_next
from tests.support.hybrids.weights import CONFIGS

_ALONE: dict[str, Callable[[], onnx.ModelProto]] = {
    "lfm2": make_lfm2,
    "mamba": make_mamba,
    "granite": make_granite,
    "falcon": make_falcon,
    "qwen3_next": make_qwen3_next,
}
# Decoders with a graph that embeds, and the model that each is a part of.
_EMBEDDED: dict[str, tuple[str, str, Callable[[], tuple[onnx.ModelProto, onnx.ModelProto]]]] = {
    "qwen3_5": ("qwen3_5", "Qwen3_5ForConditionalGeneration", make_qwen3_5),
    "gemma3n": ("gemma3n", "Gemma3nForConditionalGeneration", make_gemma3n),
    "gemma4": ("gemma4", "Gemma4ForConditionalGeneration", make_gemma4),
}


def write_hybrid(folder: Path, family: str) -> Path:
    """A whole model folder with the byte tokenizer of the engine's tests; returns the folder."""
    (folder / "onnx").mkdir(parents=True)
    config: dict[str, Any] = CONFIGS[family]
    if family in _ALONE:
        graphs = {"model": _ALONE[family]()}
    else:
        kind, architecture, make = _EMBEDDED[family]
        graphs = dict(zip(("decoder_model_merged", "embed_tokens"), make(), strict=True))
        config = {"architectures": [architecture], "model_type": kind, "text_config": config}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(byte_tokenizer_json())
    for name, graph in graphs.items():
        onnx.checker.check_model(graph)
        onnx.save(graph, folder / f"onnx/{name}.onnx")
    return folder
