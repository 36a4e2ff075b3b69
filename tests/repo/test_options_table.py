"""docs/options.md has every option, with the range that its error tells and its default."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from intab.engine.generation.options import GenerationOptions
from intab.errors import OptionError
from tests.conftest import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/options.md").read_text("utf-8").splitlines()
    if re.match(r"\| `", line)
]


def test_the_options_are_those_of_the_code() -> None:
    assert [row[0].strip("`") for row in ROWS] == [
        field.name for field in fields(GenerationOptions)
    ]
    assert {len(row) for row in ROWS} == {7}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip("`"))
def test_the_range_is_the_one_that_an_error_tells(row: list[str]) -> None:
    name, told = row[0].strip("`"), row[1]
    with pytest.raises(OptionError, match=re.escape(f"{name} must be {told}")):
        GenerationOptions.make({name: object()}, {})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip("`"))
def test_the_default(row: list[str]) -> None:
    default = getattr(GenerationOptions(), row[0].strip("`"))
    assert row[2] == ("the model's" if row[0] == "`eos_token_id`" else f"`{default}`")
