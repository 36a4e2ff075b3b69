"""intab: language models in a browser tab, in Python.

    import intab

    model = await intab.load("default")
    async for chunk in model.stream("Once upon a time", max_new_tokens=50):
        print(chunk, end="")

The same code runs in CPython.
"""

from intab import errors
from intab.engine.chat import Chat, Snapshot
from intab.engine.generation.logprobs import TokenLogprob
from intab.engine.generation.metrics import Metrics
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.streamer import Generation, TextChunk
from intab.engine.io.protocols import Progress
from intab.engine.model import Model
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.sentence_pipeline import SentencePipeline
from intab.engine.tasks.text_ranking import RankingPipeline
from intab.platform import load, pipeline, run_sync, storage

__version__ = "0.1.0"
__all__ = [
    "Chat",
    "Generation",
    "GenerationOptions",
    "Metrics",
    "Model",
    "Pipeline",
    "Progress",
    "RankingPipeline",
    "SentencePipeline",
    "Snapshot",
    "TextChunk",
    "TokenLogprob",
    "__version__",
    "errors",
    "load",
    "pipeline",
    "run_sync",
    "storage",
]
