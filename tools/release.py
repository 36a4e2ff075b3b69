"""Everything that is handed out, with its checksums, in dist/: `python -m tools.release [TARGET]`.

    intab-VERSION-py3-none-any.whl   the package, the default model in it
    intab-VERSION.tar.gz             what that is made of
    wheels/*.whl                     the wheels for Pyodide that no registry has
    site.tar                         the site: unpack it on any static server
    SHA256SUMS                       check with: sha256sum --check SHA256SUMS

The same tree gives the same bytes: all dates are $SOURCE_DATE_EPOCH's, or hatch's fixed one.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
from pathlib import Path

from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.utils import get_reproducible_timestamp
from hatchling.builders.wheel import WheelBuilder

from tools.site import wheels
from tools.site.__main__ import bring_up_to_date
from tools.site.sources import SiteError, Sources, files_under, sha256_of

ROOT = Path(__file__).resolve().parents[1]
SUMS = "SHA256SUMS"


def main(arguments: list[str]) -> int:
    target = Path(arguments[0]).resolve() if arguments else ROOT / "dist"
    try:
        release(Sources(ROOT), ROOT / "build" / "site", target)
    except SiteError as error:
        print(f"intab: {error}", file=sys.stderr)
        return 1
    print((target / SUMS).read_text(encoding="utf-8"), end="")
    return 0


def release(sources: Sources, site: Path, target: Path) -> None:
    """Fill `target`, which becomes a folder with nothing else in it."""
    bring_up_to_date(sources, site)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for builder in (WheelBuilder, SdistBuilder):
        list(builder(str(sources.root)).build(directory=str(target), versions=["standard"]))
    (target / "wheels").mkdir()
    for wheel in wheels.recorded(sources.wheels):
        shutil.copyfile(wheel.path, target / "wheels" / wheel.path.name)
    pack(site, target / "site.tar", get_reproducible_timestamp())
    write_sums(target)


def pack(folder: Path, target: Path, seconds: int) -> None:
    """A tar of the folder's files under its name; names, dates and modes do not depend on where."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in files_under(folder):
            entry = tarfile.TarInfo(path.relative_to(folder.parent).as_posix())
            entry.size, entry.mtime, entry.mode = path.stat().st_size, seconds, 0o644
            with path.open("rb") as file:
                archive.addfile(entry, file)


def write_sums(folder: Path) -> None:
    """As `sha256sum` writes them, so that it can check them."""
    paths = [path for path in files_under(folder) if path.name != SUMS]
    lines = [f"{sha256_of(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
