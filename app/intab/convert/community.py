"""A folder with ONNX graphs that others exported, given what our own graphs have.

    optimise(Path("exported"), Path("model"))

The last rows are cut out before lm_head (rows.py); in graphs for wasm GroupQueryAttention is
rewritten (ungrouping.py), and the result is run beside the original; int8 products get a scale for
each row (requantizing.py); every node is held against onnxruntime-web's kernels; the folder gets
its intab.json and its report. Weights stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from intab.convert.card import Report, card
from intab.convert.checkpoint import read_json
from intab.convert.forms import FORMS
from intab.convert.kernels import examine, table
from intab.convert.memory import weights_loaded
from intab.convert.progress import Say, Steps, silent
from intab.convert.proving import read_prompts, self_test
from intab.convert.reading import copy_texts, read_tokenizer
from intab.convert.reporting import (
    Graph,
    make_report,
    measured_on,
    read_pieces,
    write_folder,
)
from intab.convert.requantizing import by_rows
from intab.convert.rows import keep_last_rows
from intab.convert.running import Runner
from intab.convert.saving import save
from intab.convert.staging import check_room, staged
from intab.convert.ungrouping import KIND, Ungrouped, ungroup
from intab.engine.hub.variants import find_dtypes
from intab.engine.runtime.cache_slots import head_dim, kv_heads
from intab.engine.runtime.refusals import old_ir, old_opset
from intab.errors import ConvertError

Logits = NDArray[np.float32]
NEAR = 0.1  # of the way from the mean logit to the best one, between two forms of one graph


def optimise(
    source: Path,
    out: Path,
    text: Path | None = None,
    say: Say = silent,
    wanted: Collection[str] = (),
) -> Report:
    """Write the folder, of all dtypes or of those that are wanted; ConvertError says what stands
    against it."""
    dtypes = _find(source, wanted)
    tokenizer = read_tokenizer(source)
    config = read_json(source, "config.json")
    prompts = read_prompts(tokenizer, config)
    pieces = read_pieces(text, tokenizer, config)[1] if text else []
    check_room(
        out, sum((source / name).stat().st_size for files in dtypes.values() for name in files)
    )
    steps = Steps(say, 2 * len(dtypes) + 1)
    with staged(out) as draft:
        copy_texts(source, draft)
        graphs = {}
        for dtype, (graph, *_) in dtypes.items():
            steps.begin(dtype)
            graphs[dtype] = Work(source, draft, dtype, graph, prompts.short).write()
        report = make_report(draft, graphs, prompts, pieces, steps)
        steps.begin("intab.json")
        write_folder(draft, out.name, graphs, report, self_test=self_test(prompts, report.answers))
        family = read_json(source, "config.json").get("model_type", "")
        note = measured_on(text, pieces)
        (draft / "README.md").write_text(card(out.name, family, report, note), encoding="utf-8")
    return report


def _find(source: Path, wanted: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The graphs of a folder by their dtypes, of all of them where none is wanted."""
    names = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    dtypes = find_dtypes(names)
    if not dtypes:
        raise ConvertError(f"{source} has no onnx/model*.onnx: give --from-onnx such a folder.")
    if missing := set(wanted) - set(dtypes):
        raise ConvertError(
            f"{source} has no graph of {', '.join(sorted(missing))}: it has {', '.join(dtypes)}."
        )
    return {dtype: files for dtype, files in dtypes.items() if not wanted or dtype in wanted}


class Work:
    """One dtype's graph on its way from `source` to `draft`; `prompt` is what it is tried with."""

    def __init__(
        self, source: Path, draft: Path, dtype: str, graph: str, prompt: list[int]
    ) -> None:
        self.source, self.draft = source, draft
        self.dtype, self.graph, self.prompt = dtype, graph, prompt
        self.config = read_json(source, "config.json")

    def write(self) -> Graph:
        """Write it with its attention rewritten, or as it was if that is slow and wrong nowhere it
        runs, or if the two do not agree; then with a scale for each row of its int8 products."""
        model = self.read()
        fused = FORMS.get(self.dtype, FORMS["q8"]).attention == "fused"
        if fused and not examine(model, "webgpu").wrong:
            return self.save(model, "")
        found = ungroup(model)
        written = self.save(model, _remark(found))
        if found.count and not self.agrees(written):
            found = Ungrouped(0)
            remark = f"{KIND} stays: with products it answers otherwise or not"
            written = self.save(self.read(), remark)
        return self.by_rows(written, ungrouped=bool(found.count))

    def by_rows(self, written: Graph, *, ungrouped: bool) -> Graph:
        """The graph with a scale for each row, if its int8 products have one for a step, and one
        id alone is answered alike."""
        model = self.read(ungrouped=ungrouped)
        count = by_rows(model)
        if not count:
            return written
        wanted, remark = self.alone(written), f"{count} int8 products got a scale for each row"
        finer = self.save(model, "; ".join(filter(None, (written.remark, remark))))
        if _near(wanted, self.alone(finer)):
            return finer
        return self.save(self.read(ungrouped=ungrouped), written.remark)

    def alone(self, written: Graph) -> Logits:
        """The logits after one id."""
        found: Logits = written.run(self.draft).step(self.prompt[:1], {}, rows=1)[0][-1]
        return found

    def read(self, *, ungrouped: bool = False) -> ir.Model:
        """The graph with the last rows cut out, and all sizes of its cache."""
        model = ir.load(self.source / self.graph)
        check_versions(model, self.graph)
        keep_last_rows(model)
        tell_sizes(model, self.config)
        if ungrouped:
            ungroup(model)
        return model

    def save(self, model: ir.Model, remark: str) -> Graph:
        """Write the graph; ConvertError where it runs nowhere."""
        fit = fitting(model, self.dtype)
        weights = weights_loaded(model.graph)
        names = save(model, self.draft / "onnx", Path(self.graph).name)
        told = "; ".join(filter(None, (remark, fit.remark)))
        files = [f"onnx/{name}" for name in names]
        return Graph(files, fit.devices, weights, told, barred=fit.barred)

    def agrees(self, written: Graph) -> bool:
        """Whether the graph gives about the original's logits. One is in memory at a time."""
        wanted = self.try_out(Runner(self.source / self.graph, config=self.config))
        try:
            found = self.try_out(written.run(self.draft))
        except ConvertError:
            return False
        return all(map(_near, wanted, found))

    def try_out(self, runner: Runner) -> list[Logits]:
        """The logits after a prompt, and after several tokens that follow it."""
        first, cache = runner.step(self.prompt, {}, rows=1)
        then, _ = runner.step(self.prompt[:3], cache, rows=1)
        return [first[-1], then[-1]]


def tell_sizes(model: ir.Model, config: Mapping[str, Any]) -> None:
    """Write the sizes of the cache into the graph where it leaves them to config.json."""
    for value in (*model.graph.inputs, *model.graph.outputs):
        is_cache = (value.name or "").startswith(("past_key_values.", "present."))
        if is_cache and value.shape is not None and len(value.shape) == 4:
            batch, heads, length, dim = value.shape
            heads = heads if isinstance(heads, int) else kv_heads(config)
            dim = dim if isinstance(dim, int) else head_dim(config)
            value.shape = ir.Shape([batch, heads, length, dim])


def _remark(found: Ungrouped) -> str:
    """What was done to a graph's attention, in words."""
    done = f"{KIND} of {found.count} layers became matrix products" if found.count else ""
    left = f"{KIND} stays: {', '.join(found.left)}" if found.left else ""
    return "; ".join(filter(None, (done, left)))


def _near(wanted: Logits, found: Logits) -> bool:
    allowed = NEAR * (wanted.max() - wanted.mean())
    return bool(np.abs(wanted - found).max() <= allowed)


@dataclass(frozen=True)
class Fit:
    """Where a graph runs, where it would compute something else, and what there is to say."""

    devices: tuple[str, ...]
    barred: tuple[str, ...] = ()
    remark: str = ""


def fitting(model: ir.Model, dtype: str) -> Fit:
    """The devices with a kernel for every node; ConvertError where there is none."""
    found = [examine(model, device) for device in ("wasm", "webgpu")]
    faults = {one.device: [*one.missing, *one.wrong] for one in found}
    if all(faults.values()):
        shown = "; ".join(f"no {device} kernel for {nodes[0]}" for device, nodes in faults.items())
        raise ConvertError(f"The {dtype} graph runs on no device: {shown}. Leave its file out.")
    notes = [
        f"not for {one.device}, which has no kernel for {one.wrong[0]}"
        for one in found
        if one.wrong
    ]
    unknown = list(dict.fromkeys(node for one in found for node in one.unknown))
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        notes.append(
            f"of {', '.join(unknown[:3])}{more} intab does not know whether onnxruntime-web has "
            "a kernel: try the graph in a browser"
        )
    return Fit(
        tuple(device for device, nodes in faults.items() if not nodes),
        tuple(one.device for one in found if one.wrong),
        "; ".join(notes),
    )


def check_versions(model: ir.Model, name: str) -> None:
    """ConvertError where the file or its operators are newer than what onnxruntime-web reads."""
    most, (_, newest) = table()["ir"], table()["opsets"]
    opset = model.graph.opset_imports.get("", 0)
    problem = old_ir(model.ir_version or 0, most) if (model.ir_version or 0) > most else ""
    problem = problem or (old_opset(opset, newest) if opset > newest else "")
    if problem:
        raise ConvertError(f"onnxruntime does not run {name}: {problem}.")
