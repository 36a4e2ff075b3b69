"""What is reported of written graphs: sizes, and perplexities on a text; intab.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intab.convert.card import MEASURED, NOT_MEASURED, Report, Row
from intab.convert.describing import write_manifest
from intab.convert.evaluating import MOST, WINDOW, perplexity, windows
from intab.convert.forms import FORMS
from intab.convert.progress import Steps
from intab.convert.proving import Prompts, answer
from intab.convert.running import Runner
from intab.convert.watching import PIECES
from intab.engine.hub.manifest import EXPANDING
from intab.engine.model_config import ModelConfig
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import ConvertError

FABLES = Path(__file__).with_name("fables.txt")  # docs/convert.md says whose they are
MOST_PIECES = 11  # of the fables
LONGEST = 16 * MOST  # characters: a token has fewer
TOO_LARGE = "the model's floats need more than half of this machine's memory"
NO_IDS = "its tokenizer makes no ids of the fables"
NOT_RUN = "no text is run through an encoder beforehand"


@dataclass(frozen=True)
class Graph:
    """A written graph: its files in the folder, the graph first; where it runs; the bytes of its
    weights once they are loaded; what was done to its attention; whether its int8 weights become
    float while it loads; the devices where it would compute something else."""

    files: Sequence[str]
    devices: tuple[str, ...]
    weights: int
    remark: str = ""
    expanded: bool = False
    barred: tuple[str, ...] = ()

    def run(self, folder: Path) -> Runner:
        """The graph in native onnxruntime."""
        path = folder / "config.json"
        config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return Runner(folder / self.files[0], EXPANDING if self.expanded else {}, config)


def read_pieces(
    path: Path | None, tokenizer: Tokenizer, config: Mapping[str, Any]
) -> tuple[list[list[int]], list[list[int]]]:
    """The ids, in pieces, of a text to round weights by, and of one to evaluate on: `path`, or the
    rest of the fables. No piece is longer than the context."""
    fables = windows(tokenizer, FABLES.read_text(encoding="utf-8"))[:MOST_PIECES]
    measured = read_text(path, tokenizer) if path else fables[PIECES:]
    most = ModelConfig.of(config).context_length or WINDOW
    watched, measured = (
        [piece[:most] for piece in pieces] for pieces in (fables[:PIECES], measured)
    )
    return watched, measured


def read_text(path: Path, tokenizer: Tokenizer) -> list[list[int]]:
    """The ids of the text to evaluate on, in pieces."""
    if not path.is_file():
        raise ConvertError(f"{path} is not there: give --eval-text a text file.")
    try:
        with path.open(encoding="utf-8") as file:
            pieces = windows(tokenizer, file.read(LONGEST))
    except UnicodeDecodeError as exc:
        raise ConvertError(f"{path} is no text in UTF-8 ({exc}): give --eval-text one.") from exc
    if not pieces:
        raise ConvertError(f"{path} has hardly any text: give --eval-text a longer one.")
    return pieces


def by_themselves(dtypes: Sequence[str], reason: str) -> str:
    """What to say of dtypes whose blocks were rounded without a sample of what they multiply; ""
    if none has blocks."""
    names = ", ".join(dtype for dtype in dtypes if FORMS[dtype].linear == "int4")
    return f"{names}: each weight was rounded by itself, since {reason}" if names else ""


class LeftOut:
    """Dtypes that cannot be made: one that nobody asked for by name `may` be left out."""

    def __init__(self, *, may: bool = False) -> None:
        self._may = may
        self.reasons: list[str] = []

    @contextmanager
    def out_if_it_fails(self, dtype: str, *, last: bool) -> Iterator[None]:
        """Keep the ConvertError of a dtype for the report, unless it is the last one there is."""
        try:
            yield
        except ConvertError as exc:
            if not self._may or last:
                raise
            self.reasons.append(f"{dtype} was left out: {exc}")


def make_report(
    folder: Path,
    graphs: dict[str, Graph],
    prompts: Prompts,
    pieces: list[list[int]],
    steps: Steps,
    fp32: Row | None = None,
    left: LeftOut | None = None,
) -> Report:
    """Sizes and perplexities of all graphs beside fp32's, which may be one of none of them. Graphs
    that are `left` out are taken from `graphs` and from the folder."""
    left = left or LeftOut()
    rows = {}
    for dtype in list(graphs):
        steps.begin(f"{dtype}: perplexity" if pieces else f"{dtype}: size")
        with left.out_if_it_fails(dtype, last=len(graphs) == 1):
            rows[dtype] = measure(folder, dtype, graphs[dtype], prompts, pieces)
        if dtype not in rows:
            _remove(folder, graphs, dtype)
    return Report(tuple(rows.values()), rows.get("fp32", fp32))


def _remove(folder: Path, graphs: dict[str, Graph], dtype: str) -> None:
    """Take a graph away, with the files that no other one needs."""
    files = set(graphs.pop(dtype).files)
    for name in files.difference(*(graph.files for graph in graphs.values())):
        (folder / name).unlink()


def measure(
    folder: Path, dtype: str, graph: Graph, prompts: Prompts, pieces: list[list[int]]
) -> Row:
    """One graph's row. It is in memory no longer than this takes: models are large."""
    runner = graph.run(folder)
    size = sum((folder / name).stat().st_size for name in graph.files)
    answers = answer(runner, prompts)
    found = perplexity(runner, pieces) if pieces else 0.0
    return Row(dtype, graph.devices, size, found, graph.remark, answers)


def measured_on(text: Path | None, pieces: list[list[int]]) -> str:
    """What the card says of the perplexities."""
    if not pieces:
        return f"\n{NOT_MEASURED}\n"
    name = text.name if text else "Aesop's fables"
    return MEASURED.format(tokens=sum(map(len, pieces)), text=name, window=WINDOW)


def write_folder(
    folder: Path, name: str, graphs: Mapping[str, Graph], report: Report, **more: Any
) -> None:
    """Write intab.json; `more` are further keys, such as self_test and license."""
    if report.measured:
        rows = [*([report.fp32] if report.fp32 else []), *report.rows]
        more["perplexity"] = {row.dtype: row.perplexity for row in rows if row.perplexity}
    if any(graph.barred for graph in graphs.values()):
        more["devices"] = {dtype: list(graph.devices) for dtype, graph in graphs.items()}
    if any(graph.expanded for dtype, graph in graphs.items() if dtype != "q8f32"):
        more["session_options"] = EXPANDING
    write_manifest(
        folder,
        {dtype: graph.files for dtype, graph in graphs.items()},
        name=name,
        memory={dtype: {"weights": graph.weights} for dtype, graph in graphs.items()},
        **more,
    )
