"""Which task an architecture of config.json is for, so that an error can name it.

>>> task_of("BertForTokenClassification")
'token-classification'
"""

from __future__ import annotations

from collections.abc import Sequence

from intab.engine.model_config import ModelConfig
from intab.errors import UnsupportedModelError

_TASKS = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMaskedLM": "fill-mask",
    "WithLMHeadModel": "fill-mask",
    "ForPreTraining": "fill-mask",
    "ForCausalLM": "text-generation",
    "LMHeadModel": "text-generation",
    "WhisperForConditionalGeneration": "automatic-speech-recognition",
    "MoonshineForConditionalGeneration": "automatic-speech-recognition",
    "ForSpeechSeq2Seq": "automatic-speech-recognition",
    "ForCTC": "automatic-speech-recognition",
    "ForAudioClassification": "audio-classification",
    "ForImageClassification": "image-classification",
    "OwlViTForObjectDetection": "zero-shot-object-detection",
    "Owlv2ForObjectDetection": "zero-shot-object-detection",
    "GroundingDinoForObjectDetection": "zero-shot-object-detection",
    "ForObjectDetection": "object-detection",
    "SegmentationModel": "image-segmentation",
    "ForSemanticSegmentation": "image-segmentation",
    "DetrForSegmentation": "image-segmentation",
    "ForInstanceSegmentation": "image-segmentation",
    "ForUniversalSegmentation": "image-segmentation",
    "ForDepthEstimation": "depth-estimation",
    "Idefics3ForConditionalGeneration": "image-text-to-text",
    "SmolVLMForConditionalGeneration": "image-text-to-text",
    "ForConditionalGeneration": "text2text-generation",
    "MTModel": "text2text-generation",
    "VisionEncoderDecoderModel": "image-to-text",
    "ForMultipleChoice": "multiple-choice",
    "VitsModel": "text-to-audio",
    "ClapModel": "zero-shot-audio-classification",
    "Model": "feature-extraction",
}


def task_of(architecture: str) -> str:
    """The task's name as in transformers, "" if the name tells none."""
    return next((task for end, task in _TASKS.items() if architecture.endswith(end)), "")


def check_heads(does: str, heads: Sequence[str], config: ModelConfig) -> None:
    """UnsupportedModelError unless an architecture has one of these endings, or there is none."""
    name = config.architecture
    if not heads or not name or name.endswith(tuple(heads)):
        return
    raise UnsupportedModelError(
        f"This model does not {does}: its architecture is {name}{use_of(name)}. Choose one of "
        f"…{heads[0]}."
    )


def use_of(architecture: str) -> str:
    """The end of a sentence: what it is for, "" if that is not known."""
    task = task_of(architecture)
    return f", which is for {task}" if task else ""
