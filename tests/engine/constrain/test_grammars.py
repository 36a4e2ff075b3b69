"""Choices, grammars of Lark's and GBNF; what is wrong with one is named in bounded time."""

from __future__ import annotations

import re
from typing import Any

import pytest

from intab.engine.constrain.grammars import choices, grammar
from intab.engine.constrain.library import MOST_GRAMMARS
from intab.engine.constrain.nesting import brackets, chain, levels
from intab.errors import OptionError, RunError
from tests.engine.support.constrained import TOKENIZER, make_toy, started, walk
from tests.engine.support.networks import EOS

SUM = r"""
start: term ("+" term)*
term: NUMBER | "(" start ")"   // a comment: with "quotes" and (brackets
NUMBER: /[0-9]{1,2}/
"""
GBNF = """
root ::= "yes" | "no" ws word
ws ::= " "
word ::= [a-c]+
"""


def test_texts_of_a_grammar() -> None:
    texts = [text for seed in range(20) if (text := walk(started(grammar=SUM), seed))]
    assert len(set(texts)) > 3
    for text in texts:
        assert re.fullmatch(r"[\d+()]+", text)
        assert text.count("(") == text.count(")")


def test_texts_of_a_gbnf() -> None:
    texts = [walk(started(grammar=GBNF), seed) for seed in range(20)]
    assert "yes" in texts
    assert all(text is None or re.fullmatch("yes|no [abc]+", text) for text in texts)


def test_choices_are_what_is_said() -> None:
    words = ["yes", "yes!", "né\n", "a.b*c", "{x|y}", "\U0001f600", "-]^"]
    assert {walk(started(choices=words), seed) for seed in range(60)} == set(words)


BAD_CHOICES: dict[str, tuple[Any, str]] = {
    "none": ([], "choices must be a list of different strings"),
    "a string": ("yes", "choices must be a list of different strings"),
    "an empty one": (["yes", ""], "none of them empty"),
    "a number": (["yes", 1], "choices must be a list of different strings"),
    "twice": (["yes", "no", "yes"], "'yes' is there twice"),
    "half a character": (["\ud800"], "half of a surrogate pair"),
    "too many": ([f"{n:0100}" for n in range(3000)], "over 200,000 characters"),
}


@pytest.mark.parametrize("case", BAD_CHOICES)
def test_bad_choices(case: str) -> None:
    value, told = BAD_CHOICES[case]
    with pytest.raises(OptionError, match=told):
        choices("choices", value)


LONG = "start: r0\n" + "".join(f"r{n}: r{n + 1}\n" for n in range(500)) + 'r500: "a"'
TOKENS = "start: T0\n" + "".join(f"T{n}: T{n + 1}\n" for n in range(500)) + 'T500: "a"'
BAD_GRAMMARS: dict[str, tuple[Any, str]] = {
    "a number": (3, "grammar must be a grammar in Lark"),
    "empty": (" \n", "grammar must be a grammar in Lark"),
    "too large": ("x" * 300_000, "over 200,000 characters"),
    "brackets": ("start: " + "(" * 100 + '"a"' + ")" * 100, "brackets in brackets"),
    "rules": (LONG, "rules that name each other"),
    "tokens": (TOKENS, "rules that name each other"),
    "no rule at all": ("answer yes or no", "no rule 'start'"),
    "no start": ('begin: "a"', "no rule 'start'"),
    "no root": ('begin ::= "a"', "no rule 'root'"),
    "never ends": ('start: "a" start', "grammar never ends: the rule 'start'"),
    "an endless part": ('start: "b" | x\nx: y "+" "1"\ny: (x)', "grammar never ends: the rule 'x'"),
    "an endless gbnf": ('root ::= "a" root | [b] root', "grammar never ends: the rule 'root'"),
    "a temperature": ('start: A\nA[temperature=0.5]: "a"', "sets a temperature"),
}


@pytest.mark.parametrize("case", BAD_GRAMMARS)
def test_bad_grammars(case: str) -> None:
    value, told = BAD_GRAMMARS[case]
    with pytest.raises(OptionError, match=told):
        grammar("grammar", value)


WRONG = {
    "unknown name": ("start: other", "other"),
    "a circle of tokens": ("start: A\nA: B\nB: A", "never ends"),
    "no sense": ("start: ???", "grammar cannot be honoured"),
    "a bad expression": ("start: /(/", "invalid regex"),
    "an open string": ('start: "a', "grammar cannot be honoured"),
    "a look ahead": ("start: /(?=a)b/", "look"),
    "an open gbnf": ('root ::= "a', "grammar cannot be honoured"),
    "a bad gbnf": ("root ::= ) (", "grammar cannot be honoured"),
    "nothing": ("start: A & B\nA: /a+/\nB: /b+/", "grammar cannot be honoured"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_the_library_refuses(case: str) -> None:
    value, told = WRONG[case]
    with pytest.raises(OptionError, match=told):
        started(grammar=value)


@pytest.mark.parametrize(
    "text",
    [
        'start: "a" start?',
        'start: ("," start)* | [start] start{0,2}',
        "start: x~0..3\nx: x | /b|x/",
        'start: b "," -> start\n  | b\n!b: "start: x"i // start: c',
        'start: %json {"type": "object"}',
        'root ::= "a" root | [(|"] # root ::= root',
    ],
)
def test_what_ends(text: str) -> None:
    assert grammar("grammar", text).text == text


async def test_too_many_states_end_a_generation_with_words() -> None:
    model, _ = make_toy()
    hard = "start: /(.*[a-m].*[n-z].*){400}/ & /(a|b)*a(a|b){4000}/".replace("start: ", "A: ")
    with pytest.raises((OptionError, RunError), match="grammar cannot be"):
        await model.generate("A", grammar=f"start: A\n{hard}", max_new_tokens=180, seed=1)


def test_compiled_grammars_are_kept_the_last_ones() -> None:
    first = started(choices=["first", "kept"])
    assert started(choices=["first", "kept"]).inner is first.inner
    for number in range(MOST_GRAMMARS):
        started(choices=[f"other {number}", "b"])
    assert started(choices=["first", "kept"]).inner is not first.inner


def test_copies_go_their_own_ways() -> None:
    matcher = started(choices=["ab", "cd"]).matcher()
    [a, c] = TOKENIZER.encode("ac")
    other = matcher.copy()
    matcher.accept(a)
    other.accept(c)
    assert TOKENIZER.decode(matcher.forced()) == "b"
    assert TOKENIZER.decode(other.forced()) == "d"


def test_an_end_may_come_where_the_grammar_allows_it() -> None:
    matcher = started(regex="a+").matcher()
    [a] = TOKENIZER.encode("a")
    assert not matcher.allowed(EOS + 1)[EOS]
    matcher.accept(a)
    assert matcher.allowed(EOS + 1)[EOS]
    assert not matcher.ended


def test_depths_are_measured_without_recursion() -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    assert levels(nested, 100) == 101
    while nested:  # freed at once, so many levels would be the end of Pyodide
        nested = nested[0]
    assert levels({"a": [1]}, 100) == 3
    assert brackets("(" * 100_000) == 100_000
    assert brackets("(())()") == 2
    assert chain("0", lambda name: [str(int(name) + 1)] if int(name) < 9999 else []) == 10_000
    assert chain("a", lambda name: ["a", "b"]) == 2
