"""Values in the form that shows them best, and in the terminal as text."""

import io
import struct
import zlib

import numpy as np
import pytest

from intab.engine.display.pictures import as_png
from intab.engine.display.screen import Screen, show, use
from intab.engine.display.shown import MOST_ROWS, Shown, represent
from intab.engine.generation.logprobs import TokenLogprob
from intab.errors import OptionError


class Said:
    """Says of itself what it is given."""

    def __init__(self, **forms: object) -> None:
        self.forms = forms

    def _repr_html_(self) -> object:
        return self.forms.get("html")

    def _repr_svg_(self) -> object:
        return self.forms.get("svg")

    def _repr_png_(self) -> object:
        return self.forms.get("png")


class Figure:
    """As matplotlib's looks from outside."""

    axes = ()

    def savefig(self, into: io.BytesIO, **_: object) -> None:
        into.write(PNG)


PNG = as_png(np.zeros((4, 4), np.uint8))


def pixels_of(png: bytes) -> bytes:
    """The rows of a PNG with one IDAT chunk, each behind its filter's number."""
    at, data = 8, b""
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        body = png[at + 4 : at + 8 + size]
        assert zlib.crc32(body) == int.from_bytes(png[at + 8 + size : at + 12 + size])
        data += body[4:] if body[:4] == b"IDAT" else b""
        at += 12 + size
    return zlib.decompress(data)


def test_a_list_of_dicts_is_a_table_with_the_keys_of_all() -> None:
    shown = represent([{"a": 1, "b": 0.123456}, {"a": "<b>", "c": None}])
    assert shown.form == "table"
    rows = [["1", "0.1235", ""], ["<b>", "", "None"]]
    assert shown.content == {"columns": ["a", "b", "c"], "rows": rows, "left_out": 0}


def test_a_dict_is_a_table_of_names_and_values() -> None:
    assert represent({"x": 1}).content["rows"] == [["x", "1"]]


def test_of_a_long_table_the_beginning_is_shown() -> None:
    content = represent([{"n": n} for n in range(MOST_ROWS + 5)]).content
    assert len(content["rows"]) == MOST_ROWS
    assert content["left_out"] == 5


@pytest.mark.parametrize("value", [{}, [], (), [1, 2], [{}, 1], 7, None, Said, b"abc", np.ones(3)])
def test_what_has_no_other_form_is_text(value: object) -> None:
    assert represent(value) == Shown("text", str(value))


@pytest.mark.parametrize(
    ("array", "rows"),
    [
        (np.arange(16, dtype=np.uint8).reshape(4, 4), bytes([0, 0, 1, 2, 3, 0, 4, 5, 6, 7])),
        (np.full((4, 4, 3), [0, 0.5, 2.0]), bytes([0, *[0, 128, 255] * 4])),
        (np.full((4, 4, 4), [np.nan, 0, 1, 1], np.float32), bytes([0, *[0, 0, 255, 255] * 4])),
        (np.full((8, 8, 3), 9, np.uint8)[::2, ::2], bytes([0, *[9] * 12])),
    ],
    ids=["grey", "floats", "alpha", "strided"],
)
def test_pixels_are_a_png(array: np.ndarray, rows: bytes) -> None:
    shown = represent(array)
    assert (shown.form, shown.content) == ("image", "image/png")
    assert shown.text == "<picture of 4 x 4 pixels>"
    assert struct.unpack(">II", shown.data[16:24]) == (4, 4)
    assert pixels_of(shown.data).startswith(rows)


def test_a_matrix_is_no_picture() -> None:
    assert represent(np.zeros((4, 4))).form == "text"
    assert represent(np.zeros((2, 2), np.uint8)).form == "text"


@pytest.mark.parametrize(
    ("value", "form", "content", "data"),
    [
        (Said(html="<b>hi</b>", svg="<svg/>"), "html", "<b>hi</b>", b""),
        (Said(svg="<svg/>", png=PNG), "image", "image/svg+xml", b"<svg/>"),
        (Said(png=PNG), "image", "image/png", PNG),
        (Said(png=(PNG, {"width": 4})), "image", "image/png", PNG),
        (Figure(), "image", "image/png", PNG),
        (b"\xff\xd8\xff...", "image", "image/jpeg", b"\xff\xd8\xff..."),
        (bytearray(b"GIF89a"), "image", "image/gif", b"GIF89a"),
        (b"RIFF....WEBP", "image", "image/webp", b"RIFF....WEBP"),
        (b"RIFF....WAVE", "audio", "audio/wav", b"RIFF....WAVE"),
    ],
)
def test_what_a_value_says_of_itself(value: object, form: str, content: str, data: bytes) -> None:
    shown = represent(value)
    assert (shown.form, shown.content, shown.data) == (form, content, data)
    assert " at 0x" not in shown.text or form == "html"


def test_bytes_that_are_no_picture_are_not_called_one() -> None:
    assert represent(Said(png=b"<script>")).form == "text"


def test_sound_is_a_wav() -> None:
    data = represent([0.0, 1.0, -1.0, 9.0], rate=8000).data
    assert data[:4] + data[8:16] == b"RIFFWAVEfmt "
    assert len(data) == 44 + 8 == int.from_bytes(data[4:8], "little") + 8
    assert struct.unpack("<HHIIHH", data[20:36]) == (1, 1, 8000, 16000, 2, 16)
    assert struct.unpack("<4h", data[44:]) == (0, 32767, -32767, 32767)


@pytest.mark.parametrize("channels", [1, 2])
def test_channels_may_come_first(channels: int) -> None:
    """As models give sound: [1, 300] is a third of a second at 900, not 300 channels."""
    sound = np.linspace(-1, 1, 300 * channels, dtype=np.float32).reshape(channels, 300)
    shown = represent(sound, rate=900)
    assert shown == represent(sound.T, rate=900)
    assert shown.text == "<sound of 0.3 s>"
    assert shown.data[22:24] == channels.to_bytes(2, "little")


def test_what_is_spoken_is_sound() -> None:
    sound = np.zeros(800, np.float32)
    spoken = {"audio": sound, "sampling_rate": 8000}
    assert represent(spoken) == represent(sound, rate=8000)
    others = ({**spoken, "text": "a"}, {**spoken, "audio": []}, {**spoken, "sampling_rate": 0})
    for other in others:
        assert represent(other).form == "table"


@pytest.mark.parametrize("value", ["text", [], [[[1.0]]], [True]])
def test_what_is_no_sound(value: object) -> None:
    with pytest.raises(OptionError, match="Sound is an array of samples"):
        represent(value, rate=8000)


def test_tokens_with_the_five_likeliest() -> None:
    others = tuple(TokenLogprob(n, f"t{n}", -1.0) for n in range(6))
    [token] = represent([TokenLogprob(1, "fox", 0.0, others)]).content
    assert (token["text"], token["probability"]) == ("fox", 1.0)
    assert [text for text, _ in token["top"]] == ["t0", "t1", "t2", "t3", "t4"]


def test_without_a_page_the_text_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    show("a", {"x": 1}, PNG)
    assert capsys.readouterr().out == f"a\n{{'x': 1}}\n<image/png, {len(PNG)} bytes>\n"


def test_on_a_screen_it_is_shown_there() -> None:
    seen: list[Shown] = []
    with use(Screen(seen.append)):
        show(1, 2)
    assert [shown.text for shown in seen] == ["1", "2"]
