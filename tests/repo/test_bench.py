"""What the benchmarks print, keep and draw of their samples."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from bench import guesses, hearing, reading, tables
from bench.pictures import Pictures
from bench.plots import WIDTH, svg
from bench.report import Comparison
from bench.tables import contenders, ratios, replaced, shares

RATES = Comparison(
    "compute: decode at 64",
    "tok/s",
    {"intab": [30.0, 40.0, 50.0], "peer": [10.0, 20.0, 30.0], "a & b": [80.0]},
    ("intab", "peer"),
    1.6,
    at_least=True,
    also=((("intab", "a & b"), 0.4),),
)


def test_ratios_are_those_of_the_medians() -> None:
    assert RATES.ratio == 2
    lines = [line.split() for line in RATES.lines()]
    assert ["intab/peer:", "2.00", "(target:", "at", "least", "1.6)"] in lines
    assert "intab/a & b: 0.50 (target: at least 0.4)" in RATES.lines()[-1]


def test_every_sample_and_ratio_is_kept() -> None:
    kept = RATES.as_dict()
    assert kept["samples"]["intab"] == [30.0, 40.0, 50.0]
    assert kept["ratio"] == ["intab", "peer", 2.0]
    assert kept["also"] == [["intab", "a & b", 0.5, 0.4]]


def test_a_bar_is_as_long_as_its_median() -> None:
    picture = ElementTree.fromstring(svg({RATES.name: RATES.as_dict()}))  # noqa: S314 - our own
    bars = picture.findall(".//{http://www.w3.org/2000/svg}rect")
    assert [float(bar.attrib["width"]) for bar in bars] == [WIDTH / 2, WIDTH / 4, WIDTH]
    texts = [text.text for text in picture.findall(".//{http://www.w3.org/2000/svg}text")]
    assert "a & b" in texts


def test_the_tables_have_medians_and_ratios() -> None:
    found = dict.fromkeys(tables.RATES, RATES.as_dict())
    head, _, *rows = contenders(found, ["decode at 64"])
    assert head == "|  | decode at 64, tok/s |"
    assert rows == ["| intab | 40.0 |", "| peer | 20.0 |", "| a & b | 80.0 |"]
    assert "| intab / a & b | decode at 1024 | 0.50 | 0.4 |" in ratios(found, tables.RATES)


def test_the_shares_are_ratios_of_whole_and_part() -> None:
    kept = {**RATES.as_dict(), "date": "2026-01-02", "browser": "Chromium 1"}
    lines = list(shares({"ablation, decode at 64": kept, "ablation, decode at 512": kept}))
    assert lines[0] == "Measured 2026-01-02 in Chromium 1."
    assert lines[2] == "|  | decode at 64 | decode at 512 |"
    assert lines[4:] == ["| intab / peer | 2.00 | 2.00 |", "| intab / a & b | 0.50 | 0.50 |"]


def test_a_table_is_replaced_between_its_marks() -> None:
    text = "a\n<!-- x -->\nold\n<!-- /x -->\nb"
    assert replaced(text, "x", "| new |") == "a\n<!-- x -->\n| new |\n<!-- /x -->\nb"


def test_pipelines_have_a_table_with_when() -> None:
    kept = {**RATES.as_dict(), "date": "2026-01-02", "browser": "Chromium 1"}
    lines = list(tables.pipelines({"reading: sentences": kept}, ["reading: sentences"]))
    assert lines[0] == "Measured 2026-01-02 in Chromium 1."
    assert "| intab | 40.0 |" in lines
    assert "| intab / peer | reading: sentences | 2.00 | 1.6 |" in lines


def test_sentences_are_of_mixed_length_and_the_same_every_time(tmp_path: Path) -> None:
    vocabulary = {"the": 0, "fox": 1, "ran": 2, "##ning": 3, "a": 4, "[CLS]": 5}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}))
    texts = reading.sentences(tmp_path, 400)
    assert {word for text in texts for word in text.split()} == {"the", "fox", "ran"}
    lengths = sorted(len(text.split()) for text in texts)
    assert lengths[0] == 3
    assert 15 <= lengths[200] <= 21
    assert 80 <= lengths[-1] <= 120
    assert texts == reading.sentences(tmp_path, 400)


def test_contenders_make_the_same_vector() -> None:
    ours, theirs = reading.OURS, f"{reading.PEER}/"
    reading.check_alike({ours: [0.6, 0.8], theirs: [0.61, 0.79]})
    with pytest.raises(RuntimeError, match=r"their product is 0\.600"):
        reading.check_alike({ours: [0.6, 0.8], theirs: [1.0, 0.0]})


def test_contenders_write_the_same_words() -> None:
    hearing.check_words({"intab": "Ask not, what", "Transformers.js": " ask not what."})
    with pytest.raises(RuntimeError, match="different words"):
        hearing.check_words({"intab": "Ask", "Transformers.js": "Asked"})


def test_a_sound_is_repeated_until_it_is_half_a_minute(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.array([0, 16384, -16384], np.int16).tobytes())
    found = hearing.half_a_minute(path)
    assert found.dtype == np.float32
    assert found.size == 30 * 16_000
    assert found[:4].tolist() == [0, 0.5, -0.5, 0]


@pytest.mark.parametrize(
    ("page", "marks"),
    [
        ("speed.md", ("rates", "rest", "ratios", "guess", "vectors", "shares", "pictures", "when")),
        ("delivery.md", ("delivered", "stores", "when")),
    ],
)
def test_the_pages_have_every_mark(page: str, marks: tuple[str, ...]) -> None:
    text = (tables.DOCS / page).read_text("utf-8")
    for mark in marks:
        assert replaced(text, mark, "?") != text


def test_a_quoting_answer_copies_its_prompt_in_pieces() -> None:
    prompt = guesses.letters(guesses.PROMPT, 100)
    answer = guesses.quoting(prompt)
    assert len(answer) == guesses.ANSWER
    assert answer[:40] == prompt[:40]
    assert answer[40:48] not in prompt
    assert answer[48:88] == prompt[40:80]


def test_an_answer_may_be_longer_than_the_prompt_it_quotes() -> None:
    prompt = guesses.letters(64, 1)
    answer = guesses.quoting(prompt, 120)
    assert len(answer) == 120
    assert answer.startswith(prompt[:40])
    assert prompt[16:56] in answer


def test_pictures_are_told_with_their_targets() -> None:
    found = Pictures(
        load=1.25,
        seconds=[3.0, 2.0, 4.0],
        steps=[100.0, 90.0],
        idle=[2.0, 1.8],
        memory=(100_000_000, 101_000_000),
        task=(48.2, 30.0),
    )
    assert found.share == 0.02
    assert found.growth == pytest.approx(0.01)
    assert "  a picture, 20 steps                3.00 s" in found.lines()
    assert "  Python and copies in a step          2.0%  at most 5%" in found.lines()
    entry = {"date": "2026-11-30", "browser": "Chromium 1", **found.as_dict()}
    written = list(tables.pictures(entry))
    assert written[0] == "Measured 2026-11-30 in Chromium 1."
    assert "| memory after 3 | 101.0 MB | at most 2% more |" in written
