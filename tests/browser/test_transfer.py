"""Exports and imports in the page: a Blob, a file of the visitor's, a download without pickers."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.returning import Returning
from tests.browser.test_disk import CALL, call, choose
from tests.browser.visitor import Visitor, visits

THROUGH_A_BLOB = """
import intab
before = [(model.name, model.bytes) for model in await intab.storage.list()]
blob = await intab.storage.export("default")
await intab.storage.delete()
try:
    await intab.storage.import_(blob.slice(0, blob.size // 2))
except intab.errors.ManifestError as exc:
    print(exc)
print(await intab.storage.list())
model = await intab.storage.import_(blob)
print(model.complete, model.verified, [(model.name, model.bytes)] == before)
print((await intab.storage.verify("default")).damaged)
"""
# The handle that a picker would give, of the origin private file system.
STUB = """async () => {
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle("mine.tar", { create: true });
  window.showSaveFilePicker = async () => handle;
  window.showOpenFilePicker = async () => [handle];
}"""
EXPORT = "import intab\nprint(await intab.storage.export('default', 'disk:mine.tar'))\n"
IMPORT = (
    "import intab\nawait intab.storage.delete()\n"
    "print((await intab.storage.import_('disk:mine.tar')).verified)\n"
)


@pytest.fixture(scope="module")
def opened(returning: Returning, served: str) -> Iterator[Visitor]:
    yield from visits(returning, served)


def test_through_a_blob_and_back(opened: Visitor) -> None:
    broken, listed, imported, damaged = opened.run(THROUGH_A_BLOB).splitlines()
    assert broken.startswith("This is not a tar archive, or a damaged or broken-off one")
    assert (listed, imported, damaged) == ("()", "True True True", "()")


def test_through_a_file_that_the_visitor_chose(opened: Visitor) -> None:
    opened.page.evaluate(STUB)
    assert call(opened.page, "pickTarget", "mine.tar") == {"name": "mine.tar"}
    assert opened.run(EXPORT) == "disk:mine.tar\n"
    assert call(opened.page, "pickArchive") == {"name": "mine.tar"}
    assert opened.run(IMPORT) == "True\n"
    assert "mine.tar" not in [known["name"] for known in call(opened.page, "knownFolders")]


def test_a_file_that_was_not_chosen(opened: Visitor) -> None:
    opened.run(EXPORT.replace("mine.tar", "other.tar"), "error")
    says = "StorageError: The file cannot be used: there is no file disk:other.tar"
    assert says in opened.printed()


def test_without_pickers_it_is_downloaded_and_chosen_by_an_input(
    opened: Visitor, tmp_path: Path
) -> None:
    opened.page.evaluate("delete window.showSaveFilePicker")
    opened.page.evaluate(CALL, ["pickTarget", "mine.tar"])
    with opened.page.expect_download() as downloading:
        opened.run(EXPORT)
    downloading.value.save_as(tmp_path / "mine.tar")
    with tarfile.TarFile(tmp_path / "mine.tar") as archive:
        assert archive.getnames()[0] == "default/intab.json"
    assert choose(opened.page, tmp_path / "mine.tar", "pickArchive") == {"name": "mine.tar"}
    assert opened.run(IMPORT) == "True\n"
