"""A checkpoint that is changed, and what converting it then says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from intab.convert.checkpoint import Checkpoint
from intab.convert.converter import Request, convert
from intab.errors import ConvertError


def refused(checkpoint: Path, *dtypes: str) -> str:
    """What converting says; nothing may be left of it."""
    out = checkpoint.parent / "out" / "model"
    with pytest.raises(ConvertError) as caught:
        convert(Request(checkpoint, out, dtypes or ("fp32",)))
    assert not out.parent.exists() or not list(out.parent.iterdir())
    return str(caught.value)


def change(checkpoint: Path, **values: Any) -> None:
    """Other values in config.json."""
    config = json.loads((checkpoint / "config.json").read_text())
    (checkpoint / "config.json").write_text(json.dumps(config | values))


def replace(checkpoint: Path, name: str, array: np.ndarray[Any, Any] | None) -> None:
    """Another tensor in place of `name`, or none."""
    read = Checkpoint(checkpoint)
    tensors = {n: read.tensor(n) for n in read.shards if n != name}
    added = {} if array is None else {name: array}
    save_file(tensors | added, checkpoint / "model.safetensors")
