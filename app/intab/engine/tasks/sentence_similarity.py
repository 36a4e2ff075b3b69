"""sentence-similarity: vectors of texts, and how near they are, as sentence-transformers (6.2).

>>> vectors = await pipe.encode(["A man eats.", "Someone is eating."])    # [2, 384]
>>> pipe.similarity(vectors, vectors)
>>> await pipe("A man eats.", ["Someone is eating.", "The sky is blue."])
[0.81, 0.03]

Pooling, normalising, prompts and lengths are those that the model's files say (sentence_files.py);
a graph that gives `sentence_embedding` has done all of that itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from tokenizers import normalizers

from intab.engine.runtime.network import Arrays
from intab.engine.tasks.base import Pipeline
from intab.engine.tasks.batches import Row
from intab.engine.tasks.embeddings import Floats, normalized, pool, similarities
from intab.engine.tasks.sentence_files import FILES, SentenceConfig
from intab.engine.tasks.sentence_pipeline import FilesPipeline, SentencePipeline, resolve_prompt
from intab.engine.tasks.text_inputs import (
    check_text,
    longest,
    make_cut,
    make_row,
    tokenizer_limit,
)
from intab.engine.tasks.text_task import TextTask, floats, only, take_flag, take_number
from intab.errors import PromptError

_SENTENCE = "sentence_embedding"
_OPTIONS = ("prompt", "prompt_name", "normalize_embeddings", "truncate_dim")


class Embedding(TextTask):
    """A text's vector, or those of its tokens."""

    name = "sentence-similarity"
    does = "compare texts"
    graph = "an encoder of texts"
    texts = FILES
    wanted: Sequence[str] = (_SENTENCE, "token_embeddings", "last_hidden_state")
    token_rank = 3

    def check_graph(self, pipeline: Pipeline) -> None:
        """UnsupportedModelError where a module is missing from the graph, too."""
        super().check_graph(pipeline)
        settings = sentence_config(pipeline)
        if self.outputs(pipeline) != [_SENTENCE]:
            settings.check_rest()
        if settings.lower:
            backend = pipeline.texts.tokenizer.backend
            rest = [backend.normalizer] if backend.normalizer else []
            backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), *rest])

    def split(
        self, pipeline: Pipeline, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """OptionError for what is unknown or out of range."""
        only(self.name, options, _OPTIONS)
        settings = sentence_config(pipeline)
        prompt = resolve_prompt(settings, options.get("prompt"), options.get("prompt_name"))
        skip = 0 if settings.with_prompt else prompt_tokens(pipeline, prompt)
        return {"prompt": prompt}, {
            "skip": skip,
            "normalize": take_flag(options, "normalize_embeddings", default=False),
            "dimensions": take_number(options, "truncate_dim", 1, settings.truncate_dim),
        }

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """The feeds of a text behind its prompt, cut to what the model takes."""
        return [text_row(pipeline, options.get("prompt", "") + check_text(item))]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """The vector."""
        return vector(sentence_config(pipeline), floats(outputs[0]), options)


class TokenEmbedding(Embedding):
    """The vectors of a text's tokens."""

    wanted = ("token_embeddings", "last_hidden_state")

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """[tokens, hidden]."""
        return floats(outputs[0])


class SentenceSimilarity(Embedding):
    """How near texts are to one; options: prompt, prompt_name, truncate_dim."""

    probe: Any = {"source_sentence": "a", "sentences": []}  # noqa: RUF012
    pipeline = SentencePipeline
    encoders = {"sentence_embedding": Embedding(), "token_embeddings": TokenEmbedding()}  # noqa: RUF012

    def arguments(
        self, inputs: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """A text and others, by place, by name, or as a dict."""
        names = ("source_sentence", "sentences")
        if len(inputs) == 2 or (not inputs and set(names) <= options.keys()):
            given = inputs or tuple(options.pop(name) for name in names)
            return dict(zip(names, given, strict=True)), options
        return super().arguments(inputs, options)

    def preprocess(self, pipeline: Pipeline, item: Any, options: Mapping[str, Any]) -> list[Row]:
        """The text's row, then one for each of the others."""
        if not isinstance(item, dict) or item.keys() != {"source_sentence", "sentences"}:
            raise PromptError(
                'Pass a text and a list of others: {"source_sentence": ..., "sentences": [...]}.'
            )
        others = item["sentences"]
        if not isinstance(others, list | tuple):
            raise PromptError(f"sentences must be a list of texts, not {type(others).__name__}.")
        prompt = options.get("prompt", "")
        texts = [item["source_sentence"], *others]
        return [text_row(pipeline, prompt + check_text(text)) for text in texts]

    def postprocess(
        self,
        pipeline: Pipeline,
        rows: Sequence[Row],
        outputs: Sequence[Arrays],
        options: Mapping[str, Any],
    ) -> Any:
        """A number for each of the others."""
        settings = sentence_config(pipeline)
        first, *others = (vector(settings, floats(output), options) for output in outputs)
        if not others:
            return []
        return similarities(first, np.stack(others), settings.similarity)[0].tolist()


def sentence_config(pipeline: Pipeline) -> SentenceConfig:
    """What the model's files say."""
    return cast("FilesPipeline", pipeline).sentence_config


def text_row(pipeline: Pipeline, text: str, pair: str | None = None) -> Row:
    """A text's feeds, cut to the most tokens that its files say, or that the model takes."""
    said = sentence_config(pipeline).longest
    limits = [said or tokenizer_limit(pipeline), longest(pipeline)]
    most = min((limit for limit in limits if limit), default=None)
    cut = make_cut(pipeline, most)
    return make_row(pipeline, pipeline.texts.tokenizer.windows(text, pair, cut=cut)[0])


def prompt_tokens(pipeline: Pipeline, prompt: str) -> int:
    """How many of a text's first tokens are the prompt's."""
    if not prompt:
        return 0
    tokenizer = pipeline.texts.tokenizer
    ids = tokenizer.encode(prompt)
    return len(ids) - (bool(ids) and tokenizer.is_special(ids[-1]))


def vector(settings: SentenceConfig, output: Floats, options: Mapping[str, Any]) -> Floats:
    """A text's vector: of its tokens' [tokens, hidden], or as the graph has made it."""
    found = output if output.ndim == 1 else pool(output, settings.pooling, options["skip"])
    if settings.normalize:
        found = normalized(found)
    found = found[: options["dimensions"]]
    return normalized(found) if options["normalize"] else found
