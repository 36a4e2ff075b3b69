"""From a checkpoint's folder to a model folder.

    convert(Request(Path("checkpoint"), Path("model"), ("fp32", "q8")))

Every dtype is written, read again and run; the folder appears when all of it is right.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from intab.convert.architecture import Architecture, Array, Weights
from intab.convert.card import Report, Row, card
from intab.convert.checkpoint import Checkpoint
from intab.convert.completing import complete_config
from intab.convert.config import INSIDE, KINDS
from intab.convert.decoder import decoder
from intab.convert.encoders.converting import convert_encoder
from intab.convert.encoders.settings import DEFAULTS as ENCODERS
from intab.convert.encoders.settings import is_encoder
from intab.convert.evaluating import perplexity
from intab.convert.families import Model, read_whole
from intab.convert.forms import FORMS, Form, form_of
from intab.convert.gguf.finding import find_model
from intab.convert.memory import FLOAT
from intab.convert.pairs.converting import convert_pair
from intab.convert.pairs.settings import DEFAULTS as PAIRS
from intab.convert.pairs.settings import is_pair
from intab.convert.progress import Say, Steps, silent
from intab.convert.proving import Prompts, read_prompts, self_test
from intab.convert.reading import check_vocabulary, copy_texts, read_tokenizer
from intab.convert.reporting import (
    NO_IDS,
    TOO_LARGE,
    Graph,
    LeftOut,
    by_themselves,
    make_report,
    measured_on,
    read_pieces,
    write_folder,
)
from intab.convert.smoothing import smooth
from intab.convert.staging import check_room, fits_memory, staged
from intab.convert.vision.converting import convert_vision
from intab.convert.vision.settings import KINDS as VISION
from intab.convert.vision.settings import is_vision
from intab.convert.watching import watch
from intab.convert.writing import FOLDER, store, write_each
from intab.engine.hub.layout import SUFFIXES
from intab.errors import ConvertError

DTYPES = ("fp32", "q8", "q8f32", "q4f16")  # made unasked


@dataclass(frozen=True)
class Request:
    """What is to be converted into what.

    checkpoint: a checkpoint's folder, a GGUF file, or a folder with the GGUF file of one model.
    dtypes: None makes DTYPES, and leaves one out that cannot be made, with the reason.
    text: is read for the perplexities; None: a short one that comes with intab.
    license: stands in intab.json.
    ignored: keys of config.json that are not known and change nothing.
    """

    checkpoint: Path
    out: Path
    dtypes: tuple[str, ...] | None = None
    text: Path | None = None
    license: str = ""
    ignored: tuple[str, ...] = ()


def convert(request: Request, say: Say = silent) -> Report:
    """Write the model folder; ConvertError says what stands against it."""
    dtypes = DTYPES if request.dtypes is None else request.dtypes
    check_dtypes(dtypes)
    with opened(request.checkpoint, request.ignored) as checkpoint:
        if is_encoder(checkpoint.config):
            return convert_encoder(request, checkpoint, say)
        if is_vision(checkpoint.config):
            return convert_vision(request, checkpoint, say)
        if is_pair(checkpoint.config):
            return convert_pair(request, checkpoint, say)
        _check_kind(checkpoint.config.get("model_type"))
        return _convert(request, checkpoint, dtypes, say)


def _check_kind(kind: object) -> None:
    """ConvertError for a model_type that none of them is; before the tokenizer is asked for, which
    models of pictures have none of."""
    known = (*KINDS, *INSIDE, *ENCODERS, *VISION, *PAIRS)
    if isinstance(kind, str) and kind not in known:
        raise ConvertError(
            f"The architecture {kind!r} cannot be converted; these can: {', '.join(known)}. Have "
            "another one's graphs made by optimum-cli export onnx, and load that folder."
        )


@contextmanager
def opened(path: Path, ignored: tuple[str, ...]) -> Iterator[Checkpoint]:
    """The checkpoint that a path names: a folder's, or the one in a GGUF file."""
    file = find_model(path)
    if file is None:
        yield Checkpoint(path)
        return
    from intab.convert.gguf.checkpoint import open_gguf  # the library takes a while to import

    with open_gguf(file, ignored) as checkpoint:
        yield checkpoint


@dataclass(frozen=True)
class Source:
    """What graphs are written from."""

    checkpoint: Checkpoint
    whole: Model
    samples: Mapping[str, Array] = field(default_factory=dict)  # of what products read
    smooth: Weights | None = None  # for int8, if they are not the model's own

    @property
    def arch(self) -> Architecture:
        """The shape of the decoder."""
        return self.whole.architecture

    def form(self, dtype: str) -> Form:
        """The form of one dtype's graph."""
        return form_of(dtype, self.checkpoint.parameters())

    def rounds_rows(self, dtypes: Sequence[str]) -> bool:
        """Whether one of these dtypes has int8 products, or shares their weights."""
        return self.form("q8").linear == "int8" and not {"q8", "q8f32"}.isdisjoint(dtypes)

    def has_blocks(self, dtypes: Sequence[str]) -> bool:
        """Whether one of these dtypes has blocks of 4 bits."""
        return any(self.form(dtype).linear == "int4" for dtype in dtypes)

    def with_samples(self, folder: Path, pieces: list[list[int]], dtypes: Sequence[str]) -> Source:
        """The same with weights that round better, by what is multiplied in a text's pieces."""
        weights, config = self.whole.weights, self.whole.config.values
        samples = watch(self.arch, weights, pieces, folder, config)
        made = smooth(self.arch, weights, samples) if self.rounds_rows(dtypes) else None
        return replace(self, smooth=made, samples=samples)

    def weights(self, form: Form) -> Weights:
        """Those that a form is written with."""
        own = self.whole.weights
        return (self.smooth or own) if form.linear in ("int8", "expanded") else own


def _convert(request: Request, checkpoint: Checkpoint, dtypes: tuple[str, ...], say: Say) -> Report:
    tokenizer = read_tokenizer(checkpoint.folder)
    watched, pieces = read_pieces(request.text, tokenizer, checkpoint.config)
    model = Source(checkpoint, read_whole(checkpoint, request.ignored))
    check_vocabulary(tokenizer, model.arch.vocabulary)
    prompts = read_prompts(tokenizer, checkpoint.config)
    task = Task(request, dtypes, model, watched, pieces, prompts)
    more = task.compares or task.watches
    check_room(request.out, expected_bytes(checkpoint, dtypes, more=more))
    steps = Steps(say, 2 * len(dtypes) + 1 + task.compares + task.watches)
    with staged(request.out) as draft:
        return task.write(draft, steps)


@dataclass(frozen=True)
class Task:
    """A conversion whose inputs are read: the ids to round weights by and those to measure on."""

    request: Request
    dtypes: tuple[str, ...]
    model: Source
    watched: list[list[int]]
    pieces: list[list[int]]
    prompts: Prompts

    @property
    def small(self) -> bool:
        """Whether the model's floats can be run here."""
        return fits_memory(FLOAT * self.model.checkpoint.parameters())

    @property
    def watches(self) -> bool:
        """Whether a text is run to see what is multiplied."""
        rounds = self.model.rounds_rows(self.dtypes) or self.model.has_blocks(self.dtypes)
        return bool(self.watched) and self.small and rounds

    @property
    def compares(self) -> bool:
        """Whether an fp32 graph is made for the while."""
        asked = self.small or self.request.text is not None
        return bool(self.pieces) and "fp32" not in self.dtypes and asked

    def write(self, draft: Path, steps: Steps) -> Report:
        """Write all that the folder has."""
        model, left = self.model, LeftOut(may=self.request.dtypes is None)
        copy_texts(model.checkpoint.folder, draft)
        complete_config(draft / "config.json", model.checkpoint.config, model.whole.config)
        if self.watches:
            steps.begin("what is multiplied, to round it well")
            model = model.with_samples(draft, self.watched, self.dtypes)
        graphs = write_graphs(draft, self.dtypes, model, steps, left)
        fp32 = Row("fp32", (), FLOAT * model.checkpoint.parameters())
        if self.compares:
            fp32 = reference(draft, model, self.pieces, steps)
        report = make_report(draft, graphs, self.prompts, self.pieces, steps, fp32, left)
        report = replace(report, notes=self.notes(left))
        steps.begin("intab.json")
        self.describe(draft, graphs, report)
        return report

    def notes(self, left: LeftOut) -> tuple[str, ...]:
        """What there is to say of the model."""
        reason = NO_IDS if self.small else TOO_LARGE
        blind = "" if self.watches else by_themselves(self.dtypes, reason)
        found = (*self.model.checkpoint.remarks, *self.model.whole.notes, blind, *left.reasons)
        return tuple(filter(None, found))

    def describe(self, draft: Path, graphs: Mapping[str, Graph], report: Report) -> None:
        """Write intab.json and README.md."""
        name, license_of = self.request.out.name, self.request.license
        more = {"license": license_of} if license_of else {}
        test = self_test(self.prompts, report.answers)
        write_folder(draft, name, graphs, report, self_test=test, **more)
        note = measured_on(self.request.text, self.pieces)
        text = card(name, self.model.arch.family, report, note)
        (draft / "README.md").write_text(text, encoding="utf-8")


def reference(folder: Path, model: Source, pieces: list[list[int]], steps: Steps) -> Row:
    """The row of an fp32 graph that is made for the while."""
    steps.begin("fp32, to compare with")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        runner = write_graph(Path(scratch), "fp32", model).run(Path(scratch))
        return Row("fp32", (), runner.size, perplexity(runner, pieces))


def check_dtypes(dtypes: tuple[str, ...]) -> None:
    """ConvertError names a dtype that is not known."""
    unknown = [dtype for dtype in dtypes if dtype not in FORMS]
    if unknown or not dtypes:
        wrong = ", ".join(unknown) or "none"
        raise ConvertError(f"The dtypes are {', '.join(FORMS)}; asked for: {wrong}.")


def write_graphs(
    folder: Path, dtypes: tuple[str, ...], model: Source, steps: Steps, left: LeftOut
) -> dict[str, Graph]:
    """Write each dtype's graph."""

    def write(dtype: str, sharing: Graph | None, inline: bool) -> Graph:
        return write_graph(folder, dtype, model, sharing, inline=inline)

    return write_each(dtypes, steps, left, write)


def write_graph(
    folder: Path, dtype: str, model: Source, sharing: Graph | None = None, *, inline: bool = True
) -> Graph:
    """Write one dtype's graph, with its weights or with those of the graph it is `sharing`."""
    form, target = model.form(dtype), folder / FOLDER / f"model{SUFFIXES[dtype]}.onnx"
    graph = decoder(model.arch, model.weights(form), form, model.samples)
    others = sharing.files if sharing else None
    files, weights = store(graph, target, dtype, form, others, inline=inline)
    return Graph(files, form.devices, weights, expanded=form.linear == "expanded")


def expected_bytes(checkpoint: Checkpoint, dtypes: tuple[str, ...], *, more: bool) -> int:
    """About what the graphs will take on disk; `more`: with a float one for the while."""
    made = {*dtypes, "fp32"} if more else set(dtypes)
    return sum(int(checkpoint.parameters() * FORMS[dtype].bytes_a_weight) for dtype in made)
