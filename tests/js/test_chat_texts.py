"""What the chat view makes of words, by the very modules that the page uses, run by Node."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from tests.support.node import run_node

PROGRAM = """
import * as program from "./app/page/chat/program.mjs";
import * as thoughts from "./app/page/chat/thoughts.mjs";
import * as hub from "./app/page/models/hub.mjs";
const [name, ...given] = JSON.parse(process.argv[1]);
if (name === "describe") given.push((bytes) => `${bytes} B`);
console.log(JSON.stringify({ ...program, ...thoughts, ...hub }[name](...given)));
"""
WORDS = ["", "plain", "two\nlines\n", '"""\\', "{x} %s", "\u2028\u2029\r\0\t", "\U0001f98a ü", "\n"]


def made(name: str, *given: Any) -> Any:
    return run_node(PROGRAM, [name, *given])


def test_words_stand_in_the_program_as_they_were_written() -> None:
    turns = [{"role": "user", "text": words} for words in WORDS]
    given = {"model": "org/name", "task": "chat", "system": 'Say "yes".', "turns": turns}
    tree = ast.parse(made("programOf", given), mode="exec", feature_version=(3, 12))
    [listed] = [node.value for node in tree.body if _sets(node, "messages")]
    first, *rest = ast.literal_eval(listed)
    assert first == {"role": "system", "content": 'Say "yes".'}
    assert [message["content"] for message in rest] == WORDS


def _sets(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name


def test_a_story_goes_on_with_all_of_its_text() -> None:
    turns = [("user", "A fox ran."), ("assistant", " It fell."), ("user", "Then"), ("user", ", so")]
    given = [{"role": role, "text": text} for role, text in turns]
    assert made("textOf", given) == "A fox ran. It fell. Then, so"
    story = {"model": "default", "task": "story", "system": "", "turns": given}
    assert 'text = "A fox ran. It fell. Then, so"\n' in made("programOf", story)


@pytest.mark.parametrize(
    ("text", "thoughts", "answer", "thinking"),
    [
        ("Yes.", "", "Yes.", False),
        ("<think>\nHm", "Hm", "", True),
        ("<think>\nHm\n</think>\n\nYes.", "Hm", "Yes.", False),
        ("Hm\n</think>\nYes.", "Hm", "Yes.", False),
        ("a <think> b", "", "a <think> b", False),
    ],
)
def test_thoughts_are_told_from_the_answer(
    text: str, thoughts: str, answer: str, thinking: bool
) -> None:
    assert made("split", text) == {"thoughts": thoughts, "answer": answer, "thinking": thinking}


def test_what_the_hub_says_of_a_model() -> None:
    sizes = {"onnx/model_q4f16.onnx": 5, "onnx/model_quantized.onnx": 7, "onnx/model.onnx": 1}
    sizes |= {"onnx/model.onnx_data": 20, "config.json": 3, "onnx/embed_tokens.onnx": 9}
    files = [{"rfilename": name, "size": size} for name, size in sizes.items()]
    facts = {"siblings": files, "cardData": {"license": "mit"}, "pipeline_tag": "text-generation"}
    model = made("describe", "org/name", facts)["model"]
    assert model["sizes"] == "q4f16 5 B, q8 7 B, fp32 21 B"
    assert (model["bytes"], model["licence"]) == (5, "mit")
    assert "access token" in made("describe", "a/b", {**facts, "gated": "auto"})["model"]["is"]
    assert "no ONNX files" in made("describe", "a/b", {"siblings": []})["error"]
    other = {**facts, "pipeline_tag": "image-classification"}
    assert "for image classification, not for text" in made("describe", "a/b", other)["error"]
