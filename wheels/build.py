"""Build the wheels of this folder from their recipes, or check that they would come out the same.

python wheels/build.py                 build all, update wheels.lock.json
python wheels/build.py --only jinja2   build one
python wheels/build.py --check         rebuild elsewhere and compare bytes; changes nothing
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from builder import assemble, lock, recipe
from builder.errors import BuildError

WHEELS = Path(__file__).resolve().parent
LOCK = WHEELS / "wheels.lock.json"
WORK = WHEELS.parent / "build"


def build(recipes: list[recipe.Recipe]) -> int:
    """Build into this folder and lock what came out."""
    entries = lock.read(LOCK) if LOCK.exists() else {}
    for wanted in recipes:
        wheel = assemble.build(wanted, WHEELS, WORK / "wheels", WHEELS)
        entries[wheel.name] = lock.entry(wanted, wheel)
        print(f"{wheel.name}: {wheel.stat().st_size:,} bytes", flush=True)
    kept = {one.file_name for one in recipe.load_all(WHEELS / "recipes")}
    lock.write(LOCK, {name: entries[name] for name in entries if name in kept})
    return 0


def check(recipes: list[recipe.Recipe]) -> int:
    """Rebuild in another folder; 1 if any wheel's bytes differ from the committed ones."""
    work = WORK / "wheels-check"
    same = True
    for wanted in recipes:
        wheel = assemble.build(wanted, WHEELS, work, work / "out")
        equal = wheel.read_bytes() == (WHEELS / wheel.name).read_bytes()
        same = same and equal
        print(f"{wheel.name}: {'same bytes' if equal else 'DIFFERENT'}", flush=True)
    if not same:
        print("wheels.lock.json names the toolchain that was used; another one gives other bytes")
    return 0 if same else 1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="rebuild elsewhere and compare bytes")
    parser.add_argument("--only", metavar="NAME", help="one wheel instead of all")
    options = parser.parse_args(arguments)
    recipes = [
        one for one in recipe.load_all(WHEELS / "recipes") if options.only in (None, one.name)
    ]
    try:
        return check(recipes) if options.check else build(recipes)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
