"""What others wrote is judged before it is used: it is read, or one of our errors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intab.engine.io.small_files import parse_object
from intab.engine.io.untrusted import MOST_LEVELS, check_levels, load_json
from intab.engine.storage.records import parse_record
from intab.engine.text.chat_template import find_templates, render
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.worker.messages import decode
from intab.errors import ChatTemplateError, ManifestError
from tests.engine.support.junk import tried

AWKWARD = st.sampled_from(["[", "]", "{", '"', "\\", '\\"', "]]]\\", "\ud800", "ü", "\n", ""])
TEXTS = AWKWARD | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
DEEP = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"


def nested(levels: int, value: Any) -> str:
    """A list in a list, so many, and a value in the last."""
    return "[" * levels + json.dumps(value) + "]" * levels


@tried(100)
@given(JSON, st.booleans())
def test_what_is_not_deep_is_read(value: Any, ascii_only: bool) -> None:
    assert load_json(json.dumps(value, ensure_ascii=ascii_only)) == value


@tried(100)
@given(TEXTS, st.integers(0, 3))
@example('{"[', 0)
def test_levels_are_counted_outside_of_strings(text: str, more: int) -> None:
    assert load_json(nested(MOST_LEVELS - more, text))
    with pytest.raises(ValueError, match="over 100 levels"):
        load_json(nested(MOST_LEVELS + 1 + more, text))
    with pytest.raises(ValueError, match="over 100 levels"):
        check_levels(f'{{"{"a" * more}": {nested(MOST_LEVELS, text)}}}')


@pytest.mark.parametrize("text", ["[" * 10**6, "]" * 10**6, '{"a":' * 10**6, "[[" * 60 + "]" * 60])
def test_what_is_deep_and_broken_too(text: str) -> None:
    with pytest.raises(ValueError, match=r"levels|Expecting"):
        load_json(text)


@tried(100)
@given(st.text(alphabet='[]{}",:\\ 1a', max_size=60))
def test_any_text_is_read_as_json_reads_it(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"\S"):
            load_json(text)
    else:
        assert load_json(text) == expected


def test_depth_is_an_error_wherever_json_comes_from_outside() -> None:
    with pytest.raises(ManifestError, match=r"config\.json is not valid JSON \(it has over 100"):
        parse_object(DEEP, "config.json")
    with pytest.raises(ManifestError, match=r"tokenizer\.json cannot be read \(it has over 100"):
        Tokenizer(DEEP)
    with pytest.raises(ManifestError, match=r"chat_template\.json is not valid JSON"):
        find_templates({}, {"chat_template.json": DEEP})
    with pytest.raises(ChatTemplateError, match="tools is not a list in JSON: it has over 100"):
        render({"default": "x"}, [{"role": "user", "content": ""}], {}, tools=DEEP)
    with pytest.raises(ValueError, match="over 100 levels"):
        decode(DEEP)
    assert parse_record(DEEP) == {}


def test_a_tokenizer_as_deep_as_may_be_is_read_or_refused() -> None:
    inner = '{"type": "Lowercase"}'
    for _ in range(48):
        inner = f'{{"type": "Sequence", "normalizers": [{inner}]}}'
    with pytest.raises(ManifestError, match=r"tokenizer\.json cannot be read"):
        Tokenizer(nested(MOST_LEVELS, 1))
    with pytest.raises(ManifestError, match=r"tokenizer\.json cannot be read"):
        Tokenizer(f'{{"normalizer": {inner}, "model": 1}}')
