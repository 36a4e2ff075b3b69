"""Makes chat.json: what transformers makes of chat templates, and of functions as tools.

    python tests/golden/make_chat.py        needs: transformers

The templates are short, each with one habit of templates in the wild.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import transformers
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers.utils import get_json_schema

from tests.engine.support.tools import REFUSED, TOOLS

TARGET = Path(__file__).with_name("chat.json")

PLAIN = (
    "{{ bos_token }}{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{{ eos_token }}\n"
    "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)
TRIMMED = (
    "{%- for m in messages %}\n    {{- '[' + m.role + ']' + m.content | trim + '[/]' }}\n"
    "{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '[assistant]' }}\n{%- endif %}\n"
)
BLOCKS = (
    "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}"
    "{% for b in m.content %}{{ b.text if b.type == 'text' else '<image>' }}{% endfor %}"
    "{% endif %}|{% endfor %}"
)
TOOLED = (
    "{% if tools %}{{ tools | tojson(indent=2) }}{% endif %}"
    "{% for m in messages %}{{ m.content }}"
    "{% for call in m.tool_calls or [] %}{{ call.function.name }}"
    "({{ call.function.arguments | tojson }}){% endfor %};{% endfor %}"
)
REASONED = (
    "{% for m in messages %}{{ m.role }}:{% if m.reasoning_content is defined %}"
    "<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}/{{ m.thinking }}\n"
    "{% endfor %}"
)
GENERATION = (
    "{% set x = 1 %}{% for m in messages %}{% generation %}{% set x = 2 %}{{ m.content }}{{ x }}"
    "{% endgeneration %}{{ x }}{% endfor %}"
)
HELPERS = (
    "{% set ns = namespace(n=0, last='') %}{% for m in messages %}{% set ns.n = ns.n + 1 %}"
    "{% set ns.last = m.role %}{% if loop.index0 == 2 %}{% break %}{% endif %}{% endfor %}"
    "{{ ns.n }}{{ ns.last }}{{ dict(a=1, b=[2]) | tojson }}{{ {'<é>': none} | tojson }}"
    "{{ ['b', 'a'] | sort | join(', ') }}{{ '%s-%03d' | format('x', 7) }}{{ 'a' ~ 1 ~ none }}"
    "{{ '%s %d' % ('y', 3) }}{{ '{0} {k!r:>5}'.format(1, k='z') }}{{ ('x' * 3) | upper }}"
    "{{ messages[1:] | length }}{{ messages[0].content[::-1] }}{{ messages | map(attribute='role') "
    "| unique | list }}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}"
)
MACROS = (
    "{% macro kind(s) %}{% if s.items is defined and s['items'] %}[{{ kind(s['items']) }}]"
    "{% else %}{{ s.type }}{% endif %}{% endmacro %}{% macro wrap() %}({{ caller() }})"
    "{% endmacro %}{% for t in tools %}{{ t.function.name }}:"
    "{% for name, p in t.function.parameters.properties.items() %}{{ name }}={{ kind(p) }}, "
    "{% endfor %}{% endfor %}{% call wrap() %}x{% endcall %}{% set y %}{{ 1 }}{{ 2 }}{% endset %}"
    "{{ y | int + 1 }}"
)
PRINTS = "{{ tools }}|{{ tools | string }}|{{ documents }}|{{ custom }}|{{ missing }}|{{ none }}"

USER = {"role": "user", "content": "Hello"}
TALK = [
    {"role": "system", "content": "Be <kind> & short."},
    {"role": "user", "content": "  Hi! 'ü'\n"},
    {"role": "assistant", "content": "Hello there.  ", "tool_calls": None},
    {"role": "user", "content": "Bye"},
]
OPEN = [USER, {"role": "assistant", "content": "Once upon "}]
MEDIA = [
    {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it? "}]},
    {"role": "assistant", "content": [{"type": "text", "text": "A cat "}, {"type": "image"}]},
]
CALLS = [
    USER,
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"a": [1]}}}],
    },
]
THOUGHT = [
    {"role": "user", "content": "2+2?", "reasoning": None},
    {"role": "assistant", "content": "4", "reasoning": "easy "},
    {"role": "assistant", "content": "4", "thinking": "hard"},
]
SCHEMA = {
    "type": "function",
    "function": {
        "name": "f",
        "description": "'F' \"f\"",
        "parameters": {
            "type": "object",
            "properties": {
                "a": {"type": "array", "items": {"type": "integer"}},
                "b": {"type": "string"},
            },
        },
    },
}
NAMED = {"default": "D{{ messages[0].content }}", "tool_use": "T{{ tools | length }}", "rag": "R"}
ON = {"add_generation_prompt": True}

CASES: list[tuple[str, Any, list[Any], dict[str, Any]]] = [
    ("plain", PLAIN, TALK, ON),
    ("plain without prompt", PLAIN, TALK, {"add_generation_prompt": False}),
    ("trimmed", TRIMMED, TALK, ON),
    ("blocks of content", BLOCKS, MEDIA, ON),
    ("tools", TOOLED, CALLS, {**ON, "tools": [SCHEMA]}),
    ("no tools", TOOLED, CALLS, ON),
    ("reasoning", REASONED, THOUGHT, ON),
    ("generation", GENERATION, TALK, ON),
    ("helpers", HELPERS, TALK, ON),
    ("macros", MACROS, [USER], {**ON, "tools": [SCHEMA]}),
    ("prints", PRINTS, [USER], {**ON, "tools": [SCHEMA], "documents": [{"title": "t"}]}),
    ("own names", PRINTS, [USER], {**ON, "custom": {"a": [True, None, 1.5]}}),
    ("continue", PLAIN, OPEN, {"continue_final_message": True}),
    ("continue trimmed", TRIMMED, OPEN, {"continue_final_message": True}),
    ("continue blocks", BLOCKS, MEDIA, {"continue_final_message": True}),
    ("continue reasoning", REASONED, THOUGHT[:2], {"continue_final_message": "reasoning"}),
    ("continue thinking", REASONED, THOUGHT, {"continue_final_message": "thinking"}),
    ("named", NAMED, [USER], ON),
    ("named, tools", NAMED, [USER], {**ON, "tools": [SCHEMA]}),
    ("named by name", NAMED, [USER], {**ON, "chat_template": "rag"}),
    ("its own template", NAMED, [USER], {**ON, "chat_template": "X{{ messages[0].role }}"}),
]


def main() -> None:
    """Record every case."""
    cases = [_case(*case) for case in CASES]
    schemas = {name: get_json_schema(tool) for name, tool in TOOLS.items()}
    for tool in REFUSED.values():
        _must_refuse(tool)
    recorded = {
        "made": datetime.now(UTC).date().isoformat(),
        "transformers": transformers.__version__,
        "cases": cases,
        "schemas": schemas,
    }
    TARGET.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _case(name: str, template: Any, messages: list[Any], options: dict[str, Any]) -> Any:
    backend = Tokenizer(WordLevel({"<s>": 0, "</s>": 1}, unk_token="<s>"))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        eos_token="</s>",
    )
    tokenizer.chat_template = template
    text = tokenizer.apply_chat_template(messages, tokenize=False, **options)
    templates = template if isinstance(template, dict) else {"default": template}
    return {
        "name": name,
        "templates": templates,
        "messages": messages,
        "options": options,
        "text": text,
    }


def _must_refuse(tool: Any) -> None:
    try:
        get_json_schema(tool)
    except Exception:  # noqa: BLE001 - each has its own
        return
    raise SystemExit(f"transformers has a schema for {tool.__name__}")


if __name__ == "__main__":
    main()
