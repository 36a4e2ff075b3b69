# ruff: noqa: RUF001 - other scripts are the point
"""Strings to compare tokenizers on: real text, traps, and made-up Unicode.

Everything is seeded, so that a difference can be met again. Real text is the project's own pages
and its default model's stories; corpora and llama.cpp's vectors are for `make proof`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from itertools import chain, islice, zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Blocks of the scripts that people write, with what surrounds them.
SCRIPTS = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x180, 0x24F), (0x250, 0x2FF), (0x370, 0x3FF),
    (0x400, 0x52F), (0x530, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF), (0x700, 0x74F),
    (0x780, 0x7BF), (0x7C0, 0x7FF), (0x900, 0x97F), (0x980, 0x9FF), (0xA00, 0xA7F),
    (0xA80, 0xAFF), (0xB00, 0xB7F), (0xB80, 0xBFF), (0xC00, 0xC7F), (0xC80, 0xCFF),
    (0xD00, 0xD7F), (0xD80, 0xDFF), (0xE00, 0xE7F), (0xE80, 0xEFF), (0xF00, 0xFFF),
    (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x137F), (0x13A0, 0x13FF),
    (0x1400, 0x167F), (0x1680, 0x169F), (0x16A0, 0x16FF), (0x1780, 0x17FF), (0x1800, 0x18AF),
    (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20CF),
    (0x2100, 0x218F), (0x2190, 0x23FF), (0x2460, 0x24FF), (0x2500, 0x27BF), (0x2E80, 0x2FDF),
    (0x3000, 0x303F), (0x3040, 0x30FF), (0x3130, 0x318F), (0x31F0, 0x33FF), (0x4E00, 0x9FFF),
    (0xA000, 0xA48F), (0xA640, 0xA69F), (0xAC00, 0xD7A3), (0xE000, 0xF8FF), (0xFB00, 0xFDFF),
    (0xFE00, 0xFE6F), (0xFF00, 0xFFEF), (0xFFF0, 0xFFFF), (0x10000, 0x100FF), (0x10300, 0x103FF),
    (0x10A00, 0x10A5F), (0x11000, 0x1107F), (0x12000, 0x123FF), (0x13000, 0x1342F),
    (0x16F00, 0x16F9F), (0x1D400, 0x1D7FF), (0x1E900, 0x1E95F), (0x1F000, 0x1FAFF),
    (0x20000, 0x2A6DF), (0xE0000, 0xE01EF), (0x10FF00, 0x10FFFF),
]  # fmt: skip
COMBINING = [(0x300, 0x36F), (0x1AB0, 0x1AFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F)]
EMOJI = ["👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪🇯🇵", "1️⃣", "🤦🏼‍♂️", "😀", "☎️", "🧑🏿‍🚀"]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\n\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\u2028"]
CODE = ["def f(x):", "x += 1", "</s>", "<|endoftext|>", "<|im_start|>", "{}", "=>", "//", "__"]
WORDS = ["don't", "I'LL", "it's", "naïve", "ſ's", "K", "ﬁne", "HTTPServer", "ǅungla", "straße"]


# What tokenizers have been wrong about: spaces, digits, contractions, marks, joined emoji.
TRAPS = [
    "", " ", "  ", "   \n \n\n \t\t \n", "\n =", "Hello world", " Hello", "(Hello)",
    "Hello, world!", "   Hello\n    Hello", "' era", "'", "''''", "I'VE you'Re we'll he's",
    "w048 7tuijk dsdfhu", "3 33 333 3333 33333 333333", "3.14 1e-7 0xFF 1,000,000",
    "!!!!!!", "a\u0301 á", "e\u0323\u0302", "ied 4 ½ months", "Cửa Việt", "कारतूफ",
    "កាន់តែពិសេស", "اَلْعَرَبِيَّةُ", "השלום", "한국어", "日本語のテスト。", "你好,世界",
    "🚀 (normal) 😶‍🌫️ (joined) ✅", "\ufeffmark", "\u200d\u200c\u00ad", "a\x00b", "\ufffd",
    "Ⅷ ﷺ ㍿ ǆ İ ı ß ſ", "<s>", "</s>a", "<|endoftext|> <|im_start|>user\n",
    "[CLS] [MASK]ed [UNK]", "▁▁ ▁a", "Ġthe Ċ",
]  # fmt: skip


def own() -> Iterator[str]:
    """The lines of the project's own pages, and of its default model's stories."""
    pages = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
    for page in [*pages, ROOT / "wheels/README.md", ROOT / "models/default/README.md"]:
        yield from page.read_text(encoding="utf-8").split("\n")


def paragraphs() -> list[str]:
    """The same, a paragraph each."""
    return [part.replace("\n", " ") for part in "\n".join(own()).split("\n\n")]


def corpus(folder: Path) -> Iterator[str]:
    """The lines of every corpus, one from each file in turn."""
    files = sorted(folder.glob("*.jsonl"))
    rows = chain.from_iterable(zip_longest(*(_lines(path) for path in files)))
    return (line for line in rows if line is not None)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as rows:
        for row in rows:
            data = json.loads(row)
            yield from (data.get("text") or data.get("section") or "").split("\n")


def vectors(folder: Path) -> Iterator[str]:
    """The llama.cpp test strings."""
    for path in sorted(folder.glob("*.inp")):
        yield from path.read_text(encoding="utf-8").split("\n__ggml_vocab_test__\n")


def every_code_point(step: int = 16) -> Iterator[str]:
    """Each code point there is, beside letters, digits, spaces and its neighbours."""
    points = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    for start in range(0, len(points), step):
        row = points[start : start + step]
        yield "".join(row)
        yield " ".join(f"a{point}1" for point in row)


def generated(seed: int) -> Iterator[str]:
    """Made-up strings without end."""
    dice = random.Random(seed)
    while True:
        yield "".join(_piece(dice) for _ in range(dice.randint(1, 12)))


def _piece(dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.45:
        return _from_block(dice, dice.choice(SCRIPTS), dice.randint(1, 9))
    if kind < 0.55:
        return dice.choice(WORDS) + _from_block(dice, dice.choice(COMBINING), dice.randint(0, 4))
    if kind < 0.65:
        return dice.choice(EMOJI)
    if kind < 0.85:
        return dice.choice(SPACES + CODE + WORDS)
    if kind < 0.90:
        return _from_block(dice, (0x00, 0x1F), 2) + _from_block(dice, (0x7F, 0x9F), 1)
    return dice.choice(" 0\n.a'字é") * dice.choice([1, 2, 3, 4, 7, 16, 33, 64, 200])


def _from_block(dice: random.Random, block: tuple[int, int], count: int) -> str:
    return "".join(chr(dice.randint(*block)) for _ in range(count))


def mixture(first: Iterable[str], lines: Iterable[str], count: int, seed: int = 2026) -> list[str]:
    """`count` strings: all of `first`, a sixth of real lines, then code points and made-up ones."""
    found = list(first)
    found += islice(lines, count // 6)
    found += islice(every_code_point(), (count - len(found)) * 4 // 5)
    return [*found, *islice(generated(seed), count - len(found))]
