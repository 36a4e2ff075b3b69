"""Writes a pipeline's folder in the dtypes that are asked for, and measures what came of it.

    convert_pictures(Path("exported"), Path("model"), ("fp32", "fp16", "q8f32"))

A graph of which a dtype loses too much, or holds numbers that float16 has not, stays float32 there:
the pipeline then runs that graph in float32 beside the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx_ir as ir

from intab.convert.checkpoint import read_json
from intab.convert.describing import write_roles
from intab.convert.kernels import examine
from intab.convert.pictures.folder import (
    ENCODER,
    copy_texts,
    find_graphs,
    read_graph,
    read_texts,
)
from intab.convert.pictures.halves import LARGEST, in_halves
from intab.convert.pictures.integers import with_int8_weights
from intab.convert.pictures.measuring import Samples, draw, psnr
from intab.convert.pictures.table import PicturesReport, Row, card
from intab.convert.progress import Say, Steps, silent
from intab.convert.saving import save
from intab.convert.staging import check_room, staged
from intab.engine.hub.layout import SUFFIXES
from intab.engine.hub.roles import nearest
from intab.engine.tasks.diffusion.files import INDEX
from intab.errors import ConvertError

FP32, HALVES, INT8 = DTYPES = ("fp32", "fp16", "q8f32")
DEVICES = ("wasm", "webgpu")
LEAST = 30.0  # dB, for a graph
PICTURE = "picture"
NO_ENCODER = f"there is no {ENCODER}: the model makes pictures of texts, none of other pictures"


def convert_pictures(
    source: Path, out: Path, wanted: Collection[str] = (), say: Say = silent
) -> PicturesReport:
    """Write the folder, in all dtypes if none is wanted; ConvertError says what is against it."""
    if unknown := set(wanted) - set(DTYPES):
        raise ConvertError(
            f"A pipeline of pictures is not made in {', '.join(sorted(unknown))}: --dtypes takes "
            f"{', '.join(DTYPES)}."
        )
    graphs, texts = find_graphs(source), read_texts(source)
    dtypes = [dtype for dtype in DTYPES if dtype in (wanted or DTYPES)]
    check_room(out, len(dtypes) * sum(_size(path) for path in graphs.values()))
    steps = Steps(say, (len(graphs) + 1) * len(dtypes) + 2)
    with staged(out) as draft:
        copy_texts(source, draft)
        folder = _Folder(draft, graphs, texts)
        rows = [row for role in graphs for row in folder.write(role, dtypes, steps)]
        rows += folder.pictures([dtype for dtype in dtypes if dtype != FP32], steps)
        remarks = [*folder.remarks, *([] if ENCODER in graphs else [NO_ENCODER])]
        report = PicturesReport(tuple(rows), tuple(remarks))
        steps.begin("intab.json")
        _describe(draft, out.name, folder, report)
    return report


class _Folder:
    """The folder as far as it is written: files by role and dtype, devices by dtype."""

    def __init__(self, draft: Path, graphs: Mapping[str, Path], texts: Mapping[str, str]) -> None:
        self.draft, self._graphs, self._texts = draft, graphs, texts
        self._samples = Samples(graphs, texts)
        self.files: dict[str, dict[str, list[str]]] = {}
        self.barred: dict[str, set[str]] = {}  # dtype -> devices where a graph cannot run
        self.remarks: dict[str, None] = {}

    def write(self, role: str, dtypes: Sequence[str], steps: Steps) -> Iterator[Row]:
        """A role's graph in all dtypes, in float32 too if one of them has to be left out."""
        model = read_graph(self._graphs[role])
        self._samples.wanted(role)
        for dtype in dtypes:
            steps.begin(f"{role}: {dtype}")
            yield self._row(role, model.clone(), dtype)
        if FP32 not in dtypes and set(dtypes) - set(self.files.get(role, {})):
            yield self._row(role, model, FP32)

    def pictures(self, dtypes: Sequence[str], steps: Steps) -> Iterator[Row]:
        """A whole picture in each dtype beside float32's."""
        if dtypes:
            steps.begin(PICTURE)
            wanted = draw(self._graphs, self._texts)
        for dtype in dtypes:
            steps.begin(f"{PICTURE}: {dtype}")
            yield Row(PICTURE, dtype, psnr(wanted, draw(self.beside(dtype), self._texts), 1))

    def beside(self, dtype: str) -> dict[str, Path]:
        """The graphs of a dtype, as `intab.pipeline` chooses them."""
        found = {role: its[nearest(dtype, its)][0] for role, its in self.files.items()}
        return {role: self.draft / name for role, name in found.items()}

    def _row(self, role: str, model: ir.Model, dtype: str) -> Row:
        """Write a graph and measure it; it is taken away again if it is not good."""
        try:
            devices = self._write(role, model, dtype)
            if dtype == FP32:
                return Row(role, dtype, size=self._size(role, dtype), devices=devices)
            path = self.draft / self.files[role][dtype][0]
            figure = psnr(self._samples.wanted(role), self._samples.answer(role, path))
        except ConvertError as exc:
            if dtype == FP32:
                raise
            self._take_away(role, dtype)
            return Row(role, dtype, reason=f"stays fp32: {exc}")
        if figure < LEAST:
            self._take_away(role, dtype)
            return Row(role, dtype, figure, reason=f"stays fp32: less than {LEAST:.0f} dB")
        return Row(role, dtype, figure, self._size(role, dtype), devices)

    def _write(self, role: str, model: ir.Model, dtype: str) -> tuple[str, ...]:
        """Write a graph; where it runs."""
        if dtype == HALVES:
            self._check_halves(role, model.clone())
            model = in_halves(model)
        elif dtype == INT8:
            with_int8_weights(model)
        devices = self._devices(role, model)
        names = save(model, self.draft / role, f"model{SUFFIXES[dtype]}.onnx")
        self.files.setdefault(role, {})[dtype] = [f"{role}/{name}" for name in names]
        self.barred.setdefault(dtype, set()).update({*DEVICES} - {*devices})
        return devices

    def _devices(self, role: str, model: ir.Model) -> tuple[str, ...]:
        """Where a graph runs; ConvertError if nowhere. On WebGPU what has no kernel runs on the
        processor; wasm has nothing else."""
        wasm, gpu = (examine(model, device) for device in DEVICES)
        faults = {"wasm": [*wasm.missing, *wasm.wrong], "webgpu": gpu.wrong}
        found = tuple(device for device in DEVICES if not faults[device])
        if not found:
            raise ConvertError(f"no device has a kernel for {faults['wasm'][0]}")
        if gpu.missing and "webgpu" in found:
            kinds = ", ".join(sorted({node.partition(" ")[0] for node in gpu.missing}))
            self.remarks.setdefault(f"{role} on WebGPU: {kinds} run on the processor")
        return found

    def _check_halves(self, role: str, model: ir.Model) -> None:
        largest = self._samples.largest(role, model)
        if largest > LARGEST:
            raise ConvertError(
                f"it computes numbers up to {largest:,.0f}, and float16 ends at {LARGEST:,.0f}"
            )

    def _size(self, role: str, dtype: str) -> int:
        return sum((self.draft / name).stat().st_size for name in self.files[role][dtype])

    def _take_away(self, role: str, dtype: str) -> None:
        for name in self.files.get(role, {}).pop(dtype, ()):
            (self.draft / name).unlink()


def _size(graph: Path) -> int:
    """Of a graph, with whatever lies beside it: weights may have any name."""
    return sum(path.stat().st_size for path in graph.parent.iterdir() if path.is_file())


def _describe(draft: Path, name: str, folder: _Folder, report: PicturesReport) -> None:
    """Write intab.json and README.md."""
    more: dict[str, Any] = {"psnr": report.psnr} if report.psnr else {}
    if any(folder.barred.values()):
        more["devices"] = {dtype: sorted({*DEVICES} - its) for dtype, its in folder.barred.items()}
    write_roles(draft, folder.files, name=name, **more)
    family = str(read_json(draft, INDEX).get("_class_name", "pipeline"))
    (draft / "README.md").write_text(card(name, family, report), encoding="utf-8")
