"""strftime_now in templates: as CPython on Linux, wherever it runs."""

import json
import platform
import sys
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.dates import strftime
from intab.engine.sandbox import render_template

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "dates.json").read_text())
LETTERS = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYZzfQ"
DIRECTIVES = st.builds(
    "%{}{}{}{}".format,
    st.text("_-0^#", max_size=2),
    st.sampled_from(["", "", "1", "4", "12", "300"]),
    st.sampled_from(["", "", "E", "O"]),
    st.sampled_from([*LETTERS, "%", "", " "]),
)


@pytest.mark.parametrize("number", range(len(GOLDEN["dates"])))
def test_as_recorded_on_linux(number: int) -> None:
    date = datetime(*GOLDEN["dates"][number])
    for pattern, wanted in GOLDEN["patterns"].items():
        assert strftime(date, pattern) == wanted[number], pattern


@pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="it is what glibc answers"
)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)),
    st.lists(DIRECTIVES | st.text("ab:. \u00e9", max_size=3), max_size=5).map("".join),
)
def test_as_this_linux_has_it(date: datetime, pattern: str) -> None:
    assert strftime(date, pattern) == date.strftime(pattern)


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
