"""Bad input in the page: one sentence that says what to do, nothing lost, the next Run works."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Stock
from tests.browser.returning import Returning
from tests.browser.visitor import STARTED, Visitor, visits
from tests.support.graphs import Form, make_graph, write_model

LOAD = "import intab\nmodel = await intab.load({!r})\n"
GENERATE = LOAD.format("default") + "print(await model.generate({}))\n"


def cut_the_graph(folder: Path) -> None:
    path = folder / "onnx/model.onnx"
    path.write_bytes(path.read_bytes()[:1000])


def ask_for_pixels(folder: Path) -> None:
    graph = make_graph(Form())
    graph.graph.input.append(onnx.helper.make_tensor_value_info("pixels", 1, [1]))
    onnx.save(graph, folder / "onnx/model.onnx")


def be_bert(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({"architectures": ["BertForMaskedLM"]}))


def promise_more(folder: Path) -> None:
    files = {"onnx/model.onnx": {"size": 10**6}}
    manifest = {"format": 1, "files": files, "dtypes": {"fp32": ["onnx/model.onnx"]}}
    (folder / "intab.json").write_text(json.dumps(manifest))


def flip_a_bit(folder: Path) -> None:
    path = folder / "onnx/model.onnx"
    size = path.stat().st_size
    files = {"onnx/model.onnx": {"size": size, "sha256": "0" * 64}}
    manifest = {"format": 1, "files": files, "dtypes": {"fp32": ["onnx/model.onnx"]}}
    (folder / "intab.json").write_text(json.dumps(manifest))


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no-config": (
        lambda folder: (folder / "config.json").unlink(),
        "ModelNotFoundError: There is no file at",
    ),
    "no-graph": (
        lambda folder: (folder / "onnx/model.onnx").unlink(),
        "ModelNotFoundError: The folder holds no onnx/model*.onnx",
    ),
    "not-json": (
        lambda folder: (folder / "config.json").write_text("<!doctype html>"),
        "ManifestError: config.json is not valid JSON",
    ),
    "not-a-tokenizer": (
        lambda folder: (folder / "tokenizer.json").write_text("{}"),
        "ManifestError: tokenizer.json cannot be read",
    ),
    "truncated": (cut_the_graph, "DeviceError: onnxruntime cannot load onnx/model.onnx on wasm"),
    "too-short": (promise_more, "the manifest says 1,000,000: the file is truncated"),
    "damaged": (flip_a_bit, "DamagedError: onnx/model.onnx is damaged"),
    "other-inputs": (ask_for_pixels, "UnsupportedModelError: The graph asks for pixels"),
    "bert": (be_bert, "UnsupportedModelError: This model cannot continue text: its architecture"),
}


@pytest.fixture(scope="module")
def workshop(stock: Stock, served: str) -> str:
    """The site with broken models beside the default one."""
    for name, (spoil, _) in BROKEN.items():
        spoil(write_model(stock(name), Form()))
    return served


@pytest.fixture(scope="module")
def opened(returning: Returning, workshop: str) -> Iterator[Visitor]:
    """One page for all, which is to outlive every crash too."""
    yield from visits(returning, workshop)


def expect_sentence(visitor: Visitor, program: str, says: str) -> None:
    """The program fails with that sentence; it is still in the editor; the next Run works."""
    visitor.start(program)
    visitor.expect_state("error")
    expect(visitor.status).to_contain_text(says)
    expect(visitor.output).to_contain_text(says)
    assert visitor.text() == program.strip() + "\n"
    assert visitor.run("print('next')") == "next\n"


@pytest.mark.parametrize("name", BROKEN)
def test_models_that_are_broken(opened: Visitor, name: str) -> None:
    expect_sentence(opened, LOAD.format(name), BROKEN[name][1])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("''", "EmptyPromptError: The prompt is empty"),
        ("'word ' * 5000", "tokens, the model's context is"),
        ("'x', max_tokens=5", "OptionError: Unknown option 'max_tokens': did you mean"),
        ("'x', top_p=3", "OptionError: top_p must be a number from 0 to 1, not 3."),
        ("[{'role': 'user', 'content': 'x'}, 'x']", "ChatTemplateError: Message 1 must be a dict"),
        (
            "None",
            "PromptError: A prompt is a string, a list of messages or a list of token ids, "
            "not NoneType.",
        ),
    ],
)
def test_prompts_and_options_that_cannot_be(opened: Visitor, arguments: str, says: str) -> None:
    expect_sentence(opened, GENERATE.format(arguments), says)


def test_a_syntax_error_shows_its_line(opened: Visitor) -> None:
    expect_sentence(opened, "x = 1\nif x\n    print(x)", "SyntaxError: expected ':'")
    opened.start("x = 1\nif x\n    print(x)")
    opened.expect_state("error")
    expect(opened.output).to_contain_text('File "program.py", line 2')


def test_a_traceback_shows_the_user_s_own_lines(opened: Visitor) -> None:
    opened.start("def half(n):\n    return n / 0\n\nprint('before')\nhalf(3)\n")
    opened.expect_state("error")
    printed = opened.printed()
    assert printed.startswith("before\n")
    assert 'File "program.py", line 5, in <module>\n    half(3)' in printed
    assert 'File "program.py", line 2, in half\n    return n / 0' in printed
    assert printed.rstrip().endswith("ZeroDivisionError: division by zero")
    assert "site-packages" not in printed
    assert opened.run("print('next')") == "next\n"


def test_an_exception_in_a_logits_processor(opened: Visitor) -> None:
    program = LOAD.format("default") + (
        "def wrong(ids, logits):\n    return undefined\n\n"
        "print(await model.generate('x', logits_processors=[wrong]))\n"
    )
    expect_sentence(opened, program, "NameError: name 'undefined' is not defined")


def test_no_webassembly_simd(page: Page, served: str) -> None:
    page.add_init_script("WebAssembly.validate = () => false")
    visitor = Visitor(page).open(served, "error")
    expect(visitor.status).to_contain_text("no SIMD, which the model needs: update the browser")
    expect(visitor.button("run")).to_be_disabled()
    assert "import intab" in visitor.text()


def test_no_webassembly(page: Page, served: str) -> None:
    page.add_init_script("delete globalThis.WebAssembly")
    visitor = Visitor(page).open(served, "error")
    expect(visitor.status).to_contain_text("no WebAssembly")


def test_a_runtime_that_does_not_arrive_is_asked_for_again_by_run(page: Page, served: str) -> None:
    page.route("**/pyodide.mjs", lambda route: route.abort())
    visitor = Visitor(page).open(served, "error")
    expect(visitor.status).to_contain_text("Python could not start")
    visitor.start("print('still no network')")
    visitor.expect_state("loading")
    visitor.expect_state("error", timeout=STARTED)
    expect(visitor.button("run")).to_be_enabled()
    page.unroute("**/pyodide.mjs")
    visitor.start("print('at last')")
    expect(visitor.output).to_have_text("at last\n", timeout=STARTED)
    visitor.expect_state("ready", timeout=STARTED)


DEADLY = {
    "memory": "import ctypes\nctypes.string_at(0xFFFF0000, 64)",
    "exit": "import os\nos._exit(1)",
    "abort": "import os\nos.abort()",
    "close": "import asyncio, js\njs.close()\nawait asyncio.Event().wait()",
}


@pytest.mark.parametrize("program", DEADLY.values(), ids=DEADLY)
def test_python_that_crashes_is_restarted(opened: Visitor, program: str) -> None:
    visitor = opened
    visitor.start(program)
    expect(visitor.output).to_contain_text(
        "Python crashed and was restarted; your program is still here."
    )
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.text() == program + "\n"
    assert visitor.run("print('next')") == "next\n"


def test_python_that_crashes_before_any_program_is_not_restarted_for_ever(
    page: Page, served: str
) -> None:
    """As by a model whose loading exhausts the interpreter."""

    def doom(route: Route) -> None:
        crash = "import asyncio, js\nasyncio.get_event_loop().call_later(2, js.close)\n"
        route.fulfill(body=route.fetch().text() + crash)

    page.route("**/worker.py", doom)
    visitor = Visitor(page).open(served, "error")
    expect(visitor.status).to_contain_text("Python could not start: its worker ended.")
    page.unroute("**/worker.py")
    assert visitor.run("print('next')") == "next\n"


def test_a_default_model_that_does_not_arrive_leaves_the_page_usable(
    page: Page, served: str
) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=503)

    page.route("**/model_quantized.onnx", refuse)
    visitor = Visitor(page).open(served, "error")
    expect(visitor.status).to_contain_text("The model default could not be loaded")
    expect(visitor.status).to_contain_text("the server answered 503")
    assert visitor.run("print('usable')") == "usable\n"
    page.unroute("**/model_quantized.onnx", refuse)
    visitor.start(GENERATE.format("'Once', max_new_tokens=3, do_sample=False"))
    visitor.expect_state("ready", timeout=STARTED)
    assert visitor.printed().strip()


def test_storage_that_is_refused_costs_no_work(later: Page, served: str) -> None:
    """As in a browser that blocks site data."""
    later.add_init_script(
        "Object.defineProperty(window, 'localStorage',"
        " { get() { throw new DOMException('refused', 'SecurityError'); } })"
    )
    visitor = Visitor(later).open(served)
    assert visitor.run("print('works')") == "works\n"
