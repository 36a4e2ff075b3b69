"""CHANGELOG.md keeps the form of Keep a Changelog, and a release takes its notes from it."""

from __future__ import annotations

import pytest

from intab import __version__
from tools import changelog

TEXT = """# Changelog

## Unreleased

### Fixed

- Two.

## 0.2.0 - 2026-02-01

### Added

- One.

## 0.1.0 - 2026-01-01

The first.
"""


def test_the_page_has_the_form() -> None:
    """What is not released comes first, versions have dates in order, headings are the known ones,
    each once in a section."""
    first, *others = changelog.releases(changelog.PAGE.read_text("utf-8"))
    assert (first.version, first.day) == ("Unreleased", None)
    days = [release.day for release in others if release.day]
    assert len(days) == len(others) > 0
    assert days == sorted(days, reverse=True)
    for release in (first, *others):
        assert set(release.kinds) <= set(changelog.KINDS), release.version
        assert len(set(release.kinds)) == len(release.kinds), release.version


def test_what_is_not_released_stands_under_a_heading() -> None:
    [unreleased, *_] = changelog.releases(changelog.PAGE.read_text("utf-8"))
    assert unreleased.text == "" or unreleased.text.startswith("### ")


def test_the_package_s_version_has_a_section() -> None:
    page = changelog.PAGE.read_text("utf-8")
    assert changelog.notes(page, f"v{__version__}", __version__)


def test_a_section_ends_at_the_next_one() -> None:
    assert changelog.notes(TEXT, "v0.2.0", "0.2.0") == "### Added\n\n- One."
    assert changelog.notes(TEXT, "v0.1.0", "0.1.0") == "The first."


@pytest.mark.parametrize(
    ("tag", "version", "says"),
    [
        ("v0.2.0", "0.1.0", r"The tag is v0\.2\.0 and the version 0\.1\.0: tag it v0\.1\.0\."),
        ("0.1.0", "0.1.0", "tag it v0"),
        ("v0.3.0", "0.3.0", r"no section '## 0\.3\.0 - DATE': give Unreleased that heading"),
    ],
)
def test_what_does_not_fit_is_refused(tag: str, version: str, says: str) -> None:
    with pytest.raises(changelog.ChangelogError, match=says):
        changelog.notes(TEXT, tag, version)


def test_a_version_without_a_date_is_not_released() -> None:
    with pytest.raises(changelog.ChangelogError, match="no section"):
        changelog.notes("## 1.0.0\n\n- One.\n", "v1.0.0", "1.0.0")


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ([f"v{__version__}"], 0, ""),
        (["v99.0.0"], 1, "intab: The tag is v99.0.0 and the version "),
        ([], 2, "intab: name the tag: "),
        (["a", "b"], 2, "intab: name the tag: "),
    ],
)
def test_the_command_prints_the_notes_or_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, says: str
) -> None:
    assert changelog.main(arguments) == status
    printed = capsys.readouterr()
    assert printed.err.startswith(says)
    assert (len(printed.out) > 100) == (status == 0)
    assert len(printed.err.splitlines()) == (status != 0)
