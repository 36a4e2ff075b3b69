"""`python -m tools.site [TARGET] [--packages NAMES]`: bring the site (build/site) up to date."""

from __future__ import annotations

import fcntl
import sys
from argparse import ArgumentParser
from pathlib import Path

from tools.site.sources import SiteError, Sources

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(prog="python -m tools.site", description="Assemble the static site.")
    parser.add_argument("target", nargs="?", type=Path, default=ROOT / "build" / "site")
    parser.add_argument("--packages", default="", help="packages to add, with spaces in between")
    given = parser.parse_args(arguments)
    try:
        bring_up_to_date(Sources(ROOT, tuple(given.packages.split())), given.target.resolve())
    except SiteError as error:
        print(f"intab: {error}", file=sys.stderr)
        return 1
    return 0


def bring_up_to_date(sources: Sources, target: Path) -> None:
    """Assemble the site unless nothing changed since it was last assembled.

    One process at a time: `make serve` may run beside `make test`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _bring_up_to_date(sources, target)


def _bring_up_to_date(sources: Sources, target: Path) -> None:
    stamp = target.with_name(f"{target.name}.stamp")
    fingerprint = sources.fingerprint()
    if target.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        return
    # Imported here: brotli, pydantic and the build backend are for a changed site alone.
    from tools.site.assemble import assemble

    assemble(sources, target)
    stamp.write_text(fingerprint)
    print(f"Site assembled in {target}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
