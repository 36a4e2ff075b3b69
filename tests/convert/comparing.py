"""Every variant in torch and in our graph, from the same folder; writes variants.json.

    PYTHONPATH=.:app python -m tests.convert.comparing      (needs models/requirements.txt)

`make families` runs it, and says of each variant by how much a logit differs, or why it is refused.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from safetensors.numpy import save_file
from transformers import AutoConfig, AutoModelForCausalLM

from intab.convert.checkpoint import Checkpoint
from intab.convert.decoder import decoder
from intab.convert.families import read_model
from intab.convert.forms import FORMS
from intab.convert.running import Runner
from intab.convert.saving import save
from intab.errors import ConvertError
from tests.convert import tiny
from tests.convert.make_defaults import TABLE, make
from tests.convert.variant import Variant
from tests.convert.variants import BOUND, LENGTHS, RECORD, RECORDED, all_variants, sample

Floats = NDArray[np.float32]


def network(folder: Path) -> Any:
    """transformers' model of a config.json, with weights drawn from their names."""
    config = AutoConfig.from_pretrained(folder)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float()
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    with torch.no_grad():
        for name, value in state(model).items():
            value.copy_(torch.from_numpy(tiny.tensor(kind, name, list(value.shape))))
    return model.train(False)


def state(model: Any) -> dict[str, Any]:
    """The tensors that a checkpoint would hold."""
    tied = set(getattr(model, "all_tied_weights_keys", None) or ())
    skip = (".attention.bias", ".masked_bias", ".rotary_emb.inv_freq", ".attn.bias")
    found = model.state_dict().items()
    return {name: value for name, value in found if name not in tied and not name.endswith(skip)}


def torch_logits(model: Any, count: int) -> Floats:
    """[count, vocabulary]"""
    with torch.no_grad():
        ids = torch.from_numpy(tiny.ids(count))
        found: Floats = model(ids, use_cache=False).logits[0].numpy()
    return found


def write(folder: Path, variant: Variant) -> None:
    """The variant's config.json."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(variant.config()))


def save_weights(folder: Path, model: Any) -> None:
    """Beside it, the weights of a model."""
    tensors = {name: value.numpy().copy() for name, value in state(model).items()}
    save_file(tensors, folder / "model.safetensors")


def our_logits(folder: Path) -> tuple[Floats, ...]:
    """Of each of LENGTHS, and the longest once more in pieces."""
    save(decoder(*read_model(Checkpoint(folder)), FORMS["fp32"]), folder, "fp32.onnx")
    runner = Runner(folder / "fp32.onnx", {"session.intra_op.allow_spinning": "0"})
    whole = tuple(runner.logits(tiny.ids(count)[0].tolist()) for count in LENGTHS)
    return (*whole, pieces(runner, tiny.ids(LENGTHS[-1])[0].tolist()))


def pieces(runner: Runner, ids: list[int]) -> Floats:
    """The logits of a prompt and of what follows it, one after the other."""
    cache: dict[str, NDArray[Any]] = {}
    found = []
    for start, end in ((0, 20), (20, 21), (21, 30), (30, 31), (31, len(ids))):
        rows, cache = runner.step(ids[start:end], cache, rows=0)
        found.append(rows)
    return np.concatenate(found)


def difference(folder: Path, variant: Variant, model: Any) -> float:
    """The largest difference of a logit."""
    save_weights(folder, model)
    wanted = [torch_logits(model, count) for count in LENGTHS]
    found = our_logits(folder)
    pairs = list(zip(found, wanted, strict=False))
    if "longrope" not in str(variant.config()) and "long_factor" not in str(variant.config()):
        pairs.append((found[-1], wanted[-1]))  # longrope's keys change with the length
    return max(float(np.abs(one - other).max()) for one, other in pairs)


def compare(variant: Variant) -> tuple[float | str, dict[str, Any]]:
    """The difference, or what a refusal says, or what torch says; the record of torch's logits."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "checkpoint"
        write(folder, variant)
        if variant.refused:
            return _refusal(folder, Variant(variant.kind)), {}
        try:
            model = network(folder)
            rows = torch_logits(model, LENGTHS[-1])
        except Exception as exc:  # noqa: BLE001 - a variant that transformers does not load
            return f"torch: {exc}", {}
        shapes = {name: list(value.shape) for name, value in state(model).items()}
        try:
            found: float | str = round(difference(folder, variant, model), 8)
        except ConvertError as exc:
            found = str(exc)
        return found, {"tensors": shapes, **sample(rows)}


def _refusal(folder: Path, plain: Variant) -> str:
    """What reading says, with the weights of the family's plain variant."""
    other = folder.with_name("plain")
    write(other, plain)
    save_weights(folder, network(other))
    try:
        read_model(Checkpoint(folder))
    except ConvertError as exc:
        return str(exc)
    return ""


def is_right(variant: Variant, figure: float | str) -> bool:
    """Whether a variant is refused if it must be, and computes what torch computes if not."""
    if variant.refused:
        return isinstance(figure, str) and bool(figure)
    return isinstance(figure, float) and figure < BOUND


def main() -> int:
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    figures: dict[str, float | str] = {}
    golden: dict[str, dict[str, Any]] = {}
    problems = []
    for name, variant in all_variants().items():
        figures[name], recorded = compare(variant)
        if not is_right(variant, figures[name]):
            problems.append(f"{name}: {figures[name]}")
        if name in RECORDED:
            golden[name] = recorded
        print(f"{name}: {figures[name]}", flush=True)
    table = json.loads(TABLE.read_text(encoding="utf-8"))["families"]
    if table != make()["families"]:
        problems.append("defaults.json differs: python -m tests.convert.make_defaults makes it")
    _write(figures, golden)
    print("\n".join(problems) or f"all {len(figures)} variants are right")
    return 1 if problems else 0


def _write(figures: dict[str, float | str], golden: dict[str, dict[str, Any]]) -> None:
    head = {
        "date": datetime.now(UTC).date().isoformat(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    parts = [json.dumps(head)[1:-1]]
    for key, rows in (("variants", figures), ("golden", golden)):
        lines = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items()]
        parts.append(f'"{key}": {{\n' + ",\n".join(lines) + "\n}")
    RECORD.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
