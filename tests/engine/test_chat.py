"""Chat templates render as transformers renders them; what is wrong is said."""

from typing import Any

import pytest

from intab.engine.chat import find_template, render, special_tokens
from intab.errors import ChatTemplateError

HELLO = [{"role": "user", "content": "Hello"}]


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


def test_no_messages_and_no_template() -> None:
    with pytest.raises(ChatTemplateError, match="empty"):
        render("x", [], {})
    with pytest.raises(ChatTemplateError, match="no chat template"):
        render(None, HELLO, {})


def test_where_the_template_is_found() -> None:
    named = [{"name": "rag", "template": "R"}, {"name": "default", "template": "D"}]
    assert find_template({"chat_template": "A"}, None) == "A"
    assert find_template({"chat_template": "A"}, "FILE") == "FILE"
    assert find_template({"chat_template": named}, None) == "D"
    assert find_template({}, None) is None


def test_special_tokens_are_strings_or_added_tokens() -> None:
    config = {"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": None, "x": 1}
    assert special_tokens(config) == {"bos_token": "<s>", "eos_token": "</s>"}


def test_tools_and_documents_are_always_there() -> None:
    template = "{% if tools is none and documents is none %}none{% else %}{{ tools }}{% endif %}"
    assert render(template, HELLO, {}) == "none"
    assert render(template, HELLO, {}, tools=["f"]) == "['f']"


def test_a_generation_block_is_its_content() -> None:
    template = "{% generation %}{{ messages[0].content }}{% endgeneration %}!"
    assert render(template, HELLO, {}) == "Hello!"


@pytest.mark.parametrize("template", [[1], {"a": 1}, 5, [{"name": "x", "template": "y"}]])
def test_templates_that_are_none(template: Any) -> None:
    assert find_template({"chat_template": template}, None) is None
