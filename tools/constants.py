"""Writes what Python and JavaScript share: `python -m tools.constants` makes constants.mjs again.

The engine has these values; early.mjs needs them before Python, or without it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from intab.engine.io.ranges import CHUNK
from intab.engine.io.responses import TEXTS
from intab.engine.loading.download import Pace
from intab.engine.runtime.candidates import GPU_DTYPES
from intab.engine.storage.keys import ModelKey

PATH = Path(__file__).parents[1] / "app/intab/browser/js/constants.mjs"
FOLDER = "FOLDER"
HEAD = """/**
 * What Python and JavaScript share: made by tools/constants.py from the engine's own values.
 */
"""


def text() -> str:
    """The module, as it must be."""
    return HEAD + "".join(_lines(*each) for each in _constants())


def _constants() -> list[tuple[str, str, Any]]:
    return [
        ("CHUNK", "Bytes of a chunk: a file that is no longer comes in one piece.", CHUNK),
        ("AT_A_TIME", "Parts of files that are fetched at a time.", Pace().at_a_time),
        ("TEXT_ENDINGS", "Of files that come in one piece, however long.", sorted(TEXTS)),
        ("GPU_DTYPES", "The dtypes that are for a GPU.", list(GPU_DTYPES)),
        (
            "RECORD_KEY",
            "The key of the note about a stored model; FOLDER stands for its address, encoded.",
            ModelKey(quote(FOLDER)).record,
        ),
    ]


def _lines(name: str, meaning: str, value: Any) -> str:
    return f"\n/** {meaning} */\nexport const {name} = {json.dumps(value)};\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
