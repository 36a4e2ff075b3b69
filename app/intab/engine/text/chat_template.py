"""Chat messages to a prompt, by the model's own Jinja template.

What the template is given is what transformers' apply_chat_template gives it, so that the text is
the same to the character:
https://github.com/huggingface/transformers/blob/main/src/transformers/utils/chat_template_utils.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from intab.engine.io.small_files import parse_object
from intab.engine.io.untrusted import load_json, shown
from intab.engine.text.plain_values import plain
from intab.errors import ChatTemplateError

Message = Mapping[str, Any]
Templates = Mapping[str, str]
Tool = Mapping[str, Any] | Callable[..., Any]

# The names a message's reasoning goes by; templates read the first, gpt-oss's the second.
_REASONING = ("reasoning_content", "thinking", "reasoning")
_TAG = "CONTINUE_FINAL_MESSAGE_TAG "
LEGACY = "chat_template.json"
_INPUTS = ("messages", "prompt")


def render(
    templates: Templates,
    messages: Sequence[Message],
    special: Mapping[str, str],
    *,
    tools: Sequence[Tool] | str | None = None,
    documents: Sequence[Mapping[str, Any]] | None = None,
    chat_template: str | None = None,
    add_generation_prompt: bool | None = None,
    continue_final_message: bool | str = False,
    **context: Any,
) -> str:
    """The text of `messages`; arguments are those of transformers' apply_chat_template.

    templates: the model's, by name; `chat_template` is one's name or a template itself. Left out,
        it is "tool_use" if there are tools and such a template, else "default".
    special: bos_token and the like, the tokenizer's special_tokens_map.
    tools: JSON schemas, or functions with annotations and a docstring (see `get_json_schema`). A
        JSON text of a list of schemas stays as it is, also if a template prints it.
    documents: dicts, usually with a title and a text.
    add_generation_prompt: whether the beginning of an answer follows; left out, it does unless the
        last message is to be continued.
    continue_final_message: True leaves the last message open, so that the model goes on with it; a
        string names the field to go on with.
    context: whatever else the template knows.

    Raises ChatTemplateError if there is no template, it is not valid, it refuses the messages
    or takes more than a template may (template_budget.py).
    """
    chosen = choose_template(templates, chat_template, tools is not None)
    check_messages(messages)
    if not isinstance(continue_final_message, bool | str):
        raise ChatTemplateError(
            f"continue_final_message must be True, False or a field's name, "
            f"not {continue_final_message!r}."
        )
    if continue_final_message and add_generation_prompt:
        raise ChatTemplateError(
            "continue_final_message goes on with the last message, add_generation_prompt begins "
            "a new one: leave one of the two out."
        )
    chat = [_message(message) for message in messages]
    field = "content" if continue_final_message is True else continue_final_message or ""
    final = _open(chat[-1], field, chosen) if field else ""
    names = {
        **special,
        **plain(context),
        "messages": chat,
        "tools": _schemas(tools),
        "documents": _documents(documents),
        "add_generation_prompt": not field
        if add_generation_prompt is None
        else add_generation_prompt,
    }
    text = _rendered(chosen, names)
    return _cut(text, final) if field else text


def _rendered(template: str, names: Mapping[str, Any]) -> str:
    # Imported here: Jinja and its sandbox take a browser half as long as all else, and a page that
    # only continues a text has no template.
    import jinja2

    from intab.engine.text.template_sandbox import render_template

    try:
        return render_template(template, names)
    except ChatTemplateError:
        raise
    except jinja2.TemplateError as exc:
        raise ChatTemplateError(f"The model's chat template refused the messages: {exc}") from exc
    except Exception as exc:  # a template is a program, and may fail in any way
        raise ChatTemplateError(
            f"The model's chat template failed on these messages ({exc}): "
            "check each message's role and content."
        ) from exc


def check_messages(messages: Sequence[Message]) -> None:
    """ChatTemplateError unless each message is a dict with a role."""
    if not isinstance(messages, Sequence):
        raise ChatTemplateError(f"Messages must be a list of dicts, not {messages!r}.")
    if not messages:
        raise ChatTemplateError("The list of messages is empty: add one with a role and content.")
    for number, message in enumerate(messages):
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            raise ChatTemplateError(
                f"Message {number} must be a dict such as "
                f'{{"role": "user", "content": "Hello"}}, not {message!r}.'
            )


def check_context(context: Mapping[str, Any]) -> None:
    """ChatTemplateError for what a template is given, and no context can say otherwise."""
    if taken := [name for name in _INPUTS if name in context]:
        raise ChatTemplateError(
            f"{taken[0]} is what the chat template gets of the prompt: call it something else in "
            "chat_template_kwargs."
        )


def choose_template(templates: Templates, wanted: str | None, tools: bool) -> str:
    """The template to use; ChatTemplateError names those there are."""
    if wanted is not None and not isinstance(wanted, str):
        raise ChatTemplateError(f"chat_template must be a template or its name, not {wanted!r}.")
    if wanted is not None:
        return templates.get(wanted) or _template_itself(wanted, templates)
    if not templates:
        raise ChatTemplateError(
            "The model has no chat template: pass the prompt as a string instead of messages, "
            "or a chat_template."
        )
    name = "tool_use" if tools and "tool_use" in templates else "default"
    if name not in templates:
        raise ChatTemplateError(
            f"The model has several chat templates and no default: pass chat_template, "
            f"one of {', '.join(sorted(templates))}."
        )
    return templates[name]


def _template_itself(text: str, templates: Templates) -> str:
    if "{" in text:
        return text
    have = ", ".join(sorted(templates)) or "none"
    raise ChatTemplateError(f"The model has no chat template {text!r}; it has: {have}.")


def find_templates(config: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, str]:
    """A model's templates by name.

    files: the contents of chat_template.jinja, additional_chat_templates/NAME.jinja and
        chat_template.json, if they are there. The .jinja files win over tokenizer_config.json's
        `chat_template` (one, a list of named ones, or a dict), that over chat_template.json's.
    """
    jinja = {_name(path): text for path, text in files.items() if path.endswith(".jinja")}
    if jinja:
        return jinja
    legacy = parse_object(files.get(LEGACY, "{}"), LEGACY)
    return _named(config.get("chat_template")) or _named(legacy.get("chat_template"))


def _name(path: str) -> str:
    name = path.rpartition("/")[2].removesuffix(".jinja")
    return "default" if name == "chat_template" else name


def _named(value: object) -> dict[str, str]:
    if isinstance(value, str):
        return {"default": value}
    if isinstance(value, list):
        entries = [entry for entry in value if isinstance(entry, Mapping)]
        value = {entry.get("name"): entry.get("template") for entry in entries}
    if not isinstance(value, Mapping):
        return {}
    return {k: v for k, v in value.items() if isinstance(k, str) and isinstance(v, str)}


class JsonTools(list[Any]):
    """Tools that print as the JSON text they were given in."""

    def __init__(self, text: str) -> None:
        value = load_json(text)
        if not isinstance(value, list):
            raise TypeError(f"it is {shown(value)}")
        super().__init__(value)
        self._text = text

    def __str__(self) -> str:
        return self._text


def _schemas(tools: Sequence[Tool] | str | None) -> list[Any] | None:
    if tools is None:
        return None
    if isinstance(tools, str):
        try:
            return JsonTools(tools)
        except (ValueError, TypeError) as exc:
            raise ChatTemplateError(f"tools is not a list in JSON: {exc}") from exc
    return [_schema(tool) for tool in _listed("tools", tools)]


def _listed(name: str, value: Any) -> Iterable[Any]:
    """The value of an option that is a list; ChatTemplateError for one thing alone."""
    if isinstance(value, (Mapping, str)) or not isinstance(value, Iterable):
        kind = type(value).__name__
        raise ChatTemplateError(f"{name} must be a list, not {kind}: put it into a list.")
    return value


def _schema(tool: Tool) -> Any:
    if isinstance(tool, Mapping):
        return plain(tool)
    if callable(tool):
        from intab.engine.text.tool_schema import get_json_schema  # as rare as tools are

        return get_json_schema(tool)
    raise ChatTemplateError(f"A tool is a JSON schema or a function, not {tool!r}.")


def _documents(documents: Sequence[Mapping[str, Any]] | None) -> Any:
    given = None if documents is None else [*_listed("documents", documents)]
    for document in given or ():
        if not isinstance(document, Mapping):
            raise ChatTemplateError(f"A document is a dict with a title and a text: {document!r}.")
    return plain(given)


def _message(message: Message) -> dict[str, Any]:
    """A copy for the template: None is left out, reasoning is under every usual name."""
    chat = plain({key: value for key, value in message.items() if value is not None})
    reasoning = next((chat[name] for name in _REASONING if name in chat), None)
    if reasoning is None:
        return dict(chat)
    return {"thinking": reasoning, **chat, "reasoning_content": reasoning}


def _open(message: dict[str, Any], field: str, template: str) -> str:
    """Mark where the last message ends; the text that the model goes on with."""
    final = message.get(field)
    same = [name for name in _REASONING if field in _REASONING and message.get(name) == final]
    same = same or [field]
    if final is None or not any(name in template for name in same):
        where = "the last message" if final is None else "the chat template"
        raise ChatTemplateError(f"continue_final_message: {where} has no {field!r} to go on with.")
    if isinstance(final, list):
        return _open_block(final)
    if not isinstance(final, str):
        raise ChatTemplateError(
            f"continue_final_message: the last message's {field!r} is no text, but {shown(final)}."
        )
    for name in same:
        message[name] = final + _TAG
    return final


def _open_block(blocks: list[Any]) -> str:
    for block in reversed(blocks):
        if isinstance(block, dict) and "text" in block:
            text = str(block["text"])
            block["text"] = text + _TAG
            return text
    raise ChatTemplateError("continue_final_message: the last message has no text to go on with.")


def _cut(text: str, final: str) -> str:
    """Up to the mark; a template that strips messages strips what stands before the mark too."""
    at = text.rfind(_TAG.strip())
    if at < 0 or final.strip() not in text:
        raise ChatTemplateError(
            "continue_final_message: the chat template leaves parts of the last message out, "
            "so there is nothing to go on with."
        )
    return text[:at] if text.startswith(_TAG, at) else text[:at].rstrip()
