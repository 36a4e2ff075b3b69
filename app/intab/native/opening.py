"""A graph and its external data become an onnxruntime session, from files or from memory."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import onnxruntime as ort

from intab.engine.runtime.graphs import EXACT_INT8, Graph
from intab.engine.runtime.onnx_file import external_files
from intab.native.bodies import FileBody, NativeBody


def data_files(graph: NativeBody) -> list[str]:
    """The names of the files that a graph says its weights are in."""
    try:
        with graph.reading() as read:
            return external_files(read, graph.size)
    except ValueError:  # no ONNX graph, or a damaged one, which onnxruntime says
        return []


def open_session(graph: Graph[NativeBody]) -> ort.InferenceSession:
    """The session; onnxruntime's own exception where it refuses the graph."""
    if isinstance(graph.body, FileBody):  # its data is beside it
        return ort.InferenceSession(str(graph.body.path), _options(graph))
    try:
        return _from_memory(graph)
    except Exception:  # onnxruntime's exceptions share no public base
        if not graph.external_data:
            raise
    return _from_files(graph)


def _options(graph: Graph[NativeBody]) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    for key, value in (EXACT_INT8 | dict(graph.session_options)).items():
        options.add_session_config_entry(key, value)
    return options


def _from_memory(graph: Graph[NativeBody]) -> ort.InferenceSession:
    options = _options(graph)
    if graph.external_data:
        parts = [body.bytes() for body in graph.external_data.values()]
        options.add_external_initializers_from_files_in_memory(
            list(graph.external_data), parts, [len(part) for part in parts]
        )
    return ort.InferenceSession(graph.body.bytes(), options)


def _from_files(graph: Graph[NativeBody]) -> ort.InferenceSession:
    """By way of a folder: from memory onnxruntime has no data for the bodies of If and Loop."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for path, body in {**graph.external_data, "graph.onnx": graph.body}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(body.bytes())
        return ort.InferenceSession(str(folder / "graph.onnx"), _options(graph))
