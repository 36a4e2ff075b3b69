"""The page as it is served, without any option, and a hub at its real address: names and policy are
those of every day, and Chromium is told where the names lead to.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserType, expect

from intab.engine.text.tokenizer import Tokenizer
from tests.browser.conftest import launch_args
from tests.browser.visitor import Visitor
from tests.engine.conftest import byte_tokenizer_json
from tests.engine.support.drawing import drawing
from tests.engine.support.saving import saved
from tests.native.test_examples import FROM_HUB, stand_in
from tests.support.fake_hub import REAL, SPKI, FakeHub, serving_hub
from tests.support.graphs import Form, reference, write_model

DATA = "onnx/model.onnx_data"
SIZE = 9 * 1024 * 1024  # of the data: five parts of 2 MiB
IDS = reference(Tokenizer(byte_tokenizer_json()).encode("Hello"), 5)
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
    "English to German": ("translate", None),
    "Short answers": ("ask", None),
    "Things in a picture": ("boxes", "image"),
    "Good or bad?": ("feeling", None),
    "A calculator as its tool": ("calculator", None),
    "A form filled in": ("form", "table"),
    "Without the background": ("cutout", "image"),
    "Pictures by words": ("album", "image"),
    "Things before the camera": ("camera", None),
    "Write down speech": ("speech", None),
}
ENDLESS = ("camera", "speech")
# What it asks for: lines, and pictures.
LINES = {"search": ["an old house", ""], "album": ["an old house", ""]}
LINES |= {"ask": ["an old house", ""], "calculator": [""], "form": [""]}
CHOSEN = {"boxes": 1, "cutout": 1, "album": 3}
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


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
    browser = browser_type.launch(**launch_args(rules, trusted, *CAMERA))
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
    browser_there: Browser, served: str, hub: FakeHub, tmp_path: Path
) -> None:
    """What search has read is kept: a new page reads nothing anew. What is typed is judged."""
    page = browser_there.new_page()
    visitor = Visitor(page).open(served)
    for title, (name, shown) in GALLERY.items():
        model, _, says = FROM_HUB[name]
        serve(hub, model, stand_in(name, tmp_path))
        visitor.choose(title)
        visitor.button("run").click()
        if name in ENDLESS:
            expect(visitor.output).to_contain_text(says)
            visitor.button("stop").click()
        for _ in range(CHOSEN.get(name, 0)):
            choose_picture(visitor)
        for line in LINES.get(name, []):
            answer(visitor, line)
        visitor.expect_state("ready", "error")
        expect(visitor.status).to_have_text("Stopped" if name in ENDLESS else "Ready")
        assert says in visitor.printed() or shown
        if shown:
            expect(visitor.output.locator(f"figure.shown.{shown}").first).to_be_visible()
        if name == "feeling":
            type_on(visitor, "good dogs")
    serve(hub, FROM_HUB["search"][0], stand_in("search", tmp_path))
    visitor.open(served)
    visitor.choose("Search by meaning")
    visitor.button("run").click()
    answer(visitor, "")
    visitor.expect_state("ready", "error")
    assert "0 of 6 lines were read just now" in visitor.printed()
    page.close()


def choose_picture(visitor: Visitor) -> None:
    """For a program that asks for one; then it asks no more, or anew."""
    picture = saved(Image.fromarray(drawing(90, 120)))
    chosen: Any = {"name": "a.png", "mimeType": "image/png", "buffer": picture}
    asks = visitor.page.get_by_label("Choose a picture")
    expect(asks).to_be_visible()
    box = asks.element_handle()
    box.set_input_files(chosen)
    box.wait_for_element_state("hidden")


def type_on(visitor: Visitor, text: str) -> None:
    """Into the line that the program reads: it runs again."""
    typed = visitor.page.get_by_test_id("drawn").get_by_label("text")
    expect(typed).to_be_visible()
    typed.fill(text)
    typed.press("Enter")
    expect(visitor.output).to_contain_text(text)
    visitor.expect_state("ready")


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
