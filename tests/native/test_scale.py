"""The example of docs/scale.md on a local cluster answers as one machine does."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import intab
from tests.conftest import ROOT

MODEL = ROOT / "tests/golden/pipelines/bert-labels"


async def by_one_machine(texts: list[str]) -> list[dict[str, Any]]:
    pipe: Any = await intab.pipeline("text-classification", MODEL)
    found: list[dict[str, Any]] = await pipe(texts, truncation=True)
    await pipe.close()
    return found


def test_two_workers_answer_as_one_machine(tmp_path: Path) -> None:
    text = (ROOT / "docs/scale.md").read_text("utf-8")
    [program] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    script = tmp_path / "scale.py"
    script.write_text(program, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    rows = [line.split() for line in ran.stdout.splitlines()]
    texts = [f"film {number}: {'good' if number % 3 else 'bad'}" for number in range(100)]
    alone = asyncio.run(by_one_machine(texts))
    assert [row[0] for row in rows] == [answer["label"] for answer in alone]
    pairs = zip(rows, alone, strict=True)
    assert all(abs(float(row[1]) - answer["score"]) < 1e-4 for row, answer in pairs)
