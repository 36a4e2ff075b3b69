"""What the package shows is exactly what it says it shows."""

import inspect

import pytest

import intab
from intab import errors

PUBLIC = [
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


def test_all_is_exact() -> None:
    assert intab.__all__ == PUBLIC
    modules = {"browser", "cli", "convert", "engine", "native", "page", "platform"}
    for name in PUBLIC:
        assert getattr(intab, name)  # some come when they are asked for
    later = {"RankingPipeline", "SentencePipeline"}
    shown = {name for name in vars(intab) if not name.startswith("_")} - modules | later
    assert shown == {name for name in PUBLIC if not name.startswith("_")}


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'intab' has no attribute 'pipelines'"):
        intab.pipelines  # noqa: B018


def test_every_error_is_in_the_drawn_tree() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass)]
    assert errors.__doc__ is not None
    for error in classes:
        assert issubclass(error, errors.IntabError)
        assert error.__name__ in errors.__doc__
        assert error.__doc__


def test_public_names_are_documented() -> None:
    for name in intab.__all__:
        assert name == "__version__" or inspect.getdoc(getattr(intab, name))
