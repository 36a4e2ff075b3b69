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

import numpy as np

from intab.convert.architecture import Architecture, Array, Weights
from intab.convert.card import Report, Row, card
from intab.convert.checkpoint import Checkpoint
from intab.convert.completing import complete_config
from intab.convert.decoder import decoder
from intab.convert.encoders.converting import convert_encoder
from intab.convert.encoders.settings import is_encoder
from intab.convert.evaluating import perplexity
from intab.convert.families import Model, read_whole
from intab.convert.forms import FORMS, Form, form_of
from intab.convert.gguf.finding import find_model
from intab.convert.kernels import check_kernels
from intab.convert.memory import FLOAT, weights_loaded
from intab.convert.progress import Say, Steps, silent
from intab.convert.proving import read_prompts, self_test
from intab.convert.reading import check_vocabulary, copy_texts, read_tokenizer
from intab.convert.reporting import (
    Graph,
    LeftOut,
    make_report,
    measured_on,
    read_pieces,
    write_folder,
)
from intab.convert.saving import save, save_sharing
from intab.convert.smoothing import smooth
from intab.convert.staging import check_room, fits_memory, staged
from intab.convert.watching import watch
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
        return _convert(request, checkpoint, dtypes, say)


def _convert(request: Request, checkpoint: Checkpoint, dtypes: tuple[str, ...], say: Say) -> Report:
    tokenizer = read_tokenizer(checkpoint.folder)
    watched, pieces = read_pieces(request.text, tokenizer, checkpoint.config)
    model = Source(checkpoint, read_whole(checkpoint, request.ignored))
    check_vocabulary(tokenizer, model.arch.vocabulary)
    prompts = read_prompts(tokenizer, checkpoint.config)
    small = fits_memory(FLOAT * checkpoint.parameters())
    rounds = model.rounds_rows(dtypes) or model.has_blocks(dtypes)
    smoothed = bool(watched) and small and rounds
    compared = bool(pieces) and "fp32" not in dtypes and (small or request.text is not None)
    check_room(request.out, expected_bytes(checkpoint, dtypes, more=compared or smoothed))
    steps = Steps(say, 2 * len(dtypes) + 1 + compared + smoothed)
    left = LeftOut(may=request.dtypes is None)
    with staged(request.out) as draft:
        copy_texts(checkpoint.folder, draft)
        complete_config(draft / "config.json", checkpoint.config, model.whole.config)
        if smoothed:
            steps.begin("what is multiplied, to round it well")
            model = model.watched(draft, watched, dtypes)
        graphs = write_graphs(draft, dtypes, model, steps, left)
        fp32 = Row("fp32", (), FLOAT * checkpoint.parameters())
        if compared:
            fp32 = reference(draft, model, pieces, steps)
        report = make_report(draft, graphs, prompts, pieces, steps, fp32, left)
        report = replace(report, notes=(*checkpoint.remarks, *model.whole.notes, *left.reasons))
        steps.begin("intab.json")
        test = self_test(prompts, report.answers)
        license_of = {"license": request.license} if request.license else {}
        write_folder(draft, request.out.name, graphs, report, self_test=test, **license_of)
        note = measured_on(request.text, pieces)
        text = card(request.out.name, model.arch.family, report, note)
        (draft / "README.md").write_text(text, encoding="utf-8")
    return report


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
    smooth: Weights | None = None  # for int8, if they are not the model's own
    sizes: Mapping[str, Array] = field(default_factory=dict)  # mean squares of what products read

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

    def watched(self, folder: Path, pieces: list[list[int]], dtypes: Sequence[str]) -> Source:
        """The same with weights that round better, by what is multiplied in a text's pieces."""
        weights, config = self.whole.weights, self.whole.config.values
        samples = watch(self.arch, weights, pieces, folder, config)
        sizes = {name: np.square(sample).mean(0) for name, sample in samples.items()}
        made = smooth(self.arch, weights, samples) if self.rounds_rows(dtypes) else None
        return replace(self, smooth=made, sizes=sizes)

    def weights(self, form: Form) -> Weights:
        """Those that a form is written with."""
        own = self.whole.weights
        return (self.smooth or own) if form.linear in ("int8", "expanded") else own


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
    """Write each dtype's graph; q8f32 last, which shares q8's weights."""
    graphs: dict[str, Graph] = {}
    for dtype in sorted(dtypes, key=lambda dtype: dtype == "q8f32"):
        steps.begin(dtype)
        sharing = graphs.get("q8") if dtype == "q8f32" else None
        inline = dtype != "q8" or "q8f32" not in dtypes
        with left.out_if_it_fails(dtype, last=dtype == dtypes[-1] and not graphs):
            graphs[dtype] = write_graph(folder, dtype, model, sharing, inline=inline)
    return graphs


def write_graph(
    folder: Path, dtype: str, model: Source, sharing: Graph | None = None, *, inline: bool = True
) -> Graph:
    """Write one dtype's graph, with its weights or with those of the graph it is `sharing`."""
    form, place = model.form(dtype), folder / "onnx"
    graph = decoder(model.arch, model.weights(form), form, model.sizes)
    for device in form.devices:
        check_kernels(graph, device, dtype)
    weights = weights_loaded(graph.graph)
    name = f"model{SUFFIXES[dtype]}.onnx"
    if sharing:
        names = save_sharing(graph, place, name, [Path(file).name for file in sharing.files])
    else:
        names = save(graph, place, name, inline=inline)
    files = [f"onnx/{name}" for name in names]
    return Graph(files, form.devices, weights, expanded=form.linear == "expanded")


def expected_bytes(checkpoint: Checkpoint, dtypes: tuple[str, ...], *, more: bool) -> int:
    """About what the graphs will take on disk; `more`: with a float one for the while."""
    made = {*dtypes, "fp32"} if more else set(dtypes)
    return sum(int(checkpoint.parameters() * FORMS[dtype].bytes_a_weight) for dtype in made)
