"""Chat messages to a prompt, by the model's own Jinja template.

The environment is the one transformers uses (immutable sandbox, trimmed blocks, the same helpers),
so that the text is the same to the character:
https://github.com/huggingface/transformers/blob/main/src/transformers/utils/chat_template_utils.py
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from intab.errors import ChatTemplateError

Message = Mapping[str, Any]
# What every template may count on, as in transformers' apply_chat_template; only the prompt for
# the answer is on here, since generating is what we render for.
DEFAULTS = {"tools": None, "documents": None, "add_generation_prompt": True}


def render(
    template: str | None, messages: Sequence[Message], special: Mapping[str, str], **context: Any
) -> str:
    """Render `messages` with `template`; `special` gives bos_token and the like.

    `context` are the template's further names, tools and documents among them. Raises
    ChatTemplateError where there is no template, it is not valid, or it refuses the messages.
    """
    if template is None:
        raise ChatTemplateError(
            "The model has no chat template: pass the prompt as a string instead of messages."
        )
    check_messages(messages)
    names = {**DEFAULTS, **special, **context, "messages": list(messages)}
    try:
        return _environment().from_string(template).render(names)
    except jinja2.TemplateError as exc:
        raise ChatTemplateError(f"The model's chat template refused the messages: {exc}") from exc
    except Exception as exc:  # a template is a program, and may fail in any way
        raise ChatTemplateError(
            f"The model's chat template failed on these messages ({exc}): "
            "check each message's role and content."
        ) from exc


def check_messages(messages: Sequence[Message]) -> None:
    """ChatTemplateError unless each message is a dict with a role."""
    if not messages:
        raise ChatTemplateError("The list of messages is empty: add one with a role and content.")
    for number, message in enumerate(messages):
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            raise ChatTemplateError(
                f"Message {number} must be a dict such as "
                f'{{"role": "user", "content": "Hello"}}, not {message!r}.'
            )


def find_template(config: Mapping[str, Any], file: str | None) -> str | None:
    """The model's template: chat_template.jinja, else tokenizer_config.json's (default of many)."""
    if file is not None:
        return file
    template = config.get("chat_template")
    if isinstance(template, list):
        named = {e.get("name"): e.get("template") for e in template if isinstance(e, Mapping)}
        template = named.get("default")
    return template if isinstance(template, str) else None


def special_tokens(config: Mapping[str, Any]) -> dict[str, str]:
    """bos_token, eos_token ... of tokenizer_config.json, as plain strings."""
    tokens = {}
    for name in ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token"):
        value = config.get(name)
        content = value.get("content") if isinstance(value, Mapping) else value
        if isinstance(content, str):
            tokens[name] = content
    return tokens


class GenerationBlock(Extension):
    """{% generation %}...{% endgeneration %} marks the model's words for training: text here."""

    tags = {"generation"}  # noqa: RUF012 - as Jinja declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The block's own content."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", GenerationBlock],
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    # Jinja's own filter escapes <, > and & for HTML, which a prompt must not.
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _strftime_now(pattern: str) -> str:
    return datetime.now().strftime(pattern)
