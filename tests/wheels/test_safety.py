"""Bad files, hostile patterns and bugs in Rust are exceptions; the interpreter lives on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.wheels.interpreter import SCRATCH, Interpreter

# A wasm stack that overflows, or a Rust abort, would make every later call fail.
ALIVE = """
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
Tokenizer(models.BPE(vocab={"a": 0}, merges=[])).encode("aa").ids
"""
ATTEMPT = """
try:
    result = [None, str(eval(attempt))]
except BaseException as error:
    result = [type(error).__name__, str(error)]
result
"""
SPLIT = "pre_tokenizers.Split(Regex({!r}), 'isolated').pre_tokenize_str({})"
HOSTILE = {
    "nested quantifier": (r"(a+)+$", "'a' * 40 + 'b'"),
    "alternatives": (r"^(([a-z])+.)+[A-Z]([a-z])+$", "'a' * 60"),
    "backreference": (r"^(a|aa)+\1c", "'a' * 60"),
    "lookahead": (r"(?=(a|a)*b)a", "'a' * 60"),
}
DEEP = {
    "groups": SPLIT.format("(" * 5000 + "a" + ")" * 5000, "'a'"),
    "stars": SPLIT.format("(?:" * 5000 + "a" + ")*" * 5000, "'a'"),
    "lookaheads": SPLIT.format("(?=" * 5000 + "a" + ")" * 5000, "'a'"),
    "classes": SPLIT.format("[" * 5000 + "a" + "]" * 5000, "'a'"),
    "never ending": SPLIT.format(r"(?<x>\g<x>a|b)", "'ab'"),
    "json": "Tokenizer.from_str('[' * 100_000)",
    "json objects": "Tokenizer.from_str('{\"normalizer\":' * 5000 + '1' + '}' * 5000)",
}
BAD = {
    "no json": "Tokenizer.from_str('{')",
    "not utf-8": "Tokenizer.from_buffer(b'\\xff\\xfe')",
    "no model": "Tokenizer.from_str('{}')",
    "unknown model": 'Tokenizer.from_str(\'{"model": {"type": "GPT"}}\')',
    "bad pattern": "Regex('(')",
    "surrogate": "Tokenizer(models.BPE()).encode('\\ud800')",
    "no unknown token": "Tokenizer(models.WordPiece({'a': 0}, unk_token='[UNK]')).encode('b')",
    "custom part": "normalizers.Normalizer.custom(object()).normalize_str('x')",
}


@pytest.fixture(autouse=True)
def alive(tab: Interpreter) -> Iterator[None]:
    """Whatever a test did, the same interpreter still tokenizes."""
    tab.run(ALIVE)
    yield
    assert tab.run(ALIVE) == [0, 0]


def attempt(tab: Interpreter, expression: str) -> tuple[str | None, str]:
    """The exception's name and message, or None and the result."""
    name, text = tab.run(ATTEMPT, attempt=expression)
    return name, text


@pytest.mark.browser
@pytest.mark.parametrize("name", HOSTILE)
def test_exponential_backtracking_ends_in_an_error_that_names_the_pattern(
    tab: Interpreter, name: str
) -> None:
    pattern, text = HOSTILE[name]
    error, message = attempt(tab, SPLIT.format(pattern, text))
    assert error == "Exception"
    assert "retry-limit" in message
    assert json.dumps(pattern) in message


@pytest.mark.browser
def test_polynomial_backtracking_ends_too(tab: Interpreter) -> None:
    error, message = attempt(tab, SPLIT.format("a*a*b|a", "'a' * 5000"))
    assert (error, "too long" in message) == ("Exception", True)


@pytest.mark.browser
@pytest.mark.parametrize("name", DEEP)
def test_deep_recursion_is_an_error(tab: Interpreter, name: str) -> None:
    assert attempt(tab, DEEP[name])[0] == "Exception"


@pytest.mark.browser
def test_a_hundred_groups_within_groups_are_fine(tab: Interpreter) -> None:
    error, result = attempt(tab, SPLIT.format("(" * 100 + "a" + ")" * 100, "'ab'"))
    assert (error, result) == (None, "[('a', (0, 1)), ('b', (1, 2))]")


@pytest.mark.browser
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_the_exception_that_the_native_library_raises(
    tab: Interpreter, name: str
) -> None:
    from tokenizers import Regex, Tokenizer, models, normalizers

    names = {"Regex": Regex, "Tokenizer": Tokenizer, "models": models, "normalizers": normalizers}
    with pytest.raises(Exception) as native:  # noqa: PT011 - any; it is compared
        eval(BAD[name], names)  # noqa: S307 - our own words, above
    error, message = attempt(tab, BAD[name])
    assert error == type(native.value).__name__
    assert message.startswith(str(native.value))


@pytest.mark.browser
@pytest.mark.parametrize("length", [10**9, 2 * 10**9, 4 * 10**9])
def test_memory_that_is_not_to_be_had_is_an_exception(tab: Interpreter, length: int) -> None:
    tab.run("tokenizer = Tokenizer(models.BPE(vocab={'a': 0}, merges=[])); None")
    tab.run("tokenizer.enable_padding(length=int(length)); None", length=length)
    assert attempt(tab, "tokenizer.encode('a')")[0] == "PanicException"


def bad_file(**model: object) -> str:
    """A tokenizer.json with a model that is not right, added tokens and all."""
    token = {"id": 0, "content": "<s>", "single_word": False, "lstrip": False}
    token |= {"rstrip": False, "normalized": False, "special": True}
    return json.dumps(
        {"version": "1.0", "added_tokens": [token], "model": {"type": "BPE", **model}}
    )


BAD_FILES = {
    "no merges": bad_file(vocab={"<s>": 0, "a": 1}),
    "merges without sense": bad_file(vocab={"<s>": 0, "a": 1}, merges=[["a"]]),
    "a merge of three": bad_file(vocab={"a": 0, "b": 1}, merges=["a b c"]),
    "a merge into no token": bad_file(vocab={"a": 0, "b": 1}, merges=["a b"]),
    "a merge of no token": bad_file(vocab={"a": 0, "ab": 1}, merges=["a b"]),
    "an id that is no number": bad_file(vocab={"a": "0"}, merges=[]),
    "an unknown version": bad_file(vocab={}, merges=[]).replace('"1.0"', '"9.0"'),
}


@pytest.mark.browser
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_the_library_refuses_is_refused_alike(tab: Interpreter, name: str) -> None:
    from tokenizers import Tokenizer

    with pytest.raises(BaseException) as native:  # noqa: PT011 - any; it is compared
        Tokenizer.from_str(BAD_FILES[name])
    # A name of its own: the browser keeps what it fetched a moment ago.
    path = SCRATCH / f"bad-{list(BAD_FILES).index(name)}.json"
    path.write_text(BAD_FILES[name], encoding="utf-8")
    tab.fetch(f"/scratch/{path.name}", "/bad.json")
    wanted = (type(native.value).__name__, str(native.value))
    assert attempt(tab, "Tokenizer.from_file('/bad.json')") == wanted
