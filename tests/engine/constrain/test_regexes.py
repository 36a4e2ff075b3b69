"""Python's regular expressions keep Python's meaning: what the grammar allows, `re` matches."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.constrain.cases import same_but_for_case
from intab.engine.constrain.regexes import MOST_REPEATS, translate
from intab.errors import OptionError
from tests.engine.support.constrained import started, walk

EXPRESSIONS = [
    r"[a-z]+@[a-z]+\.(com|org)",
    r"\d{4}-\d{2}-\d{2}",
    r"^(yes|no)$",
    r"\A\w+\Z",
    r"[^\W\d]{1,3}",
    r"(?i)colou?r [xyz]",
    r"(?i:ab)c",
    r"a.c",
    r"(?s)a.c",
    r"\s\S\D{2}",
    r"[\s\d_-]{3}",
    r"(?a)\w{2}\d\s",
    r"(?x) a b # a comment",
    r"x{0}y{2,}z{,2}",
    r"a*?b+?c??",
    r"(?P<name>a)(?:b)",
    r"[]^\\-]{2}",
    r"\x41\u00e9\U0001F600\n\t",
    r"[é-ü]ß|straße",
    r"/\*[^*]*\*/",
    r"\{\"a\": \[\]\}",
    r"[^a]",
    r"(?i)[^k]",
    r"(?i)[^b-z]",
    r"(?ai)[^k]s",
    r"(|a)b",
    r"(?-i:a)",
    r"[\U0001F600-\U0001F64F]",
    r"[\ud000-\uf000]{2}",
]


@pytest.mark.parametrize("pattern", EXPRESSIONS)
def test_what_may_be_said_matches(pattern: str) -> None:
    start = started(regex=pattern)
    texts = [walk(start, seed) for seed in range(5)]
    assert any(text is not None for text in texts)
    for text in texts:
        assert text is None or re.fullmatch(pattern, text), (pattern, text)


def test_flags_of_a_compiled_expression() -> None:
    assert translate("regex", re.compile("a.", re.IGNORECASE | re.DOTALL)) == "[aA](?s:.)"


@pytest.mark.parametrize("flags", [0, re.ASCII])
@pytest.mark.parametrize(
    ("low", "high"),
    [
        *(("a", "z"), ("i", "i"), ("K", "Z"), ("\u0130", "\u0131"), ("\u017f", "\u017f")),
        *(("\u03b1", "\u03c9"), ("\u13f8", "\u1c82"), ("\0", "\U0010ffff")),
    ],
)
def test_what_is_alike_but_for_its_case(low: str, high: str, flags: int) -> None:
    """Python's own answer for every character that there is."""
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    expression = re.compile(f"[{low}-{high}]", re.IGNORECASE | flags)
    found = same_but_for_case(ord(low), ord(high), ascii_alone=bool(flags))
    wanted = [ord(one) for one in expression.findall(every) if not low <= one <= high]
    assert found == wanted


atoms = st.sampled_from(
    [*"abc01_ é\n", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", ".", "[a-f]", "[^b-z]", r"[\d_x]"]
)
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda one: f"(?i:{one})"),
    ),
    max_leaves=8,
)


@given(patterns, st.integers(0, 1000))
def test_any_expression_is_matched(pattern: str, seed: int) -> None:
    text = walk(started(regex=pattern), seed, most=60)
    assert text is None or re.fullmatch(pattern, text), (pattern, text)


REFUSED = {
    "(?=a)a": "looks ahead or behind",
    "(?!a)b": "looks ahead or behind",
    "(?<=a)b": "looks ahead or behind",
    r"(a)\1": "refers to a group",
    r"(a)?(?(1)b|c)": "asks whether a group matched",
    "(?>a)b": "atomic group",
    "a*+b": "without giving back",
    r"\bword": "names a place",
    "a^b": "names a place",
    "a$b": "names a place",
    "(^a)": "names a place",
    "a{20000}": f"more than {MOST_REPEATS:,} times",
    "(a{200}){200}": f"more than {MOST_REPEATS:,} times",
    "(": "no valid regular expression",
    "[b-a]": "no valid regular expression",
    r"\p{L}": "no valid regular expression",
    "\ud800": "half of a surrogate pair",
    "(" * 60 + "a" + ")" * 60: "too large",
    "a" * 30_000: "too large",
}


@pytest.mark.parametrize("pattern", REFUSED, ids=lambda one: ascii(one[:12]))
def test_what_cannot_be_honoured_is_named(pattern: str) -> None:
    with pytest.raises(OptionError, match=re.escape(REFUSED[pattern])):
        translate("regex", pattern)


@pytest.mark.parametrize("value", ["", None, 3, b"a", re.compile(b"a"), ["a"]])
def test_what_is_no_expression(value: object) -> None:
    with pytest.raises(OptionError, match="regex must be a regular expression"):
        translate("regex", value)
