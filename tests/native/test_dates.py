"""strftime_now in templates against the C library of the machine that the tests run on."""

import platform
import sys
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.text.dates import strftime

LETTERS = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYZzfQ"
DIRECTIVES = st.builds(
    "%{}{}{}{}".format,
    st.text("_-0^#", max_size=2),
    st.sampled_from(["", "", "1", "4", "12", "300"]),
    st.sampled_from(["", "", "E", "O"]),
    st.sampled_from([*LETTERS, "%", "", " "]),
)


@pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="it is what glibc answers"
)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)),
    st.lists(DIRECTIVES | st.text("ab:. \u00e9", max_size=3), max_size=5).map("".join),
)
def test_as_this_linux_has_it(date: datetime, pattern: str) -> None:
    assert strftime(date, pattern) == date.strftime(pattern)
