"""A model's files come while the interpreter does, once, and only where they are not stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.visitor import Visitor

GRAPH = "onnx/model_quantized.onnx"
INTERPRETER = "**/pyodide.asm.wasm"
# What the runtime's early.mjs gives for each of [address, range]: status and size, or why not.
TAKE = """async ([module, model, wanted]) => {
    const { begin, take } = await import(module);
    await begin(model);
    const say = async (response) => [response.status, (await response.arrayBuffer()).byteLength];
    return await Promise.all(wanted.map((one) => take(...one).then(say, (error) => error.message)));
}"""


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The addresses that the page and its worker ask for, as they do."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


def test_all_is_asked_for_while_the_interpreter_is_on_its_way(
    page: Page, served: str, asked: list[str]
) -> None:
    held: list[Route] = []
    arrived = False

    def hold(route: Route) -> None:
        if arrived:
            route.continue_()
        else:
            held.append(route)

    page.route(INTERPRETER, hold)
    # The last of them: till then nothing of Python is there.
    with page.expect_request(lambda request: is_of_model(request, "tokenizer_config.json")):
        page.goto(served)
    arrived = True
    for route in held:
        route.continue_()
    Visitor(page).expect_state("ready", timeout=240_000)
    once = ["intab.json", "config.json", "tokenizer.json", GRAPH, "ort-wasm-simd-threaded.wasm"]
    for name in once:
        assert sum(address.endswith(f"/{name}") for address in asked) == 1, name


def is_of_model(request: Request, name: str) -> bool:
    return request.url.endswith(f"models/default/{name}")


def test_what_fails_early_is_asked_for_again(page: Page, served: str, asked: list[str]) -> None:
    page.route(f"**/{GRAPH}", lambda route: route.abort(), times=1)
    page.route("**/models/default/intab.json", lambda route: route.fulfill(status=500), times=1)
    page.route("**/ort-wasm-simd-threaded.wasm", lambda route: route.abort(), times=1)
    Visitor(page).open(served)
    assert sum(address.endswith("intab.json") for address in asked) == 2


def test_parts_of_a_large_file_and_nothing_that_depends_on_the_device(
    page: Page, site: Path, tmp_path: Path
) -> None:
    folder = copy_site(site, tmp_path / "site")
    write_model(folder / "models/one", {"q8": ["large"]})
    write_model(folder / "models/two", {"q8": ["large"], "q4": ["small"]})
    [module] = folder.glob("runtime-*/intab/early.mjs")
    with serve_command(folder) as address:
        page.goto(f"{address}LICENSE")

        def take(model: str, *wanted: tuple[str, str]) -> list[object]:
            names = [[f"{address}models/{model}/{name}", span] for name, span in wanted]
            place = f"{address}{module.relative_to(folder)}"
            answers: list[object] = page.evaluate(TAKE, [place, model, names])
            return answers

        first, last, beyond = "bytes=0-3145727", "bytes=9437184-10485759", "bytes=0-0"
        parts = take("one", ("large", first), ("large", last), ("large", beyond), ("small", ""))
        absent = "not asked for early"
        assert parts == [[206, 3 << 20], [206, 1 << 20], absent, [200, 5]]
        page.route("**/one/large", lambda route: route.fulfill(status=200, body="whole"))
        assert take("one", ("large", first), ("large", last)) == ["no ranges", "no ranges"]
        assert take("two", ("config.json", ""), ("large", first)) == [[200, 2], absent]
        assert take("two", ("small", ""), ("config.json", "")) == [absent, [200, 2]]


def write_model(folder: Path, dtypes: dict[str, list[str]]) -> None:
    """A large file of 10 MiB in chunks of 3, a small one, and their manifest."""
    folder.mkdir()
    contents = {"large": bytes(10 << 20), "small": b"small", "config.json": b"{}"}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    files = {name: {"size": len(content)} for name, content in contents.items()}
    files["large"]["chunk_size"] = 3 << 20
    (folder / "intab.json").write_text(json.dumps({"files": files, "dtypes": dtypes}))
