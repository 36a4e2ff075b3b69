"""A checkpoint becomes a folder that intab loads; what stands against it is said beforehand."""

from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.processors import TemplateProcessing

import intab
from intab.cli.main import main
from intab.convert import reporting, saving
from intab.convert.card import Report, Row, table
from intab.convert.checkpoint import INDEX, Checkpoint
from intab.convert.converter import Request, convert
from intab.convert.describing import describe_file
from intab.convert.evaluating import perplexity, windows
from intab.convert.running import Runner
from intab.engine.text.tokenizer import Tokenizer as Reader
from intab.errors import ConvertError
from tests.convert import tiny
from tests.convert.refusing import change, refused, replace
from tests.engine.conftest import byte_tokenizer_json


async def test_the_folder_loads_and_answers_as_its_self_test_says(
    checkpoint: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    assert main(["convert", str(checkpoint), "--out", str(out), "--dtypes", "fp32,q8"]) == 0
    manifest = json.loads((out / "intab.json").read_text())
    assert manifest["dtypes"]["q8"] == ["onnx/model_quantized.onnx"]
    for dtype, ids in manifest["self_test"]["greedy_ids"].items():
        model = await intab.load(str(out), dtype=dtype)
        answer = await model.generate("Once upon a time", max_new_tokens=8, do_sample=False)
        assert list(answer.ids) == ids


def test_a_dtype_that_loses_much_is_marked() -> None:
    rows = (Row("q8", ("wasm",), 10, 10.4), Row("q4", ("wasm",), 5, 10.6))
    report = Report(rows, Row("fp32", (), 40, 10.0))
    found = [row[-1] for row in table(report)]
    assert found == [
        "25% of the size, perplexity +4.00%",
        "12% of the size, perplexity +6.00%: chosen unasked only if no better one fits",
    ]


def test_without_a_float_graph_perplexities_stand_alone() -> None:
    """As of a model whose floats are too large for this machine's memory."""
    report = Report((Row("q8", ("wasm",), 10, 10.4),), Row("fp32", (), 40))
    assert table(report) == [("q8", "wasm", "0.0", "10.400", "25% of the size")]


def test_the_report_has_sizes_and_perplexities(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, out = tmp_path / "text.txt", tmp_path / "model"
    text.write_text("Once upon a time there was a text. " * 20)
    order = ["convert", str(checkpoint), "--out", str(out), "--dtypes", "q8,q4f16"]
    assert main([*order, "--eval-text", str(text)]) == 0
    assert "perplexity" in capsys.readouterr().err
    card = (out / "README.md").read_text()
    assert "| q8 | wasm, webgpu | 0.2 | " in card
    assert "text.txt, read 256 at a time" in card
    manifest = json.loads((out / "intab.json").read_text())
    assert "devices" not in manifest
    assert sorted(manifest["perplexity"]) == ["fp32", "q4f16", "q8"]
    assert all(found > 1 for found in manifest["perplexity"].values())
    assert sorted(manifest["dtypes"]) == ["q4f16", "q8"]
    assert not list(out.glob("tmp*"))


def test_perplexity_is_that_of_the_probabilities() -> None:
    """Logits of log(1), log(1), log(2): the last token has the probability 1/2, others 1/4."""

    class Known(Runner):
        def __init__(self) -> None: ...

        def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
            return np.log(np.array([[1, 1, 2]] * len(ids), np.float32))

    assert perplexity(Known(), [[0, 2, 2, 2]]) == pytest.approx(2)
    assert perplexity(Known(), [[2, 0, 2]]) == pytest.approx(8**0.5)


def test_each_piece_of_a_text_begins_as_the_tokenizer_begins_one() -> None:
    backend = Tokenizer.from_str(byte_tokenizer_json())
    text = "one two three " * 100
    assert windows(Reader(backend.to_str()), text)[1][0] == backend.encode(text).ids[256]
    backend.add_special_tokens(["[B]", "[E]"])
    marks = [("[B]", 257), ("[E]", 258)]
    backend.post_processor = TemplateProcessing(single="[B] $A [E]", special_tokens=marks)
    pieces = windows(Reader(backend.to_str()), text)
    assert {piece[0] for piece in pieces} == {257}
    assert [token for piece in pieces for token in piece[1:]] == backend.encode(text).ids[1:-1]
    assert max(map(len, pieces)) == 256


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "--eval-text a text file"), (b"x", "a longer one"), (b"\xff\xfe", "no text in UTF-8")],
)
def test_a_text_that_cannot_be_read_is_refused(
    checkpoint: Path, tmp_path: Path, text: bytes | None, said: str
) -> None:
    path = tmp_path / "text.txt"
    if text:
        path.write_bytes(text)
    with pytest.raises(ConvertError, match=said):
        convert(Request(checkpoint, tmp_path / "model", ("q8",), path))


def test_a_dtype_whose_numbers_leave_its_range_is_named(checkpoint: Path) -> None:
    """Finite as floats, not as halves: a browser would refuse it."""
    name = "model.layers.1.mlp.down_proj.weight"
    replace(checkpoint, name, Checkpoint(checkpoint).tensor(name) * np.float32(3e5))
    said = refused(checkpoint, "fp32", "q4f16")
    assert said.startswith("model_q4f16.onnx gives numbers that are not finite: leave its dtype")


def test_the_folder_that_one_is_in_is_refused(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ConvertError, match="--out is the folder you are in"):
        convert(Request(checkpoint, Path(), ("q8",)))


def test_shards_are_read_together_and_a_missing_one_is_named(checkpoint: Path) -> None:
    whole = Checkpoint(checkpoint)
    tensors = {name: whole.tensor(name) for name in sorted(whole.shards)}
    files = {name: f"part-{number % 2}.safetensors" for number, name in enumerate(tensors)}
    for file in set(files.values()):
        part = {name: tensors[name] for name in tensors if files[name] == file}
        save_file(part, checkpoint / file)
    (checkpoint / INDEX).write_text(json.dumps({"weight_map": files}))
    (checkpoint / "model.safetensors").unlink()
    sharded = Checkpoint(checkpoint)
    assert all((sharded.tensor(name) == tensors[name]).all() for name in tensors)
    assert sharded.parameters() == sum(tensor.size for tensor in tensors.values())
    (checkpoint / "part-1.safetensors").unlink()
    assert "lacks part-1.safetensors" in refused(checkpoint)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "bloom"}, "'bloom' cannot be converted; these can: llama, mistral"),
        ({"hidden_act": "mish"}, "activation 'mish' is not known"),
        ({"num_hidden_layers": 9}, "no tensor model.layers.4.input_layernorm.weight"),
        ({"vocab_size": 300}, "has the shape (259, 64), but config.json asks for (300, 64)"),
        ({"num_attention_heads": 8}, "config.json asks for"),
        ({"rope_scaling": {"type": "ntk"}}, "rotary scaling 'ntk' is not known for llama"),
    ],
)
def test_a_config_that_cannot_be_is_refused(
    checkpoint: Path, changes: dict[str, Any], said: str
) -> None:
    change(checkpoint, **changes)
    assert said in refused(checkpoint)


def test_a_model_of_pictures_that_is_not_known_is_not_asked_for_its_tokenizer(
    checkpoint: Path,
) -> None:
    (checkpoint / "tokenizer.json").unlink()
    change(checkpoint, model_type="swin")
    said = refused(checkpoint)
    assert said.startswith("The architecture 'swin' cannot be converted; these can: llama")
    assert "vit, yolos, clip, detr" in said


def test_a_tokenizer_of_another_model_is_refused(checkpoint: Path) -> None:
    backend = Tokenizer(WordLevel({f"t{number}": number for number in range(300)}, "t0"))
    backend.save(str(checkpoint / "tokenizer.json"))
    assert "tokenizer.json has 300 tokens, the model 259" in refused(checkpoint)


def test_what_a_tokenizer_was_saved_with_while_training_is_nothing_to_us(checkpoint: Path) -> None:
    convert(Request(checkpoint, checkpoint.parent / "one", ("fp32",)))
    backend = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    backend.enable_truncation(3)
    backend.enable_padding(length=64)
    backend.save(str(checkpoint / "tokenizer.json"))
    convert(Request(checkpoint, checkpoint.parent / "two", ("fp32",)))
    one, two = (
        json.loads((checkpoint.parent / name / "intab.json").read_text())["self_test"]
        for name in ("one", "two")
    )
    assert one == two


def test_a_config_without_its_sizes_has_those_of_its_class(checkpoint: Path) -> None:
    (checkpoint / "config.json").write_text('{"model_type": "llama"}')
    assert "has the shape (259, 64), but config.json asks for (32000, 4096)" in refused(checkpoint)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("config.json", "has no config.json"),
        ("model.safetensors", "has no model.safetensors and no model.safetensors.index.json"),
        ("tokenizer.json", "has no tokenizer.json"),
    ],
)
def test_a_missing_file_is_named(checkpoint: Path, missing: str, said: str) -> None:
    (checkpoint / missing).unlink()
    assert said in refused(checkpoint)


def test_a_tokenizer_that_cannot_be_read_is_refused(checkpoint: Path) -> None:
    (checkpoint / "tokenizer.json").write_text("{}")
    assert "tokenizer.json cannot be read" in refused(checkpoint)


def test_an_unknown_dtype_is_refused(checkpoint: Path) -> None:
    assert "asked for: q3" in refused(checkpoint, "q8", "q3")


def test_too_little_room_is_said_before_anything_is_written(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    assert "MB left" in refused(checkpoint)


def test_a_disk_that_fills_up_leaves_nothing(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(reporting, "write_manifest", fill_up)
    assert "is full" in refused(checkpoint)


def test_a_folder_that_is_there_is_not_touched(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(ConvertError, match="is there already"):
        convert(Request(checkpoint, out, ("fp32",)))
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(tmp_path), "--out", str(tmp_path / "out"), "--dtypes", "q8"]) == 1
    assert "has no config.json" in capsys.readouterr().err


def test_large_weights_lie_in_pieces_beside_the_graph(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(Request(checkpoint, tmp_path / "whole", ("fp32",)))
    model = ir.load(tmp_path / "whole" / "onnx" / "model.onnx")
    monkeypatch.setattr(saving, "INLINE", 1000)
    names = saving.save(model, tmp_path / "pieces", "model.onnx", piece=200_000)
    assert names == ["model.onnx", *(f"model.onnx_data{end}" for end in ("", "_1", "_2"))]
    assert all((tmp_path / "pieces" / name).stat().st_size <= 200_000 for name in names)
    runners = [Runner(tmp_path / at) for at in ("whole/onnx/model.onnx", "pieces/model.onnx")]
    one, other = (runner.logits(tiny.ids()[0]) for runner in runners)
    np.testing.assert_array_equal(one, other)


def test_a_file_of_several_chunks_has_a_sha256_for_each(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(10)))
    entry = describe_file(path, chunk=4)
    assert (entry["size"], entry["chunk_size"], len(entry["chunks"])) == (10, 4, 3)
    assert "chunks" not in describe_file(path)


def test_progress_goes_from_nothing_to_nearly_all(checkpoint: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    convert(
        Request(checkpoint, tmp_path / "model", ("q8", "q4")),
        lambda what, share: told.append((what, share)),
    )
    assert [what for what, _ in told] == [
        *(
            "what is multiplied, to round it well",
            "q8",
            "q4",
            "fp32, to compare with",
            "q8: perplexity",
            "q4: perplexity",
            "intab.json",
        )
    ]
    assert [share for _, share in told] == pytest.approx([number / 7 for number in range(7)])


def test_a_graph_that_onnxruntime_does_not_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "model_q4.onnx").write_bytes(b"no graph")
    with pytest.raises(ConvertError, match=r"onnxruntime does not run model_q4.onnx \(.+leave its"):
        Runner(tmp_path / "model_q4.onnx")
