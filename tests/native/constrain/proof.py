"""Answers that are held to a form, at length: `make schemas`. Prints a dated result.

    python -m tests.native.constrain.proof [SCHEMAS [EXPRESSIONS]]

Random schemas and expressions with models of random weights, and the JSON-Schema-Test-Suite, which
pip fetches once with the sources of the `jsonschema` that is installed. docs/constrain.md has the
counts. Exits with 1 if an answer is wrong.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tarfile
from collections.abc import Coroutine
from datetime import date
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.conftest import ROOT
from tests.native.constrain.judging import Count, judge_expressions, judge_schemas
from tests.native.constrain.suite import Verdict, groups, judge

PLACE = ROOT / "build" / "json-schema-test-suite"
DRAFT = Path("json", "tests", "draft2020-12")


def fetched() -> Path:
    """The folder of the suite's cases."""
    name = f"jsonschema-{version('jsonschema')}"
    if not (PLACE / name / DRAFT).is_dir():
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", "jsonschema"]
        subprocess.check_call([*pip, "--dest", str(PLACE), name.replace("-", "==")])
        with tarfile.open(PLACE / f"{name}.tar.gz") as sources:
            sources.extractall(PLACE, filter="data")
    return PLACE / name / DRAFT


def told(title: str, work: Coroutine[Any, Any, Count]) -> bool:
    """Do it and print what came of it; whether nothing was wrong."""
    begun = perf_counter()
    found = asyncio.run(work)
    print(f"{title}: {found} ({perf_counter() - begun:.0f} s)", *found.wrong, sep="\n  ")
    return not found.wrong


def main() -> int:
    """0 if all is right."""
    given = [int(one) for one in sys.argv[1:]]
    schemas, expressions = [*given, *(2000, 500)[len(given) :]]
    print(f"{date.today()}, llguidance {version('llguidance')}")
    right = [
        told(f"{schemas:,} schemas", judge_schemas(schemas)),
        told(f"{expressions:,} expressions", judge_expressions(expressions)),
    ]
    verdict = Verdict()
    for file, group in groups(fetched()):
        judge(verdict, file, group)
    print("JSON-Schema-Test-Suite, draft 2020-12:", *verdict.lines(), sep="\n")
    return 0 if all(right) and not verdict.wrong else 1


if __name__ == "__main__":
    sys.exit(main())
