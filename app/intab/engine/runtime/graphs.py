"""What a runtime needs to make networks: the bytes of graphs and of their weights.

`Graph` is one graph, whatever it is for; `DecoderGraphs` are those that continue ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from intab.engine.io.protocols import B

# For native onnxruntime: on x86 without VNNI its products of uint8 and int8 saturate at 16 bits
# unless they are asked to be exact; no effect elsewhere.
# https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
EXACT_INT8 = {"session.x64quantprecision": "1"}


@dataclass(frozen=True)
class Graph(Generic[B]):
    """A graph's bodies and how to run it; the graph has the names of its external data."""

    name: str
    body: B
    external_data: Mapping[str, B] = field(default_factory=dict)
    session_options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DecoderGraphs(Generic[B]):
    """A decoder's graph, with what tells how it is fed.

    config: what config.json says.
    names: what the graph calls its inputs and outputs, as `plan_graph` takes it.
    embeddings: the graph that embeds ids, for a decoder that takes embeddings.
    """

    graph: Graph[B]
    config: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)
    embeddings: Graph[B] | None = None
