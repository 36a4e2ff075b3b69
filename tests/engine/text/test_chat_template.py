"""Chat templates render as transformers renders them; what is wrong is said."""

import enum
import json
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

from intab.engine.text import chat_template as chat
from intab.engine.text.chat_template import find_templates
from intab.engine.text.plain_values import plain
from intab.errors import ChatTemplateError
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "chat.json"
RECORDED: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))

HELLO = [{"role": "user", "content": "Hello"}]


def render(template: str, messages: Any, special: dict[str, str], **context: Any) -> str:
    return chat.render({"default": template}, messages, special, **context)


def test_messages_special_tokens_and_the_generation_prompt() -> None:
    template = "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %}"
    template += "{% if add_generation_prompt %}>{% endif %}"
    assert render(template, HELLO, {"bos_token": "<s>"}) == "<s>Hello>"
    assert render(template, HELLO, {"bos_token": "<s>"}, add_generation_prompt=False) == "<s>Hello"


def test_blocks_are_trimmed_as_in_transformers() -> None:
    template = "{% for m in messages %}\n    {% if true %}\n{{ m.content }}\n    {% endif %}\n"
    template += "{% endfor %}\n"
    assert render(template, HELLO, {}) == "Hello\n"


def test_loop_controls_and_tojson_without_html_escapes() -> None:
    template = "{% for m in messages %}{{ m | tojson }}{% break %}{% endfor %}"
    content = [{"role": "user", "content": "<é>&'"}]
    assert render(template, content, {}) == '{"role": "user", "content": "<é>&\'"}'


def test_strftime_now_gives_the_date() -> None:
    assert len(render("{{ strftime_now('%Y-%m-%d') }}", HELLO, {})) == len("2026-01-01")


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ raise_exception('only one system message') }}", "only one system message"),
        ("{% for", "refused"),
        ("{{ messages[0].content + 1 }}", "failed on these messages"),
        ("{{ messages.append(1) }}", "refused"),
        ("{{ 1 // 0 }}", "failed on these messages"),
    ],
)
def test_a_template_that_fails_says_so(template: str, says: str) -> None:
    with pytest.raises(ChatTemplateError, match=says):
        render(template, HELLO, {})


@pytest.mark.parametrize("messages", [["Hello"], [{"content": "x"}], [{"role": 1}]])
def test_wrong_messages_are_named(messages: list[Any]) -> None:
    with pytest.raises(ChatTemplateError, match="Message 0 must be a dict"):
        render("x", messages, {})


def test_messages_and_a_template_of_another_kind() -> None:
    with pytest.raises(ChatTemplateError, match="must be a list of dicts, not 5"):
        render("x", cast("Any", 5), {})
    with pytest.raises(ChatTemplateError, match="must be a template or its name, not 5"):
        chat.render({}, HELLO, {}, chat_template=cast("Any", 5))


def test_no_messages_and_no_template() -> None:
    with pytest.raises(ChatTemplateError, match="empty"):
        render("x", [], {})
    with pytest.raises(ChatTemplateError, match="no chat template"):
        chat.render({}, HELLO, {})


def test_where_the_templates_are_found() -> None:
    named = [{"name": "rag", "template": "R"}, {"name": "default", "template": "D"}]
    jinja = {"chat_template.jinja": "J", "additional_chat_templates/tool_use.jinja": "T"}
    legacy = {"chat_template.json": '{"chat_template": "L"}'}
    assert find_templates({"chat_template": "A"}, {}) == {"default": "A"}
    assert find_templates({"chat_template": named}, legacy) == {"rag": "R", "default": "D"}
    assert find_templates({"chat_template": {"default": "E"}}, {}) == {"default": "E"}
    assert find_templates({"chat_template": "A"}, jinja) == {"default": "J", "tool_use": "T"}
    assert find_templates({}, legacy) == {"default": "L"}
    assert find_templates({}, {}) == {}


def test_a_name_that_no_template_has() -> None:
    with pytest.raises(ChatTemplateError, match="no chat template 'rag'; it has: a, b"):
        chat.render({"a": "A", "b": "B"}, HELLO, {}, chat_template="rag")
    with pytest.raises(ChatTemplateError, match="no default: pass chat_template, one of a, b"):
        chat.render({"b": "B", "a": "A"}, HELLO, {})


def test_tools_and_documents_are_always_there() -> None:
    template = "{% if tools is none and documents is none %}none{% else %}{{ tools }}{% endif %}"
    assert render(template, HELLO, {}) == "none"
    assert render(template, HELLO, {}, tools=[{"f": 1}]) == "[{'f': 1}]"


def test_a_generation_block_is_its_content() -> None:
    template = "{% generation %}{{ messages[0].content }}{% endgeneration %}!"
    assert render(template, HELLO, {}) == "Hello!"


@pytest.mark.parametrize("template", [[1], {"a": 1}, 5, [{"name": "x"}]])
def test_templates_that_are_none(template: Any) -> None:
    assert find_templates({"chat_template": template}, {}) == {}


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: case["name"])
def test_the_text_is_transformers_s(case: dict[str, Any]) -> None:
    special = {"bos_token": "<s>", "eos_token": "</s>"}
    before = json.dumps(case["messages"])
    text = chat.render(case["templates"], case["messages"], special, **case["options"])
    assert text == case["text"]
    assert json.dumps(case["messages"]) == before


def test_tools_in_json_are_printed_as_they_were_given() -> None:
    """transformers prints a list of dicts as Python does, which some models never saw."""
    text = '[{"name": "f"}]'
    assert render("{{ tools }}{{ tools | string }}", HELLO, {}, tools=text) == text * 2
    assert render("{{ tools[0].name }}{{ tools | tojson }}", HELLO, {}, tools=text) == f"f{text}"
    assert render("{{ tools }}", HELLO, {}, tools=json.loads(text)) == "[{'name': 'f'}]"


def test_a_function_is_a_tool() -> None:
    def add(a: int) -> int:
        """Add one.

        Args:
            a: a number
        """
        return a + 1

    assert render("{{ tools[0].function.name }}", HELLO, {}, tools=[add]) == "add"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tools": "f"}, "tools is not a list in JSON"),
        ({"tools": '{"a": 1}'}, "tools is not a list in JSON: it is {'a': 1}"),
        ({"tools": ["f"]}, "A tool is a JSON schema or a function, not 'f'"),
        ({"documents": ["d"]}, "A document is a dict"),
        ({"continue_final_message": True, "add_generation_prompt": True}, "leave one of the two"),
        ({"continue_final_message": "thinking"}, "the last message has no 'thinking'"),
        ({"continue_final_message": "name"}, "the chat template has no 'name'"),
        ({"continue_final_message": [1]}, r"or a field's name, not \[1\]"),
    ],
)
def test_what_cannot_be_rendered_is_said(wrong: dict[str, Any], says: str) -> None:
    messages = [{"role": "user", "content": "x", "name": "y"}]
    with pytest.raises(ChatTemplateError, match=says):
        render("{{ messages[0].content }}", messages, {}, **wrong)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Once", "leaves parts"),
        ([{"type": "image"}], "no text to go on with"),
        ({"a": 1}, "'content' is no text, but {'a': 1}"),
    ],
)
def test_a_last_message_that_cannot_be_continued(content: Any, says: str) -> None:
    messages = [{"role": "assistant", "content": content}]
    with pytest.raises(ChatTemplateError, match=says):
        render("no content {{ 1 }}", messages, {}, continue_final_message=True)


class Role(enum.StrEnum):
    USER = "user"


@dataclass
class Picture:
    name: str
    pixels: Any


def test_templates_see_plain_types_only() -> None:
    given = {"a": Role.USER, "b": Picture("p", object()), "c": np.float32(0.5), "d": (True, {1})}
    made = plain(given)
    assert made == {
        "a": "user",
        "b": {"name": "p", "pixels": "<object>"},
        "c": 0.5,
        "d": (True, "<set>"),
    }
    assert type(made["a"]) is str
    assert type(made["c"]) is float
