"""Which file says how pictures are made, and what classes are called."""

from __future__ import annotations

import json
from typing import Any

from intab.engine.tasks.image_task import processor_of
from intab.engine.tasks.plain_network import labels_of
from intab.engine.text.assets import Texts
from tests.engine.support.pipelines import SETTINGS, word_tokenizer

NESTED, ALONE = "processor_config.json", "preprocessor_config.json"
VIT = {"image_processor_type": "ViTImageProcessor"}


def texts(config: dict[str, Any], **files: Any) -> Texts:
    more = {f"{name}_config.json": json.dumps(value) for name, value in files.items()}
    return Texts(word_tokenizer(SETTINGS), config, {}, SETTINGS, {}, more)


def sizes(found: Texts) -> Any:
    processor = processor_of(found)
    return processor and processor.settings["size"]


def test_the_nested_file_wins_as_in_transformers() -> None:
    alone = {**VIT, "size": 32}
    both = texts({}, preprocessor=alone, processor={"image_processor": {**VIT, "size": 16}})
    assert sizes(both) == {"height": 16, "width": 16}
    older = texts({}, preprocessor=alone, processor={"processor_class": "CLIPProcessor"})
    assert sizes(older) == {"height": 32, "width": 32}
    assert sizes(texts({})) is None


def test_what_timm_writes_into_config_json() -> None:
    found = texts({"pretrained_cfg": {"input_size": [3, 16, 16]}, "label_names": ["cat", "dog"]})
    assert sizes(found) == {"shortest_edge": 18}
    assert labels_of(found) == ["cat", "dog"]


def test_a_class_is_that_of_the_model_type_if_none_is_named() -> None:
    found = texts({"model_type": "detr"}, preprocessor={"size": 40, "max_size": 50})
    assert sizes(found) == {"shortest_edge": 40, "longest_edge": 50}
