"""The tasks by the names that transformers has for them.

Their modules are imported by kind, once one of the kind is asked for: a page that compares texts
does not wait for tasks that hear and see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from intab.engine.model import Model
from intab.engine.tasks.base import Task
from intab.engine.tasks.pipeline import Pipeline
from intab.errors import OptionError

Tasks = Sequence[Task[Any]]
ALIASES = {
    "sentiment-analysis": "text-classification",
    "ner": "token-classification",
    "text-to-speech": "text-to-audio",
}


@cache
def _reading() -> Tasks:
    from intab.engine.tasks.feature_extraction import FeatureExtraction
    from intab.engine.tasks.fill_mask import FillMask
    from intab.engine.tasks.question_answering import QuestionAnswering
    from intab.engine.tasks.sentence_similarity import SentenceSimilarity
    from intab.engine.tasks.text_classification import TextClassification
    from intab.engine.tasks.text_ranking import TextRanking
    from intab.engine.tasks.token_classification import TokenClassification
    from intab.engine.tasks.zero_shot_classification import ZeroShotClassification

    return (
        TextClassification(),
        TokenClassification(),
        QuestionAnswering(),
        FillMask(),
        ZeroShotClassification(),
        FeatureExtraction(),
        SentenceSimilarity(),
        TextRanking(),
    )


@cache
def _writing() -> Tasks:
    from intab.engine.tasks.text_generation import TEXT_GENERATION
    from intab.engine.tasks.text_to_text import TextToText

    names = ("text2text-generation", "summarization", "translation")
    return (TEXT_GENERATION, *map(TextToText, names))


@cache
def _seeing() -> Tasks:
    from intab.engine.tasks.background_removal import BackgroundRemoval
    from intab.engine.tasks.depth_estimation import DepthEstimation
    from intab.engine.tasks.document_question_answering import DocumentQuestionAnswering
    from intab.engine.tasks.image_classification import ImageClassification
    from intab.engine.tasks.image_feature_extraction import ImageFeatureExtraction
    from intab.engine.tasks.image_segmentation import ImageSegmentation
    from intab.engine.tasks.image_text_to_text import ImageTextToText
    from intab.engine.tasks.image_to_text import ImageToText
    from intab.engine.tasks.object_detection import ObjectDetection
    from intab.engine.tasks.zero_shot_image_classification import ZeroShotImageClassification
    from intab.engine.tasks.zero_shot_object_detection import ZeroShotObjectDetection

    return (
        ImageClassification(),
        ImageFeatureExtraction(),
        DepthEstimation(),
        ImageSegmentation(),
        BackgroundRemoval(),
        ZeroShotObjectDetection(),
        ImageToText(),
        ImageTextToText(),
        DocumentQuestionAnswering(),
        ObjectDetection(),
        ZeroShotImageClassification(),
    )


@cache
def _hearing() -> Tasks:
    from intab.engine.tasks.speech.audio_classification import AudioClassification
    from intab.engine.tasks.speech.recognition import SpeechRecognition
    from intab.engine.tasks.speech.text_to_audio import TextToAudio
    from intab.engine.tasks.speech.voice_activity import VoiceActivity
    from intab.engine.tasks.speech.zero_shot_audio import ZeroShotAudioClassification

    return (
        SpeechRecognition(),
        AudioClassification(),
        ZeroShotAudioClassification(),
        VoiceActivity(),
        TextToAudio(),
    )


@cache
def _drawing() -> Tasks:
    from intab.engine.tasks.diffusion.task import IMAGE_TO_IMAGE_TASK, TEXT_TO_IMAGE_TASK

    return TEXT_TO_IMAGE_TASK, IMAGE_TO_IMAGE_TASK


_KINDS: dict[Callable[[], Tasks], tuple[str, ...]] = {
    _reading: (
        *("text-classification", "token-classification", "question-answering", "fill-mask"),
        *("zero-shot-classification", "feature-extraction", "sentence-similarity"),
        "text-ranking",
    ),
    _writing: ("text-generation", "text2text-generation", "summarization", "translation"),
    _seeing: (
        *("image-classification", "image-feature-extraction", "depth-estimation"),
        *("image-segmentation", "object-detection", "zero-shot-image-classification"),
        *("background-removal", "zero-shot-object-detection", "image-to-text"),
        *("image-text-to-text", "document-question-answering"),
    ),
    _hearing: (
        *("automatic-speech-recognition", "audio-classification"),
        *("voice-activity-detection", "text-to-audio", "zero-shot-audio-classification"),
    ),
    _drawing: ("text-to-image", "image-to-image"),
}
_MAKERS = {
    name: once for maker, names in _KINDS.items() for once in [cache(maker)] for name in names
}


class _Tasks(Mapping[str, Task[Any]]):
    """Every task by its name."""

    def __getitem__(self, name: str) -> Task[Any]:
        return next(task for task in _MAKERS[name]() if task.name == name)

    def __iter__(self) -> Iterator[str]:
        return iter(_MAKERS)

    def __len__(self) -> int:
        return len(_MAKERS)


TASKS: Mapping[str, Task[Any]] = _Tasks()


def find_task(name: str) -> Task[Any]:
    """The task of that name; OptionError names those that there are."""
    found: Task[Any] | None = None
    if isinstance(name, str):
        found = TASKS.get(ALIASES.get(name, name)) or _pair_of_languages(name)
    if found is None:
        known = ", ".join(sorted([*TASKS, *ALIASES]))
        raise OptionError(f"There is no task {name!r}; there are: {known}.")
    return found


def _pair_of_languages(name: str) -> Task[Any] | None:
    if not name.startswith("translation_"):
        return None
    from intab.engine.tasks.text_to_text import translation

    return translation(name)


def as_pipeline(found: Any) -> Pipeline:
    """What was loaded for a task, as a pipeline."""
    if not isinstance(found, Model):
        return found  # type: ignore[no-any-return]
    from intab.engine.tasks.generation_pipeline import GenerationPipeline

    return GenerationPipeline(found)
