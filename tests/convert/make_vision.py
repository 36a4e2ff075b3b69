"""Compares every vision model with torch in every dtype that is made, and records it (vision.json).

    make families      (needs models/requirements.txt, and timm)

For each case the tensors' shapes, torch's first outputs, and how far each dtype is from torch: the
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
from intab.convert.encoders.converting import write_graph
from intab.convert.running import open_graph
from intab.convert.vision.converting import DTYPES, read_vision
from tests.convert import tiny_vision as tiny
from tests.convert.make_encoders import difference, heading, outside, write
from tests.engine.support.drawing import SIZES, drawing

BOUNDS = {"fp32": 1e-5, "fp16": 0.01, "q8": 0.12}
NUMBERS = 16  # of the outputs that are recorded
DRAWN = ("large", "tall")  # of drawing.py, for detectors' boxes


def shapes_of(case: str) -> dict[str, list[int]]:
    """The tensors of the case's checkpoint, as transformers saves them."""
    import transformers
    from safetensors import safe_open

    config = tiny.config_of(case)
    [kind] = config.pop("architectures")
    made = transformers.AutoConfig.for_model(config.pop("model_type"), **config)
    with tempfile.TemporaryDirectory() as scratch:
        getattr(transformers, kind)(made).save_pretrained(scratch)
        with safe_open(Path(scratch) / "model.safetensors", "np") as file:
            return {name: file.get_slice(name).get_shape() for name in sorted(file.keys())}


def by_torch(folder: Path, case: str) -> NDArray[np.float32]:
    """The numbers of transformers' model."""
    import torch
    import transformers

    kind = getattr(transformers, tiny.CASES[case][0])
    model = kind.from_pretrained(folder, attn_implementation="eager").float().train(False)
    with torch.no_grad():
        found = model(**{k: torch.from_numpy(v) for k, v in tiny.feeds(case).items()})
    return side_by_side([getattr(found, name).numpy() for name in tiny.outputs_of(case)])


def by_us(folder: Path, case: str, dtype: str) -> NDArray[np.float32]:
    """The numbers of one dtype's graph."""
    write_form = read_vision(Checkpoint(folder)).write
    with tempfile.TemporaryDirectory() as scratch:
        graph = write_graph(Path(scratch), dtype, write_form)
        session = open_graph(Path(scratch) / graph.files[0], {})
    return side_by_side(session.run(list(tiny.outputs_of(case)), tiny.feeds(case)))


def boxes_of(folder: Path) -> list[Any]:
    """What transformers' pipeline finds on drawn pictures, prepared by PIL."""
    import transformers
    from PIL import Image

    model = transformers.AutoModelForObjectDetection.from_pretrained(folder).train(False)
    processor = transformers.DetrImageProcessorPil.from_pretrained(folder)
    pipe = transformers.pipeline("object-detection", model=model, image_processor=processor)
    pictures = [Image.fromarray(drawing(*SIZES[name])) for name in DRAWN]
    return [pipe(picture, threshold=0.0) for picture in pictures]


def side_by_side(outputs: list[NDArray[Any]]) -> NDArray[np.float32]:
    """All numbers, [numbers]."""
    return np.concatenate([np.asarray(one, np.float32).reshape(-1) for one in outputs])


def main() -> int:
    import torch

    torch.set_num_threads(1)
    cases: dict[str, Any] = {
        case: {"tensors": shapes_of(case), "difference": {}} for case in tiny.CASES
    }
    write(heading(), cases, tiny.GOLDEN)
    for case, row in cases.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = tiny.write_checkpoint(Path(scratch) / "checkpoint", case)
            wanted = by_torch(folder, case)
            step = max(len(wanted) // NUMBERS, 1)
            if case.startswith("detr"):
                row["boxes"] = boxes_of(folder)
            row["outputs"] = [round(float(one), 6) for one in wanted[::step][:NUMBERS]]
            for dtype in DTYPES:
                row["difference"][dtype] = difference(by_us(folder, case, dtype), wanted)
        print(case, row["difference"], flush=True)
    write(heading(), cases, tiny.GOLDEN)
    problems = outside(cases, BOUNDS)
    print("\n".join(problems) or "all within the bounds")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
