"""From an encoder's checkpoint to a model folder that pipelines load.

Each dtype's graph is run beside fp32's on the fables, and the report says how far they differ. int8
is never expanded here: an encoder reads many rows at once, which int8's kernels are fastest for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from intab.convert.card import Report, Row, card
from intab.convert.checkpoint import Checkpoint, read_json
from intab.convert.encoders.heads import MODULES, head_kind, read_head
from intab.convert.encoders.reader import Reader
from intab.convert.encoders.settings import read_settings, read_shape
from intab.convert.encoders.writer import encoder
from intab.convert.forms import FORMS, Form
from intab.convert.memory import FLOAT
from intab.convert.progress import Say, Steps
from intab.convert.reading import check_vocabulary, copy_texts, read_tokenizer
from intab.convert.reporting import FABLES, NOT_RUN, Graph, LeftOut, by_themselves, write_folder
from intab.convert.running import open_graph, refused
from intab.convert.staging import check_room, staged
from intab.convert.writing import FOLDER, copy_files, store, write_each
from intab.engine.hub.layout import SUFFIXES
from intab.engine.hub.manifest import EXPANDING
from intab.engine.tasks.sentence_files import FILES
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import ConvertError

if TYPE_CHECKING:
    from intab.convert.converter import Request

DTYPES = ("fp32", "fp16", "q8", "q4f16")  # made unasked
TEXTS, LONGEST = 8, 128  # pieces of the fables that graphs are compared on, tokens of each
Write = Callable[[Form], ir.Model]
Found = list[NDArray[np.float32]]
Feeds = Mapping[str, NDArray[Any]]


def convert_encoder(request: Request, checkpoint: Checkpoint, say: Say) -> Report:
    """Write the model folder; ConvertError says what stands against it."""
    tokenizer = read_tokenizer(checkpoint.folder)
    write, kind, notes = read_encoder(checkpoint, request.ignored)
    check_vocabulary(tokenizer, int(read_shape(read_settings(checkpoint.config)).vocabulary))
    feeds = [_feeds(ids) for ids in _texts(tokenizer, checkpoint.folder)]
    source = Source(checkpoint, write, kind, notes, feeds, FILES)
    return write_model(request, source, request.dtypes or DTYPES, say)


@dataclass(frozen=True)
class Source:
    """What a model folder is written from: `write` makes a form's graph, `kind` says what the model
    is for, `notes` what is to be told; graphs are compared on `feeds`, and `files` are copied along
    if they are there."""

    checkpoint: Checkpoint
    write: Write
    kind: str
    notes: tuple[str, ...]
    feeds: Sequence[Feeds]
    files: Sequence[str] = ()


def write_model(request: Request, source: Source, dtypes: Sequence[str], say: Say) -> Report:
    """Write the model folder."""
    checkpoint = source.checkpoint
    check_room(request.out, expected_bytes(checkpoint, dtypes))
    steps, left = Steps(say, 2 * len(dtypes) + 2), LeftOut(may=request.dtypes is None)
    with staged(request.out) as draft:
        copy_texts(checkpoint.folder, draft)
        copy_files(checkpoint.folder, draft, source.files)
        graphs = _write_graphs(draft, dtypes, source.write, steps, left)
        report = _report(draft, graphs, source, steps)
        blind = by_themselves(tuple(graphs), NOT_RUN)
        report = replace(report, notes=tuple(filter(None, (*source.notes, blind, *left.reasons))))
        steps.begin("intab.json")
        license_of = {"license": request.license} if request.license else {}
        write_folder(draft, request.out.name, graphs, report, **license_of)
        text = card(request.out.name, f"{checkpoint.config['model_type']} ({source.kind})", report)
        text = text.replace("`intab.load`", "`intab.pipeline`")
        (draft / "README.md").write_text(text, encoding="utf-8")
    return report


def read_encoder(
    checkpoint: Checkpoint, ignored: Sequence[str] = ()
) -> tuple[Write, str, tuple[str, ...]]:
    """What writes a form's graph, the kind of head, and what is to be told."""
    sentences = (checkpoint.folder / MODULES).is_file()
    kind = head_kind(checkpoint.config, sentences=sentences)
    config = read_settings(checkpoint.config, ignored)
    shape = read_shape(config)
    reader = Reader(checkpoint, config, shape)
    reader.check()
    weights = reader.weights()
    head = read_head(reader, kind, weights.words)
    return lambda form: encoder(shape, weights, head, form), kind, config.notes


def form_of(dtype: str) -> Form:
    """A dtype's form: all have products, which any device computes."""
    return replace(FORMS[dtype], attention="products")


def expected_bytes(checkpoint: Checkpoint, dtypes: Sequence[str]) -> int:
    """About what the graphs will take on disk, with a float one for the while."""
    made = {*dtypes, "fp32"}
    return sum(int(checkpoint.parameters() * FORMS[dtype].bytes_a_weight) for dtype in made)


def _write_graphs(
    folder: Path, dtypes: Sequence[str], write: Write, steps: Steps, left: LeftOut
) -> dict[str, Graph]:
    """Write each dtype's graph."""

    def write_one(dtype: str, sharing: Graph | None, inline: bool) -> Graph:
        return write_graph(folder, dtype, write, sharing, inline=inline)

    return write_each(dtypes, steps, left, write_one)


def write_graph(
    folder: Path, dtype: str, write: Write, sharing: Graph | None = None, *, inline: bool = True
) -> Graph:
    """Write one dtype's graph, with its weights or with those of the graph it is `sharing`."""
    form, target = form_of(dtype), folder / FOLDER / f"model{SUFFIXES[dtype]}.onnx"
    others = sharing.files if sharing else None
    files, weights = store(write(form), target, dtype, form, others, inline=inline)
    return Graph(files, form.devices, weights, expanded=dtype == "q8f32")


def _report(
    folder: Path,
    graphs: Mapping[str, Graph],
    source: Source,
    steps: Steps,
) -> Report:
    """Sizes, and how far each graph's numbers are from fp32's."""
    feeds = source.feeds
    steps.begin("fp32, to compare with")
    if "fp32" in graphs:
        wanted = outputs(folder / graphs["fp32"].files[0], feeds)
    else:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            found = write_graph(Path(scratch), "fp32", source.write)
            wanted = outputs(Path(scratch) / found.files[0], feeds)
    rows = []
    for dtype, graph in graphs.items():
        steps.begin(f"{dtype}: compared")
        found_here = outputs(folder / graph.files[0], feeds, expanded=graph.expanded)
        size = sum((folder / name).stat().st_size for name in graph.files)
        remark = "" if dtype == "fp32" else _differ(found_here, wanted)
        rows.append(Row(dtype, graph.devices, size, remark=remark))
    whole = Row("fp32", (), FLOAT * source.checkpoint.parameters())
    return Report(tuple(rows), next((row for row in rows if row.dtype == "fp32"), whole))


def _texts(tokenizer: Tokenizer, folder: Path) -> Iterator[list[int]]:
    """Pieces of the fables as ids, none longer than the model takes."""
    config = read_json(folder, "config.json")
    most = min(LONGEST, int(config.get("max_position_embeddings") or LONGEST) - 2)
    text = FABLES.read_text(encoding="utf-8")
    for number in range(TEXTS):
        yield tokenizer.encode(text[number * 1000 : number * 1000 + 1000])[:most]


def _feeds(ids: list[int]) -> Feeds:
    """A text for whatever a graph takes."""
    values = {"input_ids": ids, "attention_mask": [1] * len(ids), "token_type_ids": [0] * len(ids)}
    return {name: np.array([value], np.int64) for name, value in values.items()}


def outputs(path: Path, feeds: Sequence[Feeds], *, expanded: bool = False) -> Found:
    """All outputs of a graph for each of the feeds; ConvertError if a number is not finite."""
    session = open_graph(path, EXPANDING if expanded else {})
    found: Found = []
    for each in feeds:
        try:
            given = session.run(None, {i.name: each[i.name] for i in session.get_inputs()})
        except Exception as exc:  # onnxruntime's exceptions share no public base
            raise refused(path, exc) from exc
        found += [np.asarray(one, np.float32) for one in given]
        if not all(np.isfinite(one).all() for one in given):
            raise ConvertError(
                f"{path.name} gives numbers that are not finite: leave its dtype out."
            )
    return found


def _differ(found: Found, wanted: Found) -> str:
    """How far numbers are from fp32's: the root of the mean square, against fp32's own spread."""
    pairs = list(zip(found, wanted, strict=True))
    error = sum(float(np.square(a - b).sum()) for a, b in pairs)
    size = sum(float(np.square(b - b.mean()).sum()) for _, b in pairs)
    return (
        f"its numbers differ from fp32's by {(error / max(size, 1e-30)) ** 0.5:.2%} of their spread"
    )
