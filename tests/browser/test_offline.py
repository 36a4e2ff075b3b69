"""The page without its server, updated, on a silent host, and without service workers."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.test_readme import snippets
from tests.browser.visitor import STARTED, Visitor, expect_kept
from tests.browser.watching import Watch

STREAM = """
import intab
model = await intab.load("default")
async for chunk in model.stream("Once upon a time", max_new_tokens=20, do_sample=False):
    print(chunk, end="")
"""
HELD = """
import intab
from dataclasses import dataclass
from typing import Literal

@dataclass
class Animal:
    kind: Literal["fox", "owl"]
    legs: Literal[2, 4]

model = await intab.load("default")
story = "Once upon a time there was an animal."
animal = await model.generate(story, json_schema=Animal, max_new_tokens=200, seed=1)
time = await model.generate("They met at ", regex=r"[01][0-9]:[0-5][0-9]", seed=1)
mood = await model.generate("The little fox was", choices=[" happy", " sad"], seed=1)
print(animal.parsed, time.text, mood.text)
"""
PAINTED = """
import intab
pipe = await intab.pipeline("text-to-image", "emoji")
[image] = (await pipe("a red apple", num_inference_steps=1, seed=1)).images
print(image.size, sum(image.tobytes()))
"""
HELD_ANSWERS = r"Animal\(kind='(fox|owl)', legs=[24]\) [01]\d:[0-5]\d  (happy|sad)\n"
KEEPS_LLGUIDANCE = """async () => {
  const [name] = (await caches.keys()).filter((name) => name.startsWith("intab site"));
  const keys = await (await caches.open(name)).keys();
  return keys.some(({ url }) => url.includes("/llguidance-"));
}"""
NEW_RUNTIME = "runtime-0000000000000000"
NEW_LIST = "assets/files-00000000.json"


def versions(page: Page) -> list[str]:
    names: list[str] = page.evaluate("caches.keys()")
    return [name.split("/")[-1] for name in names if name.startswith("intab site")]


def release(folder: Path) -> None:
    """A new version in the old one's place: other addresses of the runtime and of the list."""
    [runtime] = folder.glob("runtime-*")
    runtime.rename(folder / NEW_RUNTIME)
    [files] = folder.glob("assets/files-*.json")
    files.rename(folder / NEW_LIST)
    for name in ("index.html", "pyscript.toml", "intab/without_eval.mjs", "pyscript/core.js"):
        path = folder / name
        text = path.read_text().replace(runtime.name, NEW_RUNTIME)
        path.unlink()  # it may be a link to the original
        path.write_text(text.replace(f"assets/{files.name}", NEW_LIST))
    forget_digests_and_variants(folder, runtime.name)


def forget_digests_and_variants(folder: Path, old_runtime: str) -> None:
    """The list without the files that were rewritten; nothing pre-compressed that is stale."""
    for variant in [*folder.glob("index.html.*"), *folder.glob("assets/files-*.json.*")]:
        variant.unlink()
    path = folder / NEW_LIST
    lines = path.read_text().replace(old_runtime, NEW_RUNTIME).splitlines()
    kept = [line for line in lines if not re.search(r'^ "(pyscript|intab)', line)]
    path.unlink()
    path.write_text("\n".join(kept))


@pytest.fixture
def folder(site: Path, tmp_path: Path) -> Path:
    return copy_site(site, tmp_path / "site")


def test_after_one_visit_the_page_needs_no_server(page: Page, site: Path) -> None:
    visitor = Visitor(page)
    with serve_command(site) as address:
        visitor.open(address)
        expect_kept(page)
        assert not page.evaluate(KEEPS_LLGUIDANCE)  # no answer was held to a form
        held = visitor.run(HELD)
        assert re.fullmatch(HELD_ANSWERS, held)
        page.wait_for_function(KEEPS_LLGUIDANCE, timeout=STARTED)
        painted = visitor.run(PAINTED)
        assert painted.startswith("(64, 64)")
        visitor.write(STREAM)
    page.reload()
    visitor.expect_state("ready", timeout=STARTED)
    visitor.button("run").click()
    visitor.expect_state("ready")
    assert len(visitor.printed().split()) > 10
    assert visitor.run(HELD) == held
    assert visitor.run(PAINTED) == painted
    visitor.button("restart").click()
    visitor.expect_state("ready", timeout=STARTED)
    page.goto(f"{address}index.html")
    visitor.expect_state("ready", timeout=STARTED)


def test_an_update_is_picked_up_and_an_open_page_keeps_its_files(page: Page, folder: Path) -> None:
    with serve_command(folder) as address:
        old = Visitor(page).open(address)
        expect_kept(page)
        [before] = versions(page)
        release(folder)
        new = Visitor(page.context.new_page()).open(address)
        expect_kept(new.page)
        interpreter = new.page.locator("#interpreter").get_attribute("href")
        assert interpreter == f"{NEW_RUNTIME}/pyodide/start.mjs?model=default"
        assert versions(page) == [before, NEW_LIST.split("/")[-1]]
        old.button("restart").click()
        old.expect_state("ready", timeout=STARTED)
        old.page.close()
        new.open(address)
        expect_kept(new.page)
        assert versions(new.page) == [NEW_LIST.split("/")[-1]]


def test_a_site_that_is_not_what_its_list_says_is_not_kept(page: Page, folder: Path) -> None:
    changed = folder / "pyscript.toml"
    text = changed.read_text()
    changed.unlink()
    changed.write_text(f"{text}\n")
    with serve_command(folder) as address:
        visitor = Visitor(page).open(address)
        expect_kept(page, "not kept")
        assert visitor.run("print('works')") == "works\n"


@contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """A host that knows nothing of isolation, ranges or compression."""
    command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            yield f"http://127.0.0.1:{re.findall('port ([0-9]+)', said)[0]}/"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def silent_host(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """As GitHub Pages serves a repository's site: under a sub-path, without headers."""
    root = tmp_path_factory.mktemp("pages")
    folder = copy_site(site, root / "repo")
    (folder / "mine.html").write_text(snippets("html")[0], encoding="utf-8")
    with plain_server(root) as address:
        yield f"{address}repo/"


def navigations(page: Page) -> list[str]:
    seen: list[str] = []
    page.on("framenavigated", lambda frame: seen.append(frame.url))
    return seen


def test_a_host_without_headers_is_isolated_by_one_reload(
    page: Page, silent_host: str, watch: Watch
) -> None:
    seen = navigations(page)
    visitor = Visitor(page).open(silent_host)
    expect(visitor.device).to_contain_text("2 threads")
    assert page.evaluate("crossOriginIsolated")
    assert seen == [silent_host] * 2
    visitor.open(silent_host)
    assert len(seen) == 3
    watch.assert_clean(silent_host)
    page.goto(f"{silent_host}mine.html")  # its worker asks for `document`, hence for isolation
    expect(page.locator("#story")).to_have_text(re.compile(r"\w+(\W+\w+){9}"), timeout=STARTED)


def test_a_visitor_who_has_begun_to_type_is_not_reloaded(page: Page, silent_host: str) -> None:
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => dispatchEvent(new KeyboardEvent('keydown')))"
    )
    seen = navigations(page)
    visitor = Visitor(page).open(silent_host)
    assert seen == [silent_host]
    assert visitor.run("print('typed')") == "typed\n"


def test_a_host_that_wants_no_isolation_is_left_alone(page: Page, served_unisolated: str) -> None:
    seen = navigations(page)
    Visitor(page).open(served_unisolated)
    expect_kept(page)
    page.reload()
    assert not page.evaluate("crossOriginIsolated")
    assert len(seen) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        "Object.defineProperty(Navigator.prototype, 'serviceWorker', { get() {} })",
        "ServiceWorkerContainer.prototype.register = () => Promise.reject(new Error('refused'))",
    ],
    ids=["missing", "refused"],
)
def test_without_service_workers_all_else_works(
    page: Page, silent_host: str, watch: Watch, refusal: str
) -> None:
    page.add_init_script(refusal)
    seen = navigations(page)
    visitor = Visitor(page).open(silent_host)
    assert visitor.run("print('works')") == "works\n"
    assert seen == [silent_host]
    watch.assert_clean(silent_host)
