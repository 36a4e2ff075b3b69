"""What CHANGELOG.md says of one release: `python -m tools.changelog v0.1.0`.

The tag must be the package's version, and the version must have a dated section: a release that
lacks one of the two ends here, before anything is published.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from intab import __version__

PAGE = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_VERSION = re.compile(r"^## (\S+)(?: - (\S+))?$", re.MULTILINE)
_KIND = re.compile(r"^### (.*)$", re.MULTILINE)


class ChangelogError(Exception):
    """The changelog, the version and the tag do not fit together."""


@dataclass(frozen=True)
class Release:
    """One section; `day` is None for what is not released."""

    version: str
    day: date | None
    text: str

    @property
    def kinds(self) -> list[str]:
        """The headings in it: Added, Fixed ..."""
        return _KIND.findall(self.text)


def releases(text: str) -> list[Release]:
    """The sections of a changelog, the newest first; ValueError for a date that is none."""
    found = list(_VERSION.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    return [
        Release(
            match[1],
            date.fromisoformat(match[2]) if match[2] else None,
            text[match.end() : end].strip(),
        )
        for match, end in zip(found, ends, strict=True)
    ]


def notes(text: str, tag: str, version: str) -> str:
    """What is new in the version that `tag` names; ChangelogError says what does not fit."""
    if tag != f"v{version}":
        raise ChangelogError(f"The tag is {tag} and the version {version}: tag it v{version}.")
    for release in releases(text):
        if release.version == version and release.day:
            return release.text
    raise ChangelogError(
        f"CHANGELOG.md has no section '## {version} - DATE': give Unreleased that heading."
    )


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("intab: name the tag: python -m tools.changelog v0.1.0", file=sys.stderr)
        return 2
    try:
        print(notes(PAGE.read_text("utf-8"), arguments[0], __version__))
    except ChangelogError as error:
        print(f"intab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
