"""The page as it is served, without any option, and a hub at its real address: names and policy are
those of every day, and Chromium is told where the names lead to.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserType, expect

from intab.engine.text.tokenizer import Tokenizer
from tests.browser.conftest import launch_args
from tests.browser.visitor import Visitor
from tests.engine.conftest import byte_tokenizer_json
from tests.native.test_examples import FROM_HUB
from tests.native.test_pipelines import GOLDEN
from tests.support.fake_hub import REAL, SPKI, FakeHub, serving_hub
from tests.support.graphs import Form, reference, write_model

DATA = "onnx/model.onnx_data"
SIZE = 9 * 1024 * 1024  # of the data: five parts of 2 MiB
IDS = reference(Tokenizer(byte_tokenizer_json()).encode("Hello"), 5)
PIPELINES = GOLDEN / "pipelines"
PROGRAM = """
    import intab
    model = await intab.load("org/name")
    answer = await model.generate("Hello", max_new_tokens=5, do_sample=False)
    print(*answer.ids)
"""

# Programs of the gallery with models of the hub: which one of tests/native/test_examples.py it is,
# and the form that it shows beside what it prints.
GALLERY = {
    "Search by meaning": ("search", None),
    "Names in a text": ("names", "html"),
    "Good or bad?": ("feeling", None),
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHub]:
    """With a model that has a large file: a few weights, and zeros that no weight is in."""
    folder = write_model(tmp_path_factory.mktemp("real") / "model", Form(), external_data=True)
    with (folder / DATA).open("r+b") as file:
        file.truncate(SIZE)
    with serving_hub(folder, REAL, tls=True, private=False) as hub:
        yield hub


@pytest.fixture(scope="module")
def browser_there(browser_type: BrowserType, hub: FakeHub) -> Iterator[Browser]:
    """Where these names lead to our hub, and to nothing else."""
    rules = f"--host-resolver-rules={hub.rules}, MAP *.hf.co ~NOTFOUND"
    trusted = f"--ignore-certificate-errors-spki-list={SPKI}"
    browser = browser_type.launch(**launch_args(rules, trusted))
    yield browser
    browser.close()


def files_asked(hub: FakeHub) -> dict[str, int]:
    return {address: count for address, count in hub.asked.items() if "/api/models" not in address}


def test_a_models_name_is_all_that_a_program_needs(
    browser_there: Browser, served: str, hub: FakeHub
) -> None:
    page = browser_there.new_page()
    visitor = Visitor(page).open(served)
    written = " ".join(map(str, IDS)) + "\n"
    assert visitor.run(PROGRAM) == written
    # Its small files come from the hub, its large ones from where that redirects to.
    assert set(hub.heard) == {f"https://{host}" for host in REAL}
    assert hub.asked[f"{hub.network}/{DATA}"] == 5
    assert {token for tokens in hub.heard.values() for token in tokens} == {None}
    before = files_asked(hub)
    visitor.open(served)
    assert visitor.run(PROGRAM) == written
    assert files_asked(hub) == before  # all is stored: only what is there now is asked
    page.close()


def test_programs_of_the_gallery_bring_their_models(
    browser_there: Browser, served: str, hub: FakeHub
) -> None:
    """What search has read is kept: a new page reads nothing anew. What is typed is judged."""
    page = browser_there.new_page()
    visitor = Visitor(page).open(served)
    for title, (name, shown) in GALLERY.items():
        model, folder, says = FROM_HUB[name]
        serve(hub, model, PIPELINES / folder)
        visitor.choose(title)
        visitor.button("run").click()
        if name == "search":
            answer(visitor, "an old house")
            answer(visitor, "")
        visitor.expect_state("ready", "error")
        expect(visitor.status).to_have_text("Ready")
        assert says in visitor.printed() or shown
        if shown:
            expect(visitor.output.locator(f"figure.shown.{shown}").first).to_be_visible()
    typed = page.get_by_test_id("drawn").get_by_label("text")
    expect(typed).to_be_visible()
    typed.fill("good dogs")
    typed.press("Enter")
    expect(visitor.output).to_contain_text("good dogs")
    visitor.expect_state("ready")
    model, folder, _ = FROM_HUB["search"]
    serve(hub, model, PIPELINES / folder)
    visitor.open(served)
    visitor.choose("Search by meaning")
    visitor.button("run").click()
    answer(visitor, "")
    visitor.expect_state("ready", "error")
    assert "0 of 6 lines were read just now" in visitor.printed()
    page.close()


def serve(hub: FakeHub, model: str, folder: Path) -> None:
    """The hub has that folder now, by that name."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    hub.name = model
    hub.files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def answer(visitor: Visitor, line: str) -> None:
    """What the program asks for."""
    box = visitor.output.locator("form input")
    expect(box).to_be_visible()
    box.fill(line)
    box.press("Enter")
