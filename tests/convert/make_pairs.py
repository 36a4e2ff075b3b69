"""Compares every encoder with its decoder with torch in every dtype, and records it (pairs.json).

    make families      (needs models/requirements.txt)

For each case the tensors' shapes, torch's first logits, and how far each dtype is from torch: the
difference's length against torch's own. Random weights are the hardest there are to round.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.convert.checkpoint import Checkpoint
from intab.convert.forms import FORMS
from intab.convert.pairs.converting import DECODER, ENCODER, read_pair, write_graphs
from intab.convert.running import open_graph
from intab.engine.hub.manifest import EXPANDING
from tests.convert import tiny_pairs as tiny
from tests.convert.make_encoders import difference, heading, outside, write

BOUNDS = {
    "fp32": 1e-5,
    "fp16": 0.005,
    "q8": 0.06,
    "q8f32": 0.05,
    "q4": 0.35,
    "q4f16": 0.35,
    "bnb4": 0.5,
}
NUMBERS = 16  # of the logits that are recorded


def network(case: str) -> Any:
    """transformers' model of a case, with our weights."""
    import torch
    import transformers

    config = tiny.config_of(case)
    del config["architectures"], config["is_encoder_decoder"]
    made = transformers.AutoConfig.for_model(config.pop("model_type"), **config)
    made._attn_implementation = "eager"
    model = getattr(transformers, tiny.class_of(case))(made).float().train(False)
    if case == "flan":
        model.lm_head.weight = torch.nn.Parameter(torch.zeros_like(model.lm_head.weight))
    with torch.no_grad():
        for name, value in state(case, model).items():
            value.copy_(torch.from_numpy(tiny.tensor(case, name, list(value.shape))))
    return model


def state(case: str, model: Any) -> dict[str, Any]:
    """The tensors that a checkpoint would hold."""
    tied = set(getattr(model, "all_tied_weights_keys", None) or ())
    tied -= {"lm_head.weight"} if case == "flan" else set()
    whole = {k: v for k, v in model.state_dict().items() if k not in tied}
    if case in tiny.WITHOUT_POSITIONS:
        whole = {k: v for k, v in whole.items() if "embed_positions" not in k}
    return whole


def by_torch(case: str, model: Any) -> NDArray[np.float32]:
    import torch

    feeds = {k: torch.from_numpy(v) for k, v in tiny.feeds(case).items()}
    with torch.no_grad():
        found = model(**feeds, decoder_input_ids=torch.from_numpy(tiny.written()))
    return np.asarray(found.logits.numpy(), np.float32)


def by_us(folder: Path, case: str, dtype: str) -> NDArray[np.float32]:
    """The logits of one dtype's graphs: of some ids at once, then of the others one by one."""
    model = read_pair(Checkpoint(folder))
    with tempfile.TemporaryDirectory() as scratch:
        graphs = write_graphs(Path(scratch), dtype, model)
        options = EXPANDING if dtype == "q8f32" else {}
        encoder, decoder = (
            open_graph(Path(scratch) / graphs.files[role][0], options)
            for role in (ENCODER, DECODER)
        )
    feeds, ids = tiny.feeds(case), tiny.written()
    kinds = {i.name: i.type for i in (*encoder.get_inputs(), *decoder.get_inputs())}
    half = np.float16 if "tensor(float16)" in kinds.values() else np.float32
    given = {k: v.astype(half) if v.dtype == np.float32 else v for k, v in feeds.items()}
    [hidden] = encoder.run(None, given)
    fed = {"encoder_hidden_states": hidden}
    if "attention_mask" in feeds:
        fed["encoder_attention_mask"] = feeds["attention_mask"]
    pasts = [i for i in decoder.get_inputs() if i.name.startswith("past")]
    cache = {i.name: np.zeros((2, i.shape[1], 0, i.shape[3]), half) for i in pasts}
    names, logits = [info.name for info in decoder.get_outputs()], []
    for start, end in [(0, 4), *((n, n + 1) for n in range(4, tiny.WRITTEN))]:
        step = {**fed, **cache, "input_ids": ids[:, start:end]}
        step["use_cache_branch"] = np.array([start > 0])
        found = dict(zip(names, decoder.run(names, step), strict=True))
        logits.append(found["logits"])
        for name in cache:
            if ".decoder." in name or not start:
                cache[name] = found[name.replace("past_key_values", "present")]
    return np.concatenate(logits, axis=1).astype(np.float32)


def recorded(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Those that are kept, of all places."""
    flat = logits.reshape(-1)
    return flat[:: max(len(flat) // NUMBERS, 1)][:NUMBERS]


def main() -> int:
    import torch

    torch.set_num_threads(1)
    cases: dict[str, Any] = {}
    models = {case: network(case) for case in tiny.CASES}
    for case, model in models.items():
        tensors = {name: list(value.shape) for name, value in state(case, model).items()}
        cases[case] = {"tensors": tensors, "difference": {}}
    write(heading(), cases, tiny.GOLDEN)
    for case, model in models.items():
        wanted = by_torch(case, model)
        cases[case]["logits"] = [round(float(one), 6) for one in recorded(wanted)]
        with tempfile.TemporaryDirectory() as scratch:
            folder = tiny.write_checkpoint(Path(scratch) / "checkpoint", case)
            for dtype in FORMS:
                figure = difference(by_us(folder, case, dtype), wanted)
                cases[case]["difference"][dtype] = figure
        print(case, cases[case]["difference"], flush=True)
    write(heading(), cases, tiny.GOLDEN)
    problems = outside(cases, BOUNDS)
    print("\n".join(problems) or "all within the bounds")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
