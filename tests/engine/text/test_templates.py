"""Whole chat templates over whole conversations give transformers' text, or its refusal."""

import json
from typing import Any

import pytest

from intab.engine.text.chat_template import render
from intab.errors import ChatTemplateError
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden"
RECORDED: dict[str, Any] = json.loads((GOLDEN / "templates.json").read_text("utf-8"))
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}


def rendered(case: dict[str, Any]) -> str:
    templates = {"default": RECORDED["templates"][case["template"]]}
    options = RECORDED["options"][case["options"]]
    return render(templates, RECORDED["conversations"][case["messages"]], SPECIAL, **options)


@pytest.mark.parametrize("name", RECORDED["templates"])
def test_a_template_gives_what_transformers_gives(name: str) -> None:
    cases = [case for case in RECORDED["cases"] if case["template"] == name]
    for case in cases:
        if "refused" not in case:
            assert rendered(case) == case["text"], (case["messages"], case["options"])
    assert len(cases) == 21


@pytest.mark.parametrize("name", RECORDED["templates"])
def test_it_refuses_what_transformers_refuses(name: str) -> None:
    cases = [case for case in RECORDED["cases"] if case["template"] == name and "refused" in case]
    for case in cases:
        with pytest.raises(ChatTemplateError) as refusal:
            rendered(case)
        assert case["refused"] in str(refusal.value)


def test_the_templates_are_the_ones_in_the_folder() -> None:
    folder = GOLDEN / "templates"
    if folder.exists():  # inside a page there are only the recorded ones
        found = {path.stem: path.read_text("utf-8") for path in folder.glob("*.jinja")}
        assert found == RECORDED["templates"]
