"""`SentencePipeline`: vectors of texts, in sentence-transformers' words.

>>> vectors = await pipe.encode(texts, batch_size=32, truncate_dim=128, precision="int8")
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from intab.engine.tasks.batches import is_stream
from intab.engine.tasks.embeddings import PRECISIONS, quantize, similarities
from intab.engine.tasks.pipeline import Pipeline
from intab.engine.tasks.sentence_files import SentenceConfig, read_sentence_config
from intab.errors import OptionError

if TYPE_CHECKING:
    from intab.engine.tasks.sentence_similarity import SentenceSimilarity


class FilesPipeline(Pipeline):
    """A pipeline of a model with sentence-transformers' files beside it."""

    @cached_property
    def sentence_config(self) -> SentenceConfig:
        """What these files say."""
        return read_sentence_config(self.texts.more)


class SentencePipeline(FilesPipeline):
    """A pipeline that makes vectors of texts and compares them."""

    async def encode(
        self,
        inputs: Any,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = 32,
        *,
        output_value: str = "sentence_embedding",
        precision: str = "float32",
        normalize_embeddings: bool = False,
        truncate_dim: int | None = None,
        **options: Any,
    ) -> Any:
        """Make vectors of texts.

        Args:
            inputs: a text, a list of them, or any iterable of them, which is read as it goes.
            prompt_name: the name of the model's prompt to put before each text.
            prompt: that prompt itself.
            batch_size: how many texts run at once.
            output_value: "sentence_embedding", or "token_embeddings" for those of each token.
            precision: "float32", "int8", "uint8", "binary" or "ubinary".
            normalize_embeddings: whether to make vectors of length 1, though the model does not.
            truncate_dim: how many dimensions to keep, for models that were trained for that.
            options: on_progress, as for a call.

        Returns:
            An array [dimensions] for a text, [texts, dimensions] for several; of tokens an array
            [tokens, dimensions], or a list of them.

        Raises:
            OptionError: an option is unknown or out of range.
            PromptError: an input is no text; RunError: onnxruntime fails;
                ModelClosedError: the pipeline was closed.
        """
        if precision not in PRECISIONS:
            raise OptionError(
                f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}."
            )
        encoders = cast("SentenceSimilarity", self._task).encoders
        if output_value not in encoders:
            raise OptionError(f"output_value must be one of {', '.join(encoders)}.")
        single = isinstance(inputs, str) or not isinstance(inputs, Iterable)
        single = single and not is_stream(inputs) and not hasattr(inputs, "__aiter__")
        given = [inputs] if single else inputs
        chosen = {"prompt_name": prompt_name, "prompt": prompt, "batch_size": batch_size}
        if output_value == "sentence_embedding":
            chosen |= {"normalize_embeddings": normalize_embeddings, "truncate_dim": truncate_dim}
        stream = self._stream(encoders[output_value], given, {**options, **chosen})
        found = [each async for each in stream]
        if output_value == "token_embeddings":
            return found[0] if single else found
        vectors = np.stack(found) if found else np.zeros((0,), np.float32)
        vectors = quantize(vectors, precision) if found else vectors
        return vectors[0] if single else vectors

    async def encode_query(self, inputs: Any, **options: Any) -> Any:
        """Make vectors of questions: with the model's prompt "query" unless another is named.

        Args:
            inputs, options: as for `encode`.

        Returns:
            As `encode`.

        Raises:
            OptionError, PromptError, RunError, ModelClosedError: as `encode`.
        """
        return await self.encode(inputs, **_with_prompt("query", options))

    async def encode_document(self, inputs: Any, **options: Any) -> Any:
        """Make vectors of texts to be found: with the prompt "document" unless another is named.

        Args:
            inputs, options: as for `encode`.

        Returns:
            As `encode`.

        Raises:
            OptionError, PromptError, RunError, ModelClosedError: as `encode`.
        """
        return await self.encode(inputs, **_with_prompt("document", options))

    def similarity(self, embeddings1: Any, embeddings2: Any) -> NDArray[np.float32]:
        """Compare vectors by the model's measure: cosine unless its files say another.

        Args:
            embeddings1, embeddings2: arrays [texts, dimensions] or [dimensions].

        Returns:
            An array [texts of the first, texts of the second]; more is nearer.
        """
        return similarities(embeddings1, embeddings2, self.sentence_config.similarity)

    @staticmethod
    def quantize_embeddings(
        embeddings: Any,
        precision: str,
        ranges: Any = None,
        calibration_embeddings: Any = None,
    ) -> NDArray[Any]:
        """Make vectors smaller.

        Args:
            embeddings: an array [texts, dimensions] of floats.
            precision: as for `encode`.
            ranges: of int8 and uint8: the least and the largest number of each dimension, an array
                [2, dimensions]; else they are taken from `calibration_embeddings`, or from these.
            calibration_embeddings: vectors that stand for all.

        Returns:
            The array; eight dimensions to a byte if binary.

        Raises:
            OptionError: precision is unknown, or there is but one vector to take ranges from.
        """
        given = [
            None if one is None else np.asarray(one) for one in (ranges, calibration_embeddings)
        ]
        return quantize(np.asarray(embeddings), precision, *given)


def _with_prompt(name: str, options: dict[str, Any]) -> dict[str, Any]:
    named = options.get("prompt_name") is not None or options.get("prompt") is not None
    return options if named else {**options, "prompt_name": name}


def resolve_prompt(settings: SentenceConfig, prompt: Any, name: Any) -> str:
    """What stands before each text: the prompt, else that of the name, else the model's own."""
    for value, option in ((prompt, "prompt"), (name, "prompt_name")):
        if value is not None and not isinstance(value, str):
            raise OptionError(f"{option} must be a string, not {value!r}.")
    if prompt is not None:
        return str(prompt)
    prompts = {"query": "", "document": "", **settings.prompts}
    if name is not None and name not in prompts:
        raise OptionError(f"There is no prompt {name!r}; the model has: {', '.join(prompts)}.")
    default = settings.default_prompt
    return prompts[name] if name is not None else prompts[default] if default else ""
