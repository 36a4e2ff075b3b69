"""The variants that `make families` compared with torch, and some of them without it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from safetensors.numpy import save_file

from intab.convert.checkpoint import Checkpoint
from intab.convert.config import read_config
from intab.convert.decoder import decoder
from intab.convert.families import FAMILIES, read_model
from intab.convert.forms import FORMS
from intab.convert.running import Runner
from intab.convert.saving import save
from tests.convert import tiny
from tests.convert.variant import Variant
from tests.convert.variants import BOUND, LENGTHS, RECORD, RECORDED, all_variants, sample

VARIANTS = all_variants()


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def test_all_are_recorded_and_right(record: dict[str, Any]) -> None:
    figures = record["variants"]
    assert figures.keys() == VARIANTS.keys()
    assert len(figures) >= 150
    for name, variant in VARIANTS.items():
        if variant.refused:
            assert isinstance(figures[name], str)
            assert figures[name]
        else:
            assert figures[name] < BOUND, name


@pytest.mark.parametrize("name", RECORDED)
def test_logits_are_torchs(tmp_path: Path, record: dict[str, Any], name: str) -> None:
    golden, variant = record["golden"][name], VARIANTS[name]
    graph = written(tmp_path, variant, golden["tensors"])
    logits = Runner(graph).logits(tiny.ids(LENGTHS[-1])[0].tolist())
    found = sample(logits)
    np.testing.assert_allclose(found["logits"], golden["logits"], atol=BOUND)
    assert found["top"] == golden["top"]


def written(folder: Path, variant: Variant, shapes: dict[str, list[int]]) -> Path:
    """The variant's graph."""
    checkpoint = tiny.write_config(folder / "it", variant.config())
    tensors = {name: tiny.tensor(variant.kind, name, shape) for name, shape in shapes.items()}
    save_file(tensors, checkpoint / "model.safetensors")
    save(decoder(*read_model(Checkpoint(checkpoint)), FORMS["fp32"]), folder, "model.onnx")
    return folder / "model.onnx"


def written_from(folder: Path, variant: Variant) -> Path:
    """A checkpoint of the tensors that our own reader asks for, to try shapes."""
    tiny.write_config(folder, variant.config())
    config = read_config(variant.config())
    family = FAMILIES[config.kind]
    arch = family.architecture(config)
    reader = family.reader(cast("Checkpoint", SimpleNamespace(shards={})), config, arch)
    shapes = {**dict(reader.shapes()), "lm_head.weight": (arch.vocabulary, arch.hidden)}
    tensors = {name: tiny.tensor(config.kind, name, list(shape)) for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors")
    return folder
