"""document-question-answering: what a page says, by Donut, which reads pages without finding words
first. As transformers 5.24's pipeline has it for that model.

>>> await pipe(image="invoice.png", question="What is the total?")
[{'answer': '$ 154.06'}]
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from intab.engine.media.processor import ImageProcessor
from intab.engine.model_config import ModelConfig
from intab.engine.tasks.heads import check_heads
from intab.engine.tasks.image_to_text import BEGIN, ImageToText, ImageToTextPipeline, is_donut
from intab.errors import OptionError, PromptError, UnsupportedModelError

_PROMPT = "<s_docvqa><s_question>{}</s_question><s_answer>"
_FIRST = re.compile("<.*?>")  # the mark of what is asked for
_ANSWER = re.compile("<s_answer>(.*)</s_answer>")
_ASKED = {"image", "question"}


class DocumentPipeline(ImageToTextPipeline):
    """A pipeline that answers questions about pages."""

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Answer one question, or each of several; docs/pipelines.md has the options and shapes.

        Args:
            inputs: {"image", "question"}, a list of them, or a generator of them; or, as image= and
                question= may be passed too, a picture and a question.
            options: those of `Model.generate`, also as generate_kwargs; top_k (1);
                image_processor_kwargs; batch_size.

        Returns:
            To be awaited: a list of {"answer"}, None if the model marks no answer; or a list of
            such lists.

        Raises:
            OptionError: an option is unknown or out of range.
            PromptError: an input is of another shape, or its picture cannot be used.
            RunError: onnxruntime fails; ModelClosedError: the pipeline was closed.
        """
        named = [options.pop(name) for name in ("image", "question") if name in options]
        given = (*inputs, *named)
        if len(given) == 2:
            given = ({"image": given[0], "question": given[1]},)
        return super().__call__(*given, **options)

    def request(self, options: dict[str, Any]) -> Any:
        """How pages are made, and the options of generating; OptionError."""
        most = options.pop("top_k", 1)
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            raise OptionError(f"top_k must be a whole number from 1 on, not {most!r}.")
        processor, passed = self.told(options)
        if BEGIN in passed:
            raise OptionError(f"{BEGIN} is made of the question: leave it out.")
        self.model.options(passed, self.defaults, 1)
        return processor, passed

    async def batch(self, items: Sequence[Any], request: Any) -> list[Any]:
        """The records of each question, whose prompt has a length of its own."""
        return [await self._asked(item, *request) for item in items]

    async def _asked(
        self, item: Any, processor: ImageProcessor, passed: Mapping[str, Any]
    ) -> list[dict[str, str | None]]:
        _check(item)
        begin = self.begin(_PROMPT.format(item["question"]))
        options = self.model.options(passed, self.defaults, len(begin))
        source = await self.encoded(item["image"], processor)
        [[first, *_]] = await self.model.answers([source], [begin], options)
        return [{"answer": self._said([*begin, *first.ids])}]

    def _said(self, ids: Sequence[int]) -> str | None:
        """What stands between the marks of an answer."""
        tokenizer = self.texts.tokenizer
        text = tokenizer.decode(ids, skip_special_tokens=False)
        for name in ("eos_token", "pad_token"):
            if (token := tokenizer.special_id(name)) is not None:
                text = text.replace(tokenizer.decode([token], skip_special_tokens=False), "")
        found = _ANSWER.search(_FIRST.sub("", text, count=1).strip())
        return found[1].strip() if found else None


def _check(item: Any) -> None:
    if not isinstance(item, Mapping) or not item.keys() >= _ASKED:
        raise PromptError(
            'A question about a page is {"image": picture, "question": text}, or image= and '
            f"question=, not {type(item).__name__}."
        )
    if not isinstance(item["question"], str):
        raise PromptError(f"The question must be a text, not {item['question']!r}.")


class DocumentQuestionAnswering(ImageToText):
    """A Task."""

    pipeline = DocumentPipeline
    name = "document-question-answering"
    graph = "Donut's encoder of pages with a decoder of text"

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError for a model that does not read pages by itself."""
        check_heads("answer questions about pages", ("VisionEncoderDecoderModel",), config)
        if not is_donut(config):
            raise UnsupportedModelError(
                "The model is not Donut, which alone reads whole pages: TrOCR reads lines by "
                "image-to-text, and LayoutLM needs words that another program found."
            )
