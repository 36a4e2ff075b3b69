"""Functions become the JSON schemas that transformers makes of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from intab.engine.text.tool_schema import get_json_schema
from intab.errors import PromptError
from tests.engine.support.tools import REFUSED, TOOLS
from tests.engine.text.test_chat_template import RECORDED


@pytest.mark.parametrize("name", TOOLS)
def test_a_schema_is_transformers_s(name: str) -> None:
    """To the order of the keys, which a template prints."""
    assert json.dumps(get_json_schema(TOOLS[name])) == json.dumps(RECORDED["schemas"][name])


@pytest.mark.parametrize(("says", "function"), REFUSED.items())
def test_a_function_without_a_schema_says_why(says: str, function: Callable[..., Any]) -> None:
    with pytest.raises(PromptError, match=says):
        get_json_schema(function)
