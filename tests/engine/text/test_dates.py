"""strftime_now in templates: as CPython on Linux, wherever it runs."""

import json
from datetime import datetime

import pytest

from intab.engine.text.dates import strftime
from intab.engine.text.template_sandbox import render_template
from tests.conftest import ROOT

GOLDEN = json.loads((ROOT / "tests" / "golden" / "dates.json").read_text("utf-8"))


@pytest.mark.parametrize("number", range(len(GOLDEN["dates"])))
def test_as_recorded_on_linux(number: int) -> None:
    date = datetime(*GOLDEN["dates"][number])
    for pattern, wanted in GOLDEN["patterns"].items():
        assert strftime(date, pattern) == wanted[number], pattern


def test_seconds_since_1970_are_those_of_the_clock() -> None:
    date = datetime(2026, 3, 5, 14, 7, 9, 999999)
    assert strftime(date, "%s") == str(int(date.replace(microsecond=0).timestamp()))
    assert strftime(date, "%12s") == "  " + strftime(date, "%s")
    assert strftime(date, "%:z") == ""


def test_a_template_has_it() -> None:
    text = render_template("{{ strftime_now('%-d|%l|%P|%k|%#p') }}", {})
    day, hour, half, other, lower = text.split("|")
    assert day == str(datetime.now().day)
    assert half == lower in ("am", "pm")
    assert len(hour) == len(other) == 2
