"""intab: language models in a browser tab, in Python.

    import intab

    model = await intab.load("default")
    async for chunk in model.stream("Once upon a time", max_new_tokens=50):
        print(chunk, end="")

The same code runs in CPython.
"""

import typing as _typing

from intab import errors
from intab.engine.chat import Chat, Snapshot
from intab.engine.display.asking import Controls, controls, input  # noqa: A004
from intab.engine.display.listening import Microphone, microphone
from intab.engine.display.screen import show
from intab.engine.display.taking import Camera, camera, canvas
from intab.engine.generation.logprobs import TokenLogprob
from intab.engine.generation.metrics import Metrics
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.streamer import Generation, TextChunk
from intab.engine.io.protocols import Progress
from intab.engine.model import Model
from intab.engine.replies.results import ToolCall, ToolResult
from intab.engine.tasks.pipeline import Pipeline
from intab.engine.tasks.plain_network import LoadedNetwork
from intab.engine.tasks.text_lines import text_lines
from intab.platform import image, load, network, pipeline, run_sync, setup, storage

if _typing.TYPE_CHECKING:
    from intab.engine.tasks.sentence_pipeline import SentencePipeline
    from intab.engine.tasks.text_ranking import RankingPipeline

__version__ = "0.1.0"
__all__ = [
    "Camera",
    "Chat",
    "Controls",
    "Generation",
    "GenerationOptions",
    "LoadedNetwork",
    "Metrics",
    "Microphone",
    "Model",
    "Pipeline",
    "Progress",
    "RankingPipeline",
    "SentencePipeline",
    "Snapshot",
    "TextChunk",
    "TokenLogprob",
    "ToolCall",
    "ToolResult",
    "__version__",
    "camera",
    "canvas",
    "controls",
    "errors",
    "image",
    "input",
    "load",
    "microphone",
    "network",
    "pipeline",
    "run_sync",
    "setup",
    "show",
    "storage",
    "text_lines",
]


# Classes that a page which only writes text need not wait for, by their modules in engine/tasks.
_LATER = {
    "RankingPipeline": "text_ranking",
    "SentencePipeline": "sentence_pipeline",
}


def __getattr__(name: str) -> type:
    """Those classes, once they are asked for."""
    if name not in _LATER:
        raise AttributeError(f"module 'intab' has no attribute {name!r}")
    from importlib import import_module

    found: type = getattr(import_module(f"intab.engine.tasks.{_LATER[name]}"), name)
    return found
