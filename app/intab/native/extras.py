"""What to install where a package is missing that not everybody needs."""

from __future__ import annotations

import re

_EXTRA = re.compile(r"\s*;\s*extra\s*==\s*['\"](?P<name>[\w-]+)['\"]\s*$")


def advice(what: str, extra: str, exc: ImportError) -> str:
    """One sentence: `what` needs a package, and how to get all those of the extra.

    The packages are named, since intab itself may not be on the index that pip asks.
    """
    missing = (exc.name or "a package").partition(".")[0]
    names = " ".join(f"'{name}'" for name in packages(extra)) or f"'{missing}'"
    return f"{what} needs {missing}, which is not installed; try: pip install {names}"


def packages(extra: str) -> list[str]:
    """The packages of an extra, with their versions; [] where intab is not installed itself."""
    # Here, since only those who lack something need it.
    from importlib.metadata import PackageNotFoundError, requires

    try:
        wishes = requires("intab") or []
    except PackageNotFoundError:
        return []
    found = [(wish, _EXTRA.search(wish)) for wish in wishes]
    return [wish[: at.start()] for wish, at in found if at and at["name"] == extra]
