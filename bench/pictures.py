"""Pictures by the model that the site carries, on wasm: `make bench ARGS=pictures`.

Ten pictures a round: seconds a picture (20 steps with guidance); the share of Python and of copies
in a step, which is a step of a UNet that takes and gives the same arrays and computes nothing;
memory after five pictures and after all; the longest task of the page's thread while one is made.
`--model FOLDER` measures another pipeline of intab's.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import onnx
from onnx import helper
from playwright.sync_api import Browser, expect

from bench.page_thread import CATEGORIES, TARGET, longest
from intab.convert.describing import write_roles
from intab.engine.hub.layout import find_roles
from tests.browser.memory import WorkerMemory
from tests.browser.visitor import Visitor

PROGRAM = Path(__file__).with_name("pages") / "pictures.py"
MODEL, IDLE = "emoji", "idle"
MADE = 3_600_000  # ms, for pictures on a machine that does other things
SHARE, GROWTH = 0.05, 0.02  # at most: of a step, and of memory from five pictures to all of them


@dataclass(frozen=True)
class Pictures:
    """seconds to load and a picture, milliseconds a step and of an idle one, bytes, milliseconds of
    the longest task by the clock and of the processor."""

    load: float
    seconds: list[float]
    steps: list[float]
    idle: list[float]
    memory: tuple[int, int]
    task: tuple[float, float]
    name: str = "pictures"

    @property
    def share(self) -> float:
        """Of Python and of copies in a step."""
        return median(self.idle) / median(self.steps)

    @property
    def growth(self) -> float:
        """Of memory, from five pictures to all of them."""
        few, many = self.memory
        return many / few - 1

    def rows(self) -> list[tuple[str, str, str]]:
        """What was measured, the figure, the target."""
        few, many = (held / 1e6 for held in self.memory)
        clock, processor = self.task
        return [
            ("load", f"{self.load:.2f} s", ""),
            ("a picture, 20 steps", f"{median(self.seconds):.2f} s", ""),
            ("a step", f"{median(self.steps):.1f} ms", ""),
            ("Python and copies in a step", f"{self.share:.1%}", f"at most {SHARE:.0%}"),
            ("memory after 5 pictures", f"{few:.1f} MB", ""),
            (f"memory after {len(self.seconds)}", f"{many:.1f} MB", f"at most {GROWTH:.0%} more"),
            ("longest task, by the clock", f"{clock:.0f} ms", f"at most {TARGET:.0f} ms"),
            ("longest task, of the processor", f"{processor:.0f} ms", ""),
        ]

    def lines(self) -> list[str]:
        """What is printed."""
        rows = [f"  {what:30} {figure:>10}  {target}" for what, figure, target in self.rows()]
        return [f"{self.name}, {len(self.seconds)} of them", *map(str.rstrip, rows)]

    def as_dict(self) -> dict[str, Any]:
        """What is kept."""
        samples = {"seconds": self.seconds, "steps": self.steps, "idle": self.idle}
        rounded = {name: [round(value, 3) for value in found] for name, found in samples.items()}
        return {
            "load": round(self.load, 3),
            "samples": rounded,
            "memory": list(self.memory),
            "task": [round(value, 1) for value in self.task],
            "rows": [list(row) for row in self.rows()],
        }


def prepare(site: Path, model: Path | None) -> bool:
    """Put the pipeline there, and beside it one with a UNet that computes nothing; False if the
    site carries none."""
    folder = site / "models" / MODEL
    if model is not None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(model, folder)
    if not (folder / "intab.json").is_file():
        return False
    make_idle(Path(shutil.copytree(folder, folder.with_name(IDLE))))
    return True


def make_idle(folder: Path) -> None:
    """Let a pipeline's UNets give what they are fed."""
    for path in (folder / "unet").glob("*.onnx"):
        graph = onnx.load(path, load_external_data=False).graph
        node = helper.make_node("Identity", [graph.input[0].name], [graph.output[0].name])
        idle = helper.make_graph([node], "idle", graph.input, graph.output)
        opset = helper.make_opsetid("", 17)
        onnx.save(helper.make_model(idle, opset_imports=[opset], ir_version=8), path)
    names = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    roles = find_roles(name for name in names if not name.endswith("_data"))
    write_roles(folder, roles, name=folder.name)


def measure(browser: Browser, address: str, many: int) -> Pictures:
    """One page, one program; it waits where something is looked at from outside."""
    page = browser.new_page()
    visitor = Visitor(page).open(address)
    memory = WorkerMemory(page)
    visitor.start(
        PROGRAM.read_text("utf-8") + f"\nimport json\n\nprint(json.dumps(await measure({many})))\n"
    )
    held = []
    for _ in range(2):
        _wait(visitor)
        held.append(memory.held().total)
        if len(held) == 1:
            _go_on(visitor)
    browser.start_tracing(page=page, categories=CATEGORIES)
    _go_on(visitor)
    _wait(visitor)
    task = longest(json.loads(browser.stop_tracing()))
    _go_on(visitor)
    visitor.expect_state("ready", timeout=MADE)
    found = json.loads(visitor.printed().splitlines()[-1])
    page.close()
    return Pictures(**found, memory=(held[0], held[1]), task=task)


def _wait(visitor: Visitor) -> None:
    expect(visitor.output.locator("form input").last).to_be_enabled(timeout=MADE)


def _go_on(visitor: Visitor) -> None:
    line = visitor.output.locator("form input").last
    line.press("Enter")
    expect(line).to_be_hidden()
