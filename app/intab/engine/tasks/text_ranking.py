"""text-ranking: documents ordered by a cross-encoder, as sentence-transformers' CrossEncoder does.

>>> await pipe("Who wrote it?", ["Harper Lee wrote it.", "It is raining."])
[{'corpus_id': 0, 'score': 0.99}, {'corpus_id': 1, 'score': 0.01}]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.embeddings import Floats
from intab.engine.tasks.sentence_files import FILES
from intab.engine.tasks.sentence_pipeline import FilesPipeline, resolve_prompt
from intab.engine.tasks.sentence_similarity import sentence_config, text_row
from intab.engine.tasks.text_inputs import check_text
from intab.engine.tasks.text_task import (
    TextTask,
    floats,
    only,
    sigmoid,
    softmax,
    take_flag,
    take_number,
)
from intab.errors import OptionError, PromptError, UnsupportedModelError

_SCORING = ("prompt", "prompt_name", "activation_fn", "apply_softmax")
_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "sigmoid": sigmoid,
    "identity": lambda logits: logits,
    "softmax": softmax,
    "tanh": lambda logits: np.asarray(np.tanh(logits), np.float32),
    "relu": lambda logits: np.maximum(logits, 0),
}


class RankingPipeline(FilesPipeline):
    """A pipeline that scores pairs of texts, and ranks documents by a query."""

    async def predict(self, inputs: Any, batch_size: int = 32, **options: Any) -> Any:
        """Score pairs of texts.

        Args:
            inputs: a pair (two texts), or a list of pairs.
            batch_size: how many pairs run at once.
            options: activation_fn ("sigmoid", "identity", "softmax", "tanh", "relu" or a function
                of an array), apply_softmax, prompt, prompt_name, on_progress.

        Returns:
            A number for a pair, an array [pairs] for several; of a model with several labels
            arrays [labels] and [pairs, labels].

        Raises:
            OptionError: an option is unknown or out of range.
            PromptError: an input is no pair; RunError: onnxruntime fails;
                ModelClosedError: the pipeline was closed.
        """
        single = is_pair(inputs)
        if not single and (isinstance(inputs, str) or not isinstance(inputs, Iterable)):
            raise PromptError("Pass a pair of texts, [query, document], or a list of pairs.")
        given = [inputs] if single else list(inputs)
        scorer = cast("TextRanking", self._task).scorer
        stream = self._stream(scorer, given, {**options, "batch_size": batch_size})
        found = [score async for score in stream]
        if single:
            return found[0]
        return np.array(found, np.float32)

    async def rank(
        self,
        query: str,
        documents: Sequence[str],
        top_k: int | None = None,
        return_documents: bool = False,
        batch_size: int = 32,
        **options: Any,
    ) -> list[dict[str, Any]]:
        """Order documents by how well they answer a query.

        Args:
            query: a text.
            documents: the texts.
            top_k: how many of the best, None: all.
            return_documents: whether to give each one's "text".
            batch_size, options: as for `predict`.

        Returns:
            {"corpus_id", "score"} of each, the best first; corpus_id is its place in `documents`.

        Raises:
            OptionError, PromptError, RunError, ModelClosedError: as `predict`.
        """
        chosen = {"top_k": top_k, "return_documents": return_documents, "batch_size": batch_size}
        found: list[dict[str, Any]] = await self(query, documents, **chosen, **options)
        return found


class PairScores(TextTask):
    """The score of a pair of texts."""

    name = "text-ranking"
    does = "rank texts"
    graph = "a scorer of pairs of texts"
    heads = ("ForSequenceClassification",)
    texts = FILES
    rank = 2

    def check_graph(self, pipeline: Pipeline) -> None:
        """ManifestError where its files cannot be read, UnsupportedModelError for scores that they
        make otherwise, too."""
        super().check_graph(pipeline)
        _told(pipeline)

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or out of range."""
        only(self.name, options, _SCORING)
        return scoring(pipeline, options)

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """The feeds of a pair, the prompt before its first text."""
        if not is_pair(item):
            raise PromptError("A pair is two texts: [query, document].")
        return [text_row(pipeline, options.get("prompt", "") + item[0], item[1])]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """A number, or one for each label."""
        return score(floats(outputs[0]), options)


class TextRanking(PairScores):
    """Options: top_k, return_documents, activation_fn, prompt, prompt_name."""

    probe: Any = {"query": "a", "documents": ["a"]}  # noqa: RUF012
    pipeline = RankingPipeline
    scorer = PairScores()

    def arguments(
        self, inputs: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """A query and documents, by place, by name, or as a dict."""
        names = ("query", "documents")
        if len(inputs) == 2 or (not inputs and set(names) <= options.keys()):
            given = inputs or tuple(options.pop(name) for name in names)
            return dict(zip(names, given, strict=True)), options
        return super().arguments(inputs, options)

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or out of range."""
        only(self.name, options, ("top_k", "return_documents", *_SCORING))
        before, after = scoring(pipeline, options)
        after["top_k"] = take_number(options, "top_k", 1, None)
        after["texts"] = take_flag(options, "return_documents", default=False)
        return before, after

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """A row for each document."""
        if not isinstance(item, dict) or item.keys() != {"query", "documents"}:
            raise PromptError('Pass a query and documents: {"query": ..., "documents": [...]}.')
        documents = item["documents"]
        if not isinstance(documents, list | tuple):
            kind = type(documents).__name__
            raise PromptError(f"documents must be a list of texts, not {kind}.")
        first = options.get("prompt", "") + check_text(item["query"])
        rows = [text_row(pipeline, first, check_text(text)) for text in documents]
        return [Row(row.feeds, row.length, text) for row, text in zip(rows, documents, strict=True)]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The documents with their scores, the best first."""
        found = []
        for place, (row, output) in enumerate(zip(rows, outputs, strict=True)):
            logits = floats(output)
            if len(logits) != 1:
                raise OptionError(
                    f"The model has {len(logits)} labels, and documents are ranked by one: score "
                    "pairs by pipe.predict."
                )
            text = {"text": row.about} if options["texts"] else {}
            found.append({"corpus_id": place, "score": float(score(logits, options)), **text})
        found.sort(key=lambda one: one["score"], reverse=True)
        return found[: options["top_k"]]


def is_pair(value: Any) -> bool:
    """Whether this is two texts."""
    two = isinstance(value, list | tuple) and len(value) == 2
    return two and all(isinstance(text, str) for text in value)


def scoring(
    pipeline: Pipeline, options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The prompt, and what makes scores of logits."""
    settings = sentence_config(pipeline)
    prompt = resolve_prompt(settings, options.get("prompt"), options.get("prompt_name"))
    function = options.get("activation_fn")
    if isinstance(function, str):
        function = _FUNCTIONS.get(function.lower())
    if options.get("activation_fn") is not None and not callable(function):
        raise OptionError(f"activation_fn must be a function, or one of {', '.join(_FUNCTIONS)}.")
    return {"prompt": prompt}, {
        "function": function or _told(pipeline),
        "softmax": take_flag(options, "apply_softmax", default=False),
    }


def _told(pipeline: Pipeline) -> Callable[[Floats], Floats] | None:
    """The function that the model's files name, by its class: torch.nn.modules.activation.Sigmoid;
    None if they name none, or code of their own, as there. UnsupportedModelError."""
    name = sentence_config(pipeline).activation or pipeline.config.ranking_activation
    if not name.startswith("torch."):
        return None
    found = _FUNCTIONS.get(name.rpartition(".")[2].lower())
    if found is None:
        raise UnsupportedModelError(
            f"The model's files make scores by {name}, and known are {', '.join(_FUNCTIONS)}: name "
            "one of these in its config.json, or choose another model."
        )
    return found


def score(logits: Floats, options: Mapping[str, Any]) -> float | NDArray[Any]:
    """The score of a pair: by default a sigmoid's where there is one label, else the logits."""
    function = options["function"] or _FUNCTIONS["sigmoid" if len(logits) == 1 else "identity"]
    found = np.asarray(function(logits))
    if found.size != logits.size or found.dtype.kind not in "fiub":
        raise OptionError(
            f"activation_fn gave {found.dtype} {found.shape} of {len(logits)} numbers: it must "
            "give as many."
        )
    if len(logits) == 1:
        return float(np.ravel(found)[0])
    return softmax(found) if options["softmax"] else found
