"""Makes templates.json: what transformers makes of whole chat templates and whole conversations.

    python tests/golden/make_templates.py        needs: transformers

The templates (templates/*.jinja) are our own, with the turns of phrase that published ones have:
tools as JSON and as signatures, results of tools, thoughts cut out, documents, pictures, guards.
Each is rendered for each conversation, or refused; a refusal is recorded with what it says.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import transformers
from jinja2 import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

HERE = Path(__file__).parent
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}


def say(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def call(name: str, arguments: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a town,\nnow or on a day.",
        "parameters": {
            "type": "object",
            "properties": {
                "town": {"type": "string", "description": "Its <name> & 'land'"},
                "days": {"type": "array", "items": {"type": "integer"}},
                "unit": {"type": ["string", "number"]},
                "more": {"type": "object", "additionalProperties": {"type": "boolean"}},
            },
            "required": ["town"],
        },
        "return": {"type": "number"},
    },
}
PLAIN = [
    say("user", "  Hello there, world. "),
    say("assistant", "Hi!\n"),
    say("user", "Bye, é 漢 🦊"),
]
CONVERSATIONS: dict[str, list[dict[str, Any]]] = {
    "plain": PLAIN,
    "system": [say("system", "Be <short> & kind."), *PLAIN],
    "one": [say("user", "Tell me a long and winding story")],
    "answered": [*PLAIN, say("assistant", "<think>\nlonger\n</think>\n\nGood bye")],
    "twice": [say("user", "a"), say("user", "b")],
    "tools": [
        say("system", "Ask."),
        say("user", "Weather?"),
        say("assistant", "Let me see.", tool_calls=[call("weather", {"town": "Köln", "n": [1]})]),
        say("tool", "12.5"),
        say("tool", '{"rain": true}'),
        say("assistant", "Wet.", reasoning_content="\n12 is cold\n", tool_calls=[call("f", "{}")]),
    ],
    "blocks": [
        say("user", [{"type": "image"}, {"type": "text", "text": "What is it?"}]),
        say("assistant", [{"type": "text", "text": "A cat."}]),
        say("user", [{"type": "video"}, {"text": "And?"}, {"image_url": "x"}]),
    ],
}
DOCUMENTS = [{"title": "A", "text": "One\ntwo"}, {"title": "", "text": "  three  "}]
OPTIONS: list[dict[str, Any]] = [
    {"add_generation_prompt": True},
    {"add_generation_prompt": False, "enable_thinking": False, "add_vision_id": True},
    {
        "add_generation_prompt": True,
        "tools": [TOOL],
        "documents": DOCUMENTS,
        "enable_thinking": False,
    },
]


def main() -> None:
    """Render every template for every conversation."""
    templates = {path.stem: path.read_text("utf-8") for path in HERE.glob("templates/*.jinja")}
    cases = [
        {"template": name, "messages": talk, "options": at, **rendered(templates[name], talk, at)}
        for name in sorted(templates)
        for talk in CONVERSATIONS
        for at in range(len(OPTIONS))
    ]
    content = {
        "made": datetime.now(UTC).date().isoformat(),
        "transformers": transformers.__version__,
        "templates": templates,
        "conversations": CONVERSATIONS,
        "options": OPTIONS,
        "cases": cases,
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=False)
    (HERE / "templates.json").write_text(text + "\n", encoding="utf-8")
    print(len(cases), "cases,", sum("refused" in case for case in cases), "refused")


def rendered(template: str, talk: str, at: int) -> dict[str, str]:
    """The text, or why there is none."""
    messages = json.loads(json.dumps(CONVERSATIONS[talk]))
    try:
        [text], _ = render_jinja_template(
            [messages], chat_template=template, **OPTIONS[at], **SPECIAL
        )
    except (TemplateError, TypeError, AttributeError) as exc:
        return {"refused": str(exc)}
    return {"text": text}


if __name__ == "__main__":
    main()
