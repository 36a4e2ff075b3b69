"""The wheel of llguidance: the native library's masks, and no input that ends the interpreter."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.wheels import interpreter
from tests.wheels.conftest import wheel
from tests.wheels.interpreter import ROOT, Interpreter
from tests.wheels.masks import CODE, GRAMMARS

pytestmark = pytest.mark.browser
ALIVE = """
one = llguidance.LLMatcher(table, 'start: "ab"', log_level=0)
list(one.compute_ff_tokens())
"""
ATTEMPT = """
try:
    made = llguidance.LLMatcher(table, grammar, log_level=0)
    result = made.get_error()[:300]
except BaseException as error:
    result = f"{type(error).__name__}: {error}"[:300]
result
"""


@pytest.fixture(scope="module")
def guided(chromium: Browser, wheels_origin: str) -> Iterator[Interpreter]:
    """Pyodide with llguidance and the table of masks.py."""
    with interpreter.start(chromium, wheels_origin) as tab:
        tab.load(wheel("llguidance"))
        tab.run(f"import json\ngrammars = json.loads(given)\n{CODE}\nNone", given="{}")
        yield tab


@pytest.fixture(autouse=True)
def alive(guided: Interpreter) -> Iterator[None]:
    """Whatever a test did, the same interpreter still has the library."""
    yield
    assert guided.run(ALIVE) == [97, 98]


def natively() -> Any:
    names: dict[str, Any] = {"grammars": GRAMMARS}
    exec(CODE, names)  # noqa: S102 - our own words
    return json.loads(json.dumps(names["masks"]))


def test_masks_are_those_of_the_native_library(guided: Interpreter) -> None:
    code = "grammars = json.loads(given)\n"
    code += "masks = {n: [told(t, seed) for seed in range(5)] for n, t in grammars.items()}\nmasks"
    assert guided.run(code, given=json.dumps(GRAMMARS)) == natively()


DEEP = {
    "groups": "start: /" + "(" * 5000 + "a" + ")" * 5000 + "/",
    "brackets": "start: " + "(" * 5000 + '"a"' + ")" * 5000,
    "rules": "start: r0\n" + "".join(f"r{n}: r{n + 1}\n" for n in range(20_000)) + 'r20000: "a"',
    "tokens": "start: T0\n" + "".join(f"T{n}: T{n + 1}\n" for n in range(20_000)) + 'T20000: "a"',
    "levels": "start: %json " + '{"type":"array","items":' * 5000 + "{}" + "}" * 5000,
    "references": "start: %json "
    + json.dumps(
        {
            "$ref": "#/$defs/0",
            "$defs": {
                **{str(n): {"items": {"$ref": f"#/$defs/{n + 1}"}} for n in range(5000)},
                "5000": {"type": "null"},
            },
        }
    ),
    "no end": "start: A\nA: B\nB: A",
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_grammars_are_errors(guided: Interpreter, name: str) -> None:
    assert guided.run(ATTEMPT, grammar=DEEP[name])


@pytest.mark.parametrize("times", [1000, 100_000])
def test_deep_objects_of_python_are_errors(guided: Interpreter, times: int) -> None:
    code = f"""
nested = {{}}
for _ in range({times}):
    nested = {{"items": nested}}
try:
    result = llguidance.LLMatcher.grammar_from_json_schema(nested)
except BaseException as error:
    result = type(error).__name__
while nested:  # freed at once, so many levels are the end of Pyodide itself
    nested = nested["items"]
result
"""
    assert guided.run(code) == "ValueError"


@pytest.mark.parametrize("grammar", ["start: (", "", "start: /[/", "start: missing"])
def test_bad_grammars_are_errors(guided: Interpreter, grammar: str) -> None:
    assert guided.run(ATTEMPT, grammar=grammar)


@pytest.mark.parametrize("expression", ["(.*a.*b){500}", "(a|b)*a(a|b){50000}"])
def test_expressions_of_many_states_are_followed(guided: Interpreter, expression: str) -> None:
    """States are made as they are reached."""
    code = """
followed = llguidance.LLMatcher(table, "start: /" + expression + "/", log_level=0)
for n in range(100):
    allowed = followed.compute_bitmask()
    followed.consume_token(97 + n % 2)
[followed.get_error(), allowed[12] >> 1 & 3]
"""
    assert guided.run(code, expression=expression) == ["", 3]


def test_batches_run_on_the_calling_thread(guided: Interpreter) -> None:
    code = """
pair = [llguidance.LLMatcher(table, 'start: "ab"', log_level=0) for _ in range(2)]
llguidance.LLExecutor().consume_token_par([(pair[0], 97), (pair[1], 98)])
"""
    assert guided.run(code) == [True, False]


def test_a_tokenizer_file_is_refused_with_what_to_pass(guided: Interpreter) -> None:
    code = """
try:
    result = llguidance.LLTokenizer("{}")
except ValueError as error:
    result = str(error)
result
"""
    assert "TokenizerWrapper" in guided.run(code)


def test_the_wheel_is_small_and_has_its_licences() -> None:
    path = ROOT / "wheels" / wheel("llguidance")
    assert path.stat().st_size <= 1_200_000
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        notices = archive.read(next(n for n in names if n.endswith("THIRD-PARTY.txt"))).decode()
    assert {"llguidance/py.typed", "llguidance/_lib.pyi"} <= set(names)
    assert not [name for name in names if "test" in name]
    assert all(crate in notices for crate in ("derivre", "pyo3", "regex-syntax", "referencing"))
