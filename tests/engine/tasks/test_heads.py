"""An error names the task that a model is for."""

from __future__ import annotations

import pytest

from intab.engine.model_config import ModelConfig
from intab.engine.tasks.base import ArrayTask
from intab.engine.tasks.heads import task_of
from intab.engine.tasks.registry import TASKS
from intab.engine.tasks.text_generation import check_architecture
from intab.errors import UnsupportedModelError

MODELS = {
    "BertForTokenClassification": "token-classification",
    "RobertaForQuestionAnswering": "question-answering",
    "DebertaV2ForMaskedLM": "fill-mask",
    "XLMWithLMHeadModel": "fill-mask",
    "DistilBertForSequenceClassification": "text-classification",
    "GPT2LMHeadModel": "text-generation",
    "LlamaForCausalLM": "text-generation",
    "T5ForConditionalGeneration": "text2text-generation",
    "WhisperForConditionalGeneration": "automatic-speech-recognition",
    "ViTForImageClassification": "image-classification",
    "VitsModel": "text-to-audio",
    "MPNetModel": "feature-extraction",
}

HEADS = {
    name: tuple(task.heads)
    for name, task in TASKS.items()
    if isinstance(task, ArrayTask) and task.heads
}


@pytest.mark.parametrize("name", MODELS)
def test_what_an_architecture_is_for(name: str) -> None:
    assert task_of(name) == MODELS[name]


@pytest.mark.parametrize("task", HEADS)
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_another_task(task: str, name: str) -> None:
    config = ModelConfig({"architectures": [name]})
    if name.endswith(HEADS[task]):
        TASKS[task].check(config)
        return
    with pytest.raises(UnsupportedModelError) as caught:
        TASKS[task].check(config)
    assert f"its architecture is {name}, which is for {MODELS[name]}" in str(caught.value)
    assert str(caught.value).endswith(f"Choose one of …{HEADS[task][0]}.")


def test_a_decoder_s_refusal_names_the_task_too() -> None:
    with pytest.raises(UnsupportedModelError, match="which is for token-classification"):
        check_architecture({"architectures": ["BertForTokenClassification"]})


def test_an_architecture_that_nobody_knows() -> None:
    TASKS["fill-mask"].check(ModelConfig({}))
    with pytest.raises(UnsupportedModelError, match="its architecture is Mystery"):
        TASKS["fill-mask"].check(ModelConfig({"architectures": ["Mystery"]}))
