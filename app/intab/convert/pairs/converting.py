"""From the checkpoint of an encoder with its decoder to a model folder that pipelines load.

Each dtype's graphs are run beside fp32's, on the fables or on a made-up spectrogram: fp32 writes
some tokens, and the report says how many of them another dtype would write too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from intab.convert.card import Report, Row, card
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import Config
from intab.convert.describing import write_roles
from intab.convert.encoders.converting import expected_bytes
from intab.convert.forms import FORMS, Form
from intab.convert.memory import FLOAT
from intab.convert.pairs import bart, t5
from intab.convert.pairs.decoder import decoder
from intab.convert.pairs.encoder import encoder
from intab.convert.pairs.running import Feeds, Floats, Pair
from intab.convert.pairs.settings import read_settings
from intab.convert.pairs.shape import Shape, Weights
from intab.convert.progress import Say, Steps
from intab.convert.reading import check_vocabulary, copy_texts, read_tokenizer
from intab.convert.reporting import FABLES, NOT_RUN, LeftOut, by_themselves
from intab.convert.staging import check_room, staged
from intab.convert.writing import FOLDER, copy_files, store, write_each
from intab.engine.hub.layout import SUFFIXES
from intab.engine.hub.manifest import EXPANDING
from intab.engine.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from intab.convert.converter import Request

DTYPES = ("fp32", "fp16", "q8")  # made unasked
ENCODER, DECODER = ROLES = ("encoder_model", "decoder_model_merged")
SOURCES, LONGEST, TOKENS = 4, 128, 16  # pieces of the fables, tokens of each, tokens written
_MORE = ("preprocessor_config.json", "vocab.json", "merges.txt", "normalizer.json")
Written = tuple[list[int], Floats]  # ids, and the logits after each
Write = Callable[[Shape, Weights, Form], ir.Model]
_WRITE: dict[str, Write] = {ENCODER: encoder, DECODER: decoder}


@dataclass(frozen=True)
class Graphs:
    """One dtype's two graphs: their files by role, the bytes of their weights when loaded."""

    files: Mapping[str, list[str]]
    devices: tuple[str, ...]
    weights: int

    def open(self, folder: Path, dtype: str) -> Pair:
        """In native onnxruntime."""
        first, second = (folder / self.files[role][0] for role in ROLES)
        return Pair(first, second, EXPANDING if dtype == "q8f32" else {})

    def size(self, folder: Path) -> int:
        """In bytes on disk."""
        names = {name for files in self.files.values() for name in files}
        return sum((folder / name).stat().st_size for name in names)


@dataclass(frozen=True)
class Model:
    """What is written."""

    config: Config
    shape: Shape
    weights: Weights


def convert_pair(request: Request, checkpoint: Checkpoint, say: Say) -> Report:
    """Write the model folder; ConvertError says what stands against it."""
    dtypes = request.dtypes or DTYPES
    tokenizer = read_tokenizer(checkpoint.folder)
    model = read_pair(checkpoint, request.ignored)
    check_vocabulary(tokenizer, model.shape.vocabulary)
    check_room(request.out, expected_bytes(checkpoint, dtypes))
    steps, left = Steps(say, 2 * len(dtypes) + 2), LeftOut(may=request.dtypes is None)
    with staged(request.out) as draft:
        copy_texts(checkpoint.folder, draft)
        copy_files(checkpoint.folder, draft, _MORE)
        graphs = _write_all(draft, dtypes, model, steps, left)
        report = _report(draft, graphs, model, tokenizer, checkpoint, steps, left)
        blind = by_themselves(tuple(graphs), NOT_RUN)
        notes = (*model.config.notes, blind, *left.reasons)
        report = replace(report, notes=tuple(filter(None, notes)))
        steps.begin("intab.json")
        _describe(draft, request, graphs, report, model.shape.kind)
    return report


def read_pair(checkpoint: Checkpoint, ignored: Sequence[str] = ()) -> Model:
    """A checkpoint's shape and weights."""
    config = read_settings(checkpoint.config, ignored)
    if config.kind in ("t5", "mt5"):
        shape = t5.read_shape(config)
        return Model(config, shape, t5.Reader(checkpoint, shape).weights())
    shape = bart.read_shape(config)
    return Model(config, shape, bart.Reader(checkpoint, config, shape).weights())


def _write_all(
    folder: Path, dtypes: Sequence[str], model: Model, steps: Steps, left: LeftOut
) -> dict[str, Graphs]:
    """Write each dtype's graphs."""

    def write(dtype: str, sharing: Graphs | None, inline: bool) -> Graphs:
        return write_graphs(folder, dtype, model, sharing, inline=inline)

    return write_each(dtypes, steps, left, write)


def write_graphs(
    folder: Path, dtype: str, model: Model, sharing: Graphs | None = None, *, inline: bool = True
) -> Graphs:
    """Write one dtype's graphs, with their weights or with those of what they are `sharing`."""
    form = replace(FORMS[dtype], attention="products")
    files, weights = {}, 0
    for role, write in _WRITE.items():
        target = folder / FOLDER / f"{role}{SUFFIXES[dtype]}.onnx"
        others = sharing.files[role] if sharing else None
        graph = write(model.shape, model.weights, form)
        files[role], size = store(graph, target, dtype, form, others, inline=inline)
        weights += size
    return Graphs(files, form.devices, weights)


def _report(
    folder: Path,
    graphs: dict[str, Graphs],
    model: Model,
    tokenizer: Tokenizer,
    checkpoint: Checkpoint,
    steps: Steps,
    left: LeftOut,
) -> Report:
    """Sizes, and how often each dtype would go on as fp32 does."""
    steps.begin("fp32, to compare with")
    sources = _sources(model.shape, tokenizer, _places(model.weights))
    start = checkpoint.config.get("decoder_start_token_id")
    start = start if type(start) is int and 0 <= start < model.shape.vocabulary else 0
    wanted = _answers(folder, graphs, model, sources, start)
    rows = {}
    for dtype in list(graphs):
        steps.begin(f"{dtype}: compared")
        with left.out_if_it_fails(dtype, last=len(graphs) == 1):
            rows[dtype] = _row(folder, dtype, graphs[dtype], sources, wanted)
        if dtype not in rows:
            _take_away(folder, graphs, dtype)
    whole = Row("fp32", (), FLOAT * checkpoint.parameters())
    return Report(tuple(rows.values()), rows.get("fp32", whole))


def _row(
    folder: Path, dtype: str, graphs: Graphs, sources: list[Feeds], wanted: list[Written]
) -> Row:
    """One dtype's figures, beside what fp32 writes of the sources."""
    pair = graphs.open(folder, dtype)
    pairs = zip(sources, wanted, strict=True)
    found = [pair.logits(feeds, ids) for feeds, (ids, _) in pairs]
    remark = "" if dtype == "fp32" else _agreement(found, [logits for _, logits in wanted])
    return Row(dtype, graphs.devices, graphs.size(folder), remark=remark)


def _places(weights: Weights) -> int:
    """How many the encoder has, 0 if it has no table of them."""
    return 0 if weights.encoder.positions is None else len(weights.encoder.positions)


def _take_away(folder: Path, graphs: dict[str, Graphs], dtype: str) -> None:
    """A dtype's files that no other one needs."""
    kept = {n for d, g in graphs.items() if d != dtype for its in g.files.values() for n in its}
    for name in {n for its in graphs.pop(dtype).files.values() for n in its} - kept:
        (folder / name).unlink()


def _sources(shape: Shape, tokenizer: Tokenizer, places: int) -> list[Feeds]:
    """What the encoder reads: pieces of the fables, or a made-up spectrogram."""
    if shape.mels:
        rng = np.random.default_rng(1)
        smooth = np.cumsum(rng.standard_normal((1, shape.mels, 2 * places)), axis=-1)
        return [{"input_features": np.clip(smooth / 20, -1, 1.5).astype(np.float32)}]
    text = FABLES.read_text(encoding="utf-8")
    most = min(LONGEST, places - 4) if places else LONGEST
    pieces = [tokenizer.encode(text[n * 1000 : n * 1000 + 1000])[:most] for n in range(SOURCES)]
    return [
        {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), np.int64)}
        for ids in pieces
    ]


def _answers(
    folder: Path, graphs: Mapping[str, Graphs], model: Model, sources: list[Feeds], start: int
) -> list[Written]:
    """What fp32 writes of each source, and its logits."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        if "fp32" in graphs:
            pair = graphs["fp32"].open(folder, "fp32")
        else:
            pair = write_graphs(Path(scratch), "fp32", model).open(Path(scratch), "fp32")
        found = []
        for feeds in sources:
            ids = pair.greedy(feeds, start, TOKENS)
            found.append((ids, pair.logits(feeds, ids)))
        return found


def _agreement(found: list[Floats], wanted: list[Floats]) -> str:
    ours, theirs = np.concatenate(found), np.concatenate(wanted)
    same = int((ours.argmax(-1) == theirs.argmax(-1)).sum())
    spread = float(np.linalg.norm(theirs - theirs.mean())) or 1.0
    share = float(np.linalg.norm(ours - theirs)) / spread
    return (
        f"of {len(ours)} tokens that fp32 writes it would write {same} too; its numbers differ "
        f"from fp32's by {share:.2%} of their spread"
    )


def _describe(
    draft: Path, request: Request, graphs: Mapping[str, Graphs], report: Report, kind: str
) -> None:
    """Write intab.json and README.md."""
    roles = {
        role: {dtype: list(each.files[role]) for dtype, each in graphs.items()} for role in ROLES
    }
    more: dict[str, Any] = {
        "memory": {dtype: {"weights": each.weights} for dtype, each in graphs.items()}
    }
    if request.license:
        more["license"] = request.license
    write_roles(draft, roles, name=request.out.name, **more)
    text = card(request.out.name, kind, report).replace("`intab.load`", "`intab.pipeline`")
    (draft / "README.md").write_text(text, encoding="utf-8")
