"""Models on the visitor's disk, in the page: a folder with its handle, files without handles.

A native dialog cannot be driven. What it would give is real: a folder of the origin private file
system, or files that Playwright puts into the input.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.support.graphs import Form, write_model

# Prints what each of some models says first, or why it cannot be loaded.
GENERATE = """
import intab
for spec in {!r}:
    try:
        model = await intab.load(spec)
        print(repr(str(await model.generate("Once", max_new_tokens=3, do_sample=False))))
        await model.close()
    except intab.errors.LoadError as exc:
        print(type(exc).__name__, exc)
"""
# Copies files that are served into the private file system; the pickers then give those.
STUB = """
async ([address, folder, names]) => {
  const root = await navigator.storage.getDirectory();
  const model = await root.getDirectoryHandle(folder, { create: true });
  for (const path of names) {
    const parts = path.split("/");
    const name = parts.pop();
    let place = model;
    for (const part of parts) place = await place.getDirectoryHandle(part, { create: true });
    const stream = await (await place.getFileHandle(name, { create: true })).createWritable();
    await stream.write(await (await fetch(`${address}/${path}`)).blob());
    await stream.close();
  }
  window.showDirectoryPicker = async () => model;
  window.showOpenFilePicker = async () => [await model.getFileHandle("config.json")];
}
"""
CALL = "([name, ...given]) => import('/intab/disk.mjs').then((disk) => disk[name](...given))"
FILES = ["config.json", "tokenizer.json", "onnx/model_quantized.onnx"]


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    yield from visits(returning, served)


@pytest.fixture
def light(page: Page, served: str) -> Page:
    """A page of the site without a Python."""
    page.goto(f"{served}intab/disk.mjs")
    return page


def call(page: Page, name: str, *given: Any) -> Any:
    """A function of app/page/disk.mjs, called in the page."""
    return page.evaluate(CALL, [name, *given])


def pick(page: Page, folder: str = "mine", names: list[str] = FILES) -> Any:
    """Choose a folder with these files of the default model."""
    page.evaluate(STUB, ["/models/default", folder, names])
    return call(page, "pickFolder")


def choose(page: Page, files: Any, name: str, *given: str) -> Any:
    """Call a function that opens an input, and choose files there."""
    page.evaluate("delete window.showDirectoryPicker; delete window.showOpenFilePicker")
    with page.expect_file_chooser() as choosing:
        page.evaluate(f"() => {{ window.chosen = ({CALL})({[name, *given]!r}); }}")
        choosing.value.set_files(files)
    return page.evaluate("window.chosen")


@pytest.fixture
def folder(site: Path, tmp_path: Path) -> Path:
    """A model's folder on the disk."""
    return Path(shutil.copytree(site / "models/default", tmp_path / "mine"))


def test_a_folder_is_loaded_and_what_cannot_be_read_says_why(opened: Visitor) -> None:
    assert pick(opened.page, "mine") == {"name": "mine"}
    pick(opened.page, "no config", FILES[1:])
    pick(opened.page, "no graph", FILES[:2])
    specs = ["default", "disk:mine", "disk:no config", "disk:no graph", "disk:other"]
    default, mine, *wrong = opened.run(GENERATE.format(specs)).splitlines()
    assert default == mine
    assert "no file at disk:no config/config.json" in wrong[0]
    assert "The folder holds no onnx/model*.onnx" in wrong[1]
    assert "There is no folder disk:other: open it in the page." in wrong[2]


def test_it_is_not_copied(opened: Visitor) -> None:
    pick(opened.page)
    opened.run(GENERATE.format(["disk:mine"]))
    program = "import intab\nprint([model.name for model in await intab.storage.list()])"
    assert opened.run(program) == "['default']\n"


def test_parts_of_a_file_are_answered_as_a_server_does(opened: Visitor) -> None:
    pick(opened.page)
    program = """
    from intab.browser.fetch import BrowserFetch
    for span in ("", "bytes=1-3", "bytes=99999999-99999999"):
        reply = await BrowserFetch().request("disk:mine/config.json", span)
        body = await reply.body(lambda count: None)
        print(reply.status, body.size, reply.headers.get("content-range", "").partition("/")[0])
    print((await BrowserFetch().request("disk:mine/onnx", method="HEAD")).status)
    """
    lines = opened.run(program).splitlines()
    assert lines[0].split()[0] == "200"
    assert lines[1:] == ["206 3 bytes 1-3", "416 0 bytes *", "404"]


def test_files_without_handles_are_held_by_the_page(
    opened: Visitor, folder: Path, tmp_path: Path
) -> None:
    write_model(tmp_path / "single", Form())
    single = sorted(path for path in (tmp_path / "single").rglob("*") if path.is_file())
    assert choose(opened.page, folder, "pickFolder") == {"name": "mine"}
    assert choose(opened.page, single, "pickFiles") == {"name": "model"}
    program = GENERATE.format(["default", "disk:mine", "disk:model"])
    default, mine, model = opened.run(program).splitlines()
    assert default == mine
    assert model.startswith("'")


def test_on_the_next_visit_a_handle_is_there_and_files_are_not(
    opened: Visitor, served: str, folder: Path
) -> None:
    pick(opened.page, "handle")
    choose(opened.page, folder, "pickFolder")
    opened.open(served)
    known = {entry["name"]: entry["granted"] for entry in call(opened.page, "knownFolders")}
    assert (known["handle"], known["mine"]) == (True, False)
    assert call(opened.page, "grant", "handle") is True
    program = GENERATE.format(["disk:handle", "disk:mine"])
    handle, mine = opened.run(program).splitlines()
    assert mine == (
        "DownloadError disk:mine may not be read until the page is allowed to, or given it, "
        "once more."
    )
    assert choose(opened.page, folder, "grant", "mine") is True
    assert opened.run(program).splitlines() == [handle, handle]


def test_what_is_not_granted_is_told_and_can_be_granted(light: Page) -> None:
    pick(light)
    answers = """(answer) => {
      FileSystemHandle.prototype.queryPermission = async () => "prompt";
      FileSystemHandle.prototype.requestPermission = async () => answer;
    }"""
    for answer in ("denied", "granted"):
        light.evaluate(answers, answer)
        assert call(light, "knownFolders") == [{"name": "mine", "granted": False}]
        assert call(light, "grant", "mine") is (answer == "granted")


def test_another_folder_of_the_same_name_is_numbered(light: Page) -> None:
    assert pick(light, "mine") == pick(light, "mine") == {"name": "mine"}
    other = """async () => {
      const other = await (await showDirectoryPicker()).getDirectoryHandle("mine", {create: true});
      window.showDirectoryPicker = async () => other;
    }"""
    light.evaluate(other)
    assert call(light, "pickFolder") == {"name": "mine (2)"}
    call(light, "forget", "mine")
    assert call(light, "knownFolders") == [{"name": "mine (2)", "granted": True}]


def test_files_that_are_no_model(light: Page) -> None:
    pick(light)
    with pytest.raises(Exception, match=r"tokenizer\.json and onnx/model\.onnx are missing"):
        call(light, "pickFiles")


DROP = """async (handles) => {
  const folder = await showDirectoryPicker();
  const entryOf = (handle, path) => ({
    isFile: handle.kind === "file",
    fullPath: path,
    file: (done) => handle.getFile().then(done),
    createReader: () => {
      const entries = handle.entries();
      const more = async () => {
        const { done, value: [name, inner] = [] } = await entries.next();
        return done ? [] : [entryOf(inner, `${path}/${name}`)];
      };
      return { readEntries: (done) => more().then(done) };
    },
  });
  const item = handles
    ? { getAsFileSystemHandle: async () => folder }
    : { webkitGetAsEntry: () => entryOf(folder, `/${folder.name}`) };
  const disk = await import("/intab/disk.mjs");
  const items = [{ kind: "string" }, { kind: "file", ...item }];
  const { name } = await disk.acceptDrop({ items });
  const known = await disk.knownFolders();
  if (handles) return [name, known, []];
  const pages = new BroadcastChannel("intab-disk-1");  // as a worker asks
  pages.postMessage({ asked: name });
  const { data } = await new Promise((done) => (pages.onmessage = done));
  return [name, known, [...data.files.keys()].sort()];
}"""


@pytest.mark.parametrize("handles", [True, False])
def test_a_folder_that_is_dropped(light: Page, handles: bool) -> None:
    pick(light)
    paths = [] if handles else sorted(FILES)
    known = [{"name": "mine", "granted": True}]
    assert light.evaluate(DROP, handles) == ["mine", known, paths]


def test_a_visitor_who_chooses_nothing(light: Page) -> None:
    with pytest.raises(Exception, match="AbortError"):
        choose(light, [], "pickFiles")
