"""The recipe's export: `intab convert` makes the default model's folder, without torch."""

from __future__ import annotations

import json
from pathlib import Path

import intab
from recipe.exporter import TEXTS, export
from recipe.settings import Paths
from tests.convert import tiny


async def test_a_checkpoint_becomes_the_model_folder(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "data", tmp_path / "build", tmp_path / "default")
    tiny.write_checkpoint(paths.checkpoint, "llama")
    paths.texts.mkdir()
    for name in TEXTS:
        (paths.texts / name).write_text("{}")
    tokenizer = (paths.checkpoint / "tokenizer.json").read_text()
    (paths.texts / "tokenizer.json").write_text(tokenizer)
    for _ in range(2):  # once more over what is there
        export(paths)
    manifest = json.loads((paths.out / "intab.json").read_text())
    assert manifest["dtypes"] == {"q8": ["onnx/model_quantized.onnx"]}
    assert (manifest["name"], manifest["license"]) == ("default", "MIT")
    assert paths.onnx.stat().st_size == manifest["files"]["onnx/model_quantized.onnx"]["size"]
    model = await intab.load(str(paths.out))
    for pieces in (512, 5):
        answer = await model.generate(
            "Once upon a time", do_sample=False, max_new_tokens=8, prefill_chunk_size=pieces
        )
        assert list(answer.ids) == manifest["self_test"]["greedy_ids"]["q8"]
