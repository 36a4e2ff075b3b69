"""A value in the form that shows it best.

    represent([{"city": "Oslo", "people": 700_000}])     a table
    represent(Image.open("fox.png"))                     a picture

What a class says of itself comes first: `_repr_html_`, `_repr_svg_`, `_repr_png_`, `_repr_jpeg_`,
as notebooks ask. It knows no page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from intab.engine.display import pictures
from intab.engine.generation.logprobs import TokenLogprob
from intab.errors import OptionError

Form = Literal["text", "table", "image", "audio", "html", "tokens"]
MOST_ROWS = 1000  # of a table: more is nothing to look at
_MOST_CELL = 2000  # characters
_LIKELIEST = 5


@dataclass(frozen=True)
class Shown:
    """A value to show.

    Attributes:
        form: what it is shown as.
        text: what stands for it if it cannot be seen, as in a terminal.
        content: of a table {"columns", "rows"}, of HTML its text, of a picture or sound its media
            type, of tokens one entry each.
        data: the bytes of a picture or sound.
    """

    form: Form
    text: str
    content: Any = None
    data: bytes = field(default=b"", repr=False)


def represent(value: Any, rate: int | None = None) -> Shown:
    """How to show `value`; with a `rate`, samples a second, it is sound.

    Raises:
        OptionError: with `rate`, it is no array of samples.
    """
    if rate is not None:
        return _sound(value, rate)
    if isinstance(value, str | type):
        return Shown("text", str(value))
    for attempt in (_tokens, _own_form, _bytes, _array, _spoken, _table):
        if shown := attempt(value):
            return shown
    return Shown("text", str(value))


def _tokens(value: Any) -> Shown | None:
    """Answers with log-probabilities, or those alone."""
    logprobs = getattr(value, "logprobs", value)
    if not isinstance(logprobs, Sequence) or not logprobs:
        return None
    if not all(isinstance(one, TokenLogprob) for one in logprobs):
        return None
    content = [
        {
            "text": one.text,
            "probability": math.exp(one.logprob),
            "top": [[other.text, math.exp(other.logprob)] for other in one.top[:_LIKELIEST]],
        }
        for one in logprobs
    ]
    return Shown("tokens", "".join(one.text for one in logprobs), content)


def _own_form(value: Any) -> Shown | None:
    """What its class says, or a figure."""
    text = _short(value)
    if pictures.is_figure(value):
        return Shown("image", text, "image/png", pictures.figure_png(value))
    if (html := _ask(value, "_repr_html_")) is not None:
        return Shown("html", str(value), str(html))
    if (svg := _ask(value, "_repr_svg_")) is not None:
        return Shown("image", text, "image/svg+xml", str(svg).encode())
    for name in ("_repr_png_", "_repr_jpeg_"):
        data = _ask(value, name)
        data = data[0] if isinstance(data, tuple) else data  # with metadata
        if isinstance(data, bytes) and (kind := pictures.picture_type(data)):
            return Shown("image", text, kind, data)
    return None


def _ask(value: Any, name: str) -> Any:
    method = getattr(type(value), name, None)
    return method(value) if callable(method) else None


def _short(value: Any) -> str:
    """Such as <PIL.Image.Image image mode=RGB size=32x32>, on one line, without its address."""
    text = " ".join(repr(value).split()).partition(" at 0x")[0]
    return text + ">" if text.startswith("<") and not text.endswith(">") else text[:200]


def _bytes(value: Any) -> Shown | None:
    """A picture's or a sound's file."""
    if not isinstance(value, bytes | bytearray | memoryview):
        return None
    data = bytes(value)
    if kind := pictures.picture_type(data):
        return Shown("image", f"<{kind}, {len(data)} bytes>", kind, data)
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return Shown("audio", f"<audio/wav, {len(data)} bytes>", "audio/wav", data)
    return None


def _array(value: Any) -> Shown | None:
    if not isinstance(value, np.ndarray) or not pictures.is_picture(value):
        return None
    text = f"<picture of {value.shape[1]} x {value.shape[0]} pixels>"
    return Shown("image", text, "image/png", pictures.as_png(value))


def _spoken(value: Any) -> Shown | None:
    """What text-to-audio answers."""
    if not isinstance(value, Mapping) or value.keys() != {"audio", "sampling_rate"}:
        return None
    audio, rate = value["audio"], value["sampling_rate"]
    real = isinstance(audio, np.ndarray) and audio.size and isinstance(rate, int) and rate > 0
    return _sound(audio, rate) if real else None


def _sound(value: Any, rate: int) -> Shown:
    """Samples [n], [n, channels] or [channels, n], floats from -1 to 1 or int16, as a WAV."""
    samples = np.asarray(value)
    if samples.ndim not in (1, 2) or samples.dtype.kind not in "fi" or not samples.size:
        raise OptionError("Sound is an array of samples, [n] or [n, channels]: floats or int16.")
    if samples.ndim == 2 and len(samples) < samples.shape[1]:
        samples = samples.T  # as models give it
    if samples.dtype.kind == "f":
        samples = np.rint(np.clip(np.nan_to_num(samples), -1, 1) * 32767)
    data = samples.astype("<i2").tobytes()
    channels = samples.shape[1] if samples.ndim == 2 else 1
    facts = [(16, 4), (1, 2), (channels, 2), (rate, 4), (rate * channels * 2, 4)]
    facts += [(channels * 2, 2), (16, 2)]
    head = b"".join(number.to_bytes(size, "little") for number, size in facts)
    parts = b"WAVEfmt " + head + b"data" + len(data).to_bytes(4, "little") + data
    text = f"<sound of {len(samples) / rate:.1f} s>"
    return Shown("audio", text, "audio/wav", b"RIFF" + len(parts).to_bytes(4, "little") + parts)


def _table(value: Any) -> Shown | None:
    """A dict, or a list of dicts with the keys of all as columns."""
    if isinstance(value, Mapping):
        return _rows(["", "value"], list(value.items()), value) if value else None
    if not isinstance(value, list | tuple) or not value:
        return None
    if not all(isinstance(row, Mapping) for row in value):
        return None
    columns = list(dict.fromkeys(key for row in value for key in row))
    return _rows(columns, [[row.get(key, "") for key in columns] for row in value], value)


def _rows(columns: Iterable[Any], rows: Sequence[Iterable[Any]], value: Any) -> Shown:
    cells = [[_cell(cell) for cell in row] for row in rows[:MOST_ROWS]]
    table = {
        "columns": [_cell(column) for column in columns],
        "rows": cells,
        "left_out": max(len(rows) - MOST_ROWS, 0),
    }
    return Shown("table", str(value), table)


def _cell(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
    return text if len(text) <= _MOST_CELL else text[:_MOST_CELL] + " …"
