"""Compares every encoder and head with torch in every dtype, and records it (encoders.json).

    make families      (needs models/requirements.txt)

For each case the tensors' shapes, torch's first outputs, and how far each dtype is from torch: the
difference's length against torch's own. Random weights are the hardest there are to round.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from intab.convert.checkpoint import Checkpoint
from intab.convert.encoders.converting import read_encoder, write_graph
from intab.convert.forms import FORMS
from intab.convert.running import open_graph
from intab.engine.hub.manifest import EXPANDING
from tests.convert import tiny as weights
from tests.convert import tiny_encoders as tiny

BOUNDS = {
    "fp32": 1e-5,
    "fp16": 0.005,
    "q8": 0.12,
    "q8f32": 0.1,
    "q4": 0.6,
    "q4f16": 0.6,
    "bnb4": 0.95,
}
NUMBERS = 16  # of the outputs that are recorded


def network(case: str) -> Any:
    """transformers' model of a case, with our weights."""
    import torch
    import transformers

    config = tiny.config_of(case)
    del config["architectures"]
    made = transformers.AutoConfig.for_model(config.pop("model_type"), **config)
    made._attn_implementation = "eager"
    model = getattr(transformers, tiny.class_of(case))(made).float().train(False)
    with torch.no_grad():
        for name, value in state(model).items():
            value.copy_(torch.from_numpy(weights.tensor(case, name, list(value.shape))))
    return model


def state(model: Any) -> dict[str, Any]:
    """The tensors that a checkpoint would hold."""
    tied = set(getattr(model, "all_tied_weights_keys", None) or ())
    whole = model.state_dict().items()
    return {k: v for k, v in whole if k not in tied and not k.endswith("position_ids")}


def by_torch(case: str, model: Any) -> NDArray[np.float32]:
    import torch

    feeds = {k: torch.from_numpy(v) for k, v in tiny.feeds().items()}
    if not case.startswith("bert"):
        del feeds["token_type_ids"]
    with torch.no_grad():
        found = model(**feeds)
    count = 2 if case.endswith("answers") else 1
    return tiny.kept(case, [found[i].numpy() for i in range(count)])


def by_us(folder: Path, case: str, dtype: str) -> NDArray[np.float32]:
    """The numbers of one dtype's graph."""
    write, _, _ = read_encoder(Checkpoint(folder))
    with tempfile.TemporaryDirectory() as scratch:
        graph = write_graph(Path(scratch), dtype, write)
        options = EXPANDING if dtype == "q8f32" else {}
        session = open_graph(Path(scratch) / graph.files[0], options)
    names = [info.name for info in session.get_inputs()]
    feeds = tiny.feeds()
    return tiny.kept(case, session.run(None, {name: feeds[name] for name in names}))


def difference(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    """The difference's length against what is wanted."""
    return round(float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted)), 7)


def outside(cases: dict[str, Any], bounds: dict[str, float] = BOUNDS) -> list[str]:
    """What is not within the bounds."""
    return [
        f"{case} {dtype}: {figure}"
        for case, row in cases.items()
        for dtype, figure in row["difference"].items()
        if not figure <= bounds[dtype]
    ]


def heading() -> dict[str, str]:
    """The day, and the libraries' versions."""
    import torch
    import transformers

    return {
        "date": datetime.now(UTC).date().isoformat(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "onnxruntime": onnxruntime.__version__,
    }


def main() -> int:
    import torch

    torch.set_num_threads(1)
    cases: dict[str, Any] = {}
    models = {case: network(case) for case in tiny.CASES}
    for case, model in models.items():
        tensors = {name: list(value.shape) for name, value in state(model).items()}
        cases[case] = {"tensors": tensors, "difference": {}}
    write(heading(), cases)
    for case, model in models.items():
        wanted = by_torch(case, model)
        step = max(len(wanted) // NUMBERS, 1)
        cases[case]["outputs"] = [round(float(one), 6) for one in wanted[::step][:NUMBERS]]
        with tempfile.TemporaryDirectory() as scratch:
            folder = tiny.write_checkpoint(Path(scratch) / "checkpoint", case)
            for dtype in FORMS:
                figure = difference(by_us(folder, case, dtype), wanted)
                cases[case]["difference"][dtype] = figure
        print(case, cases[case]["difference"], flush=True)
    write(heading(), cases)
    problems = outside(cases)
    print("\n".join(problems) or "all within the bounds")
    return 1 if problems else 0


def write(head: dict[str, str], cases: dict[str, Any], golden: Path = tiny.GOLDEN) -> None:
    """Record them, a case a line."""
    lines = [f'  "{case}": {json.dumps(row)}' for case, row in cases.items()]
    text = json.dumps(head)[:-1] + ', "cases": {\n' + ",\n".join(lines) + "\n}}\n"
    golden.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
