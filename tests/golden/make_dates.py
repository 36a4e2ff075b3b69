"""Makes dates.json: what CPython on Linux makes of the directives and flags that glibc knows.

    LC_ALL=C.UTF-8 TZ=UTC python tests/golden/make_dates.py

Recorded 2026-11-28 with CPython 3.11.7 and glibc 2.36.
"""

from __future__ import annotations

import json
from datetime import datetime
from itertools import product
from pathlib import Path

TARGET = Path(__file__).with_name("dates.json")
LETTERS = "aAbBcCdDeFgGhHIjklmMnpPrRStTuUVwWxXyYZzfQE%"
PREFIXES = ("", "-", "_", "0", "^", "#", "10", "_5", "-6", "012", "E", "O", "^12", "#12", "3O")
DATES = ((2026, 3, 5, 14, 7, 9, 4321), (2024, 12, 31, 0, 59, 0, 0), (2033, 1, 1, 12, 0, 59, 1))
MORE = (
    *("%-d %B %Y, %l %P", "%k:%M|%e|%I", "100%", "%", "%%%d%%", "%-", "%1023d", "%1024d"),
    *("%99999999999d", "%2047Y" + "." * 8, "\u00e9%d\u65e5", "%-dth", "%d%", "%+4Y", "%5%", "%E%"),
)


def main() -> None:
    """Record every pattern at every date."""
    patterns = [f"%{prefix}{letter}" for prefix, letter in product(PREFIXES, LETTERS)]
    found = {
        "dates": DATES,
        "patterns": {
            pattern: [datetime(*date).strftime(pattern) for date in DATES]
            for pattern in (*patterns, *MORE)
        },
    }
    TARGET.write_text(json.dumps(found, separators=(",", ":")).replace("],", "],\n") + "\n")


if __name__ == "__main__":
    main()
