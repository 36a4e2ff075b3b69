"""early.mjs repeats some of what the engine knows, since it runs before there is Python."""

from __future__ import annotations

import math
import re
from urllib.parse import unquote

from intab.engine.io.ranges import CHUNK
from intab.engine.io.responses import TEXTS
from intab.engine.loading.download import Pace
from intab.engine.runtime.candidates import GPU_DTYPES
from intab.engine.storage.keys import ModelKey
from tests.conftest import ROOT

BROWSER = ROOT / "app/intab/browser/js"
EARLY = (BROWSER / "early.mjs").read_text("utf-8")
NUMBER = re.compile(r"^const (\w+) = ([\d_ *]+);", re.MULTILINE)


def test_it_takes_for_one_piece_and_in_parts_what_the_engine_does() -> None:
    numbers = {name: value.replace("_", "").split("*") for name, value in NUMBER.findall(EARLY)}
    assert math.prod(map(int, numbers["PARTS"])) == Pace().at_a_time
    assert math.prod(map(int, numbers["ONE_PIECE"])) == CHUNK
    [endings] = re.findall(r"TEXTS = /\\\.\((.*?)\)\$/", EARLY)
    assert set(endings.split("|")) == {ending[1:] for ending in TEXTS}


def test_it_knows_which_dtypes_are_for_a_gpu() -> None:
    [listed] = re.findall(r"FOR_GPU = \[(.*?)\]", EARLY)
    assert set(re.findall(r'"(\w+)"', listed)) == set(GPU_DTYPES)


def test_it_finds_the_record_of_a_model() -> None:
    [place] = re.findall(r'STORED = "(.*?)"', EARLY)
    assert f'ADDRESS = "{place}"' in (BROWSER / "files/stores.mjs").read_text("utf-8")
    [key] = re.findall(r"const record = `(.*?)`", EARLY)
    folder = "https://example.org/models/default/"
    written = key.replace("${encodeURIComponent(folder)}", folder)
    assert unquote(ModelKey(folder).record) == written
