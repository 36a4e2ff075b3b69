"""The tasks by the names that transformers has for them."""

from __future__ import annotations

from typing import Any

from intab.engine.model import Model
from intab.engine.tasks.base import Task
from intab.engine.tasks.depth_estimation import DepthEstimation
from intab.engine.tasks.feature_extraction import FeatureExtraction
from intab.engine.tasks.fill_mask import FillMask
from intab.engine.tasks.generation_pipeline import GenerationPipeline
from intab.engine.tasks.image_classification import ImageClassification
from intab.engine.tasks.image_feature_extraction import ImageFeatureExtraction
from intab.engine.tasks.image_segmentation import ImageSegmentation
from intab.engine.tasks.object_detection import ObjectDetection
from intab.engine.tasks.pipeline import Pipeline
from intab.engine.tasks.question_answering import QuestionAnswering
from intab.engine.tasks.sentence_similarity import SentenceSimilarity
from intab.engine.tasks.speech.audio_classification import AudioClassification
from intab.engine.tasks.speech.recognition import SpeechRecognition
from intab.engine.tasks.text_classification import TextClassification
from intab.engine.tasks.text_generation import TEXT_GENERATION
from intab.engine.tasks.text_ranking import TextRanking
from intab.engine.tasks.text_to_text import TextToText, translation
from intab.engine.tasks.token_classification import TokenClassification
from intab.engine.tasks.zero_shot_classification import ZeroShotClassification
from intab.engine.tasks.zero_shot_image_classification import ZeroShotImageClassification
from intab.errors import OptionError

_TASKS: tuple[Task[Any], ...] = (
    TextClassification(),
    TokenClassification(),
    QuestionAnswering(),
    FillMask(),
    ZeroShotClassification(),
    FeatureExtraction(),
    SentenceSimilarity(),
    TextRanking(),
    ImageClassification(),
    ImageFeatureExtraction(),
    DepthEstimation(),
    ImageSegmentation(),
    ObjectDetection(),
    ZeroShotImageClassification(),
    TEXT_GENERATION,
    TextToText("text2text-generation"),
    TextToText("summarization"),
    TextToText("translation"),
    SpeechRecognition(),
    AudioClassification(),
)
TASKS = {task.name: task for task in _TASKS}
ALIASES = {"sentiment-analysis": "text-classification", "ner": "token-classification"}


def find_task(name: str) -> Task[Any]:
    """The task of that name; OptionError names those that there are."""
    found: Task[Any] | None = None
    if isinstance(name, str):
        found = TASKS.get(ALIASES.get(name, name)) or translation(name)
    if found is None:
        known = ", ".join(sorted([*TASKS, *ALIASES]))
        raise OptionError(f"There is no task {name!r}; there are: {known}.")
    return found


def as_pipeline(found: Any) -> Pipeline:
    """What was loaded for a task, as a pipeline."""
    return GenerationPipeline(found) if isinstance(found, Model) else found
