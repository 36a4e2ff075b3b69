"""`intab convert` as people type it: hub ids, its last words, dtypes that nobody asked for."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import intab
from intab.cli import convert as command
from intab.cli import fetching
from intab.cli.main import main
from intab.convert import converter
from intab.convert.checkpoint import Checkpoint
from intab.convert.converter import Request, convert
from intab.convert.running import Runner
from intab.engine.hub.locate import locate
from intab.errors import ConvertError
from tests.conftest import ROOT
from tests.convert.refusing import change, refused, replace
from tests.convert.test_variants import written_from
from tests.convert.variant import Variant
from tests.support.fake_hub import TOKEN, FakeHub, serving_hub

DEFAULTS = {"fp32", "q8", "q8f32", "q4f16"}


@pytest.fixture
def hub(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    (checkpoint / "pytorch_model.bin").write_bytes(b"the same weights, not asked for")
    with serving_hub(checkpoint) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.hub)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.chdir(tmp_path)
        yield running


def said_by(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command that fails says."""
    assert main(["convert", *arguments]) == 1
    return capsys.readouterr().err.replace("\n", " ")


def test_a_hub_s_checkpoint_is_fetched_and_converted(hub: FakeHub, tmp_path: Path) -> None:
    assert main(["convert", "org/name", "--out", "model", "--dtypes", "fp32"]) == 0
    assert not list(tmp_path.glob("*.checkpoint"))
    convert(Request(tmp_path / "checkpoint", tmp_path / "other", ("fp32",)))
    graph = "onnx/model.onnx"
    found = (tmp_path / "model" / graph).read_bytes()
    assert found == (tmp_path / "other" / graph).read_bytes()


def test_what_was_fetched_stays_until_the_conversion_succeeds(
    hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = json.loads(hub.files["config.json"])
    hub.files["config.json"] = json.dumps({**config, "strange": 1}).encode()
    order = ["org/name", "--out", "model", "--dtypes", "fp32"]
    assert "not known for llama: 'strange'" in said_by(order, capsys)
    weights = tmp_path / "model.checkpoint/model.safetensors"
    assert weights.read_bytes() == hub.files["model.safetensors"]
    assert not (tmp_path / "model.checkpoint/pytorch_model.bin").exists()
    hub.files["model.safetensors"] = bytes(weights.stat().st_size)  # not fetched again
    assert main(["convert", *order, "--ignore-keys", "strange"]) == 0


def test_a_hub_that_does_not_show_it_is_told(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    said = said_by(["org/name", "--out", "model"], capsys)
    assert "There is no folder org/name here, and the hub: " in said
    assert "private or gated" in said


def test_nothing_is_fetched_for_what_cannot_be_written(
    hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is there already" in said_by(["org/name", "--out", "checkpoint"], capsys)
    assert "asked for: q3" in said_by(["org/name", "--out", "model", "--dtypes", "q3"], capsys)
    assert hub.heard == {}


def test_a_repository_without_safetensors_is_refused(
    hub: FakeHub, capsys: pytest.CaptureFixture[str]
) -> None:
    del hub.files["model.safetensors"]
    said = said_by(["org/name", "--out", "model"], capsys)
    assert "org/name has no config.json with model.safetensors (there is: config.json, pyt" in said


def test_a_repository_of_gguf_files_is_told_what_to_do(
    hub: FakeHub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.files["tiny-Q8_0.gguf"] = hub.files.pop("model.safetensors")
    said = said_by(["org/name", "--out", "model"], capsys)
    assert "has GGUF files (tiny-Q8_0.gguf): download one, and give its path" in said


def test_a_file_that_comes_short_is_refused(
    hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = hub.answer

    def answer(host: str, path: str, token: str | None) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = whole(host, path, token)
        return status, headers, body[:-3] if path.endswith("/config.json") else body

    hub.answer = answer  # type: ignore[method-assign]
    said = said_by(["org/name", "--out", "model"], capsys)
    assert "config.json could not be fetched" in said
    assert "run the same command again" in said


def test_large_files_come_in_parts(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a server that knows Range, as hubs do."""
    monkeypatch.setattr(fetching, "CHUNK", 50_000)
    asked = []

    async def ask(services: object, address: str, start: int, size: int) -> bytes:
        asked.append((address.rpartition("/")[2], start))
        return hub.files[address.rpartition("/")[2]][start : start + fetching.CHUNK]

    monkeypatch.setattr(fetching, "_ask", ask)
    assert main(["convert", "org/name", "--out", "model", "--dtypes", "fp32"]) == 0
    parts = [start for name, start in asked if name == "model.safetensors"]
    assert parts == list(range(0, len(hub.files["model.safetensors"]), 50_000))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("./nowhere", "./nowhere is not there: give a checkpoint's folder, or a hub's id such as"),
        ("checkpoint/model.safetensors", "is a file: give the folder that it lies in"),
        ("a b/c", "is not there"),
    ],
)
def test_what_is_no_folder_and_no_id_is_refused(
    hub: FakeHub, capsys: pytest.CaptureFixture[str], spec: str, said: str
) -> None:
    assert said in said_by([spec, "--out", "model"], capsys)


def test_a_folder_that_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match="is no folder: give one with a checkpoint in it"):
        convert(Request(tmp_path / "nowhere", tmp_path / "model"))


@pytest.mark.parametrize("name", ["model", "my model's"])
def test_what_it_says_at_the_end_works(
    checkpoint: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / name
    assert main(["convert", str(checkpoint), "--out", str(out), "--dtypes", "fp32"]) == 0
    lines = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert f"{out} is ready." in lines
    [terminal] = [line for line in lines if line.startswith("python -m intab")]
    [_, *words] = shlex.split(terminal)
    more = ["--max-new-tokens", "3"]
    run = subprocess.run(
        [sys.executable, *words, *more],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "app"), "INTAB_MODELS": str(tmp_path)},
        check=True,
        timeout=300,
    )
    assert run.stdout.strip()
    assert f"model = await intab.load({str(out)!r})" in lines


def test_what_it_says_of_the_page_works(checkpoint: Path, tmp_path: Path) -> None:
    """The folder is copied to a place that the page's `intab.load(NAME)` asks for."""
    for folder, name in (("model", "model"), ("my model's", "my-model")):
        out = tmp_path / folder
        convert(Request(checkpoint, out, ("fp32",)))
        lines = [line.strip() for line in command.ready(out).splitlines()]
        assert f"model = await intab.load({name!r})" in lines
        [copy] = [line for line in lines if line.startswith("cp -r")]
        (tmp_path / "build/site/models").mkdir(parents=True, exist_ok=True)
        subprocess.run(shlex.split(copy), cwd=tmp_path, check=True)
        base = locate(name, "build/site/models").base
        assert (tmp_path / base / "intab.json").is_file()
        assert "intab serve build/site" in lines


@pytest.mark.parametrize("size", [8, 24, 100])
async def test_heads_that_the_fused_node_does_not_take_have_every_dtype(
    tmp_path: Path, size: int
) -> None:
    """GroupQueryAttention wants heads of a multiple of 16; these are computed by products."""
    checkpoint = written_from(tmp_path / "checkpoint", Variant("qwen3", {"head_dim": size}))
    out = tmp_path / "model"
    report = convert(Request(checkpoint, out))
    assert {row.dtype for row in report.rows} == DEFAULTS
    assert report.remarks == []
    model = await intab.load(str(out), dtype="q4f16")
    answer = await model.generate("Once upon a time", max_new_tokens=8, do_sample=False)
    manifest = json.loads((out / "intab.json").read_text())
    assert list(answer.ids) == manifest["self_test"]["greedy_ids"]["q4f16"]
    await model.close()


@pytest.mark.parametrize("hidden", [20, 40, 68])
def test_odd_hidden_sizes_have_every_dtype(tmp_path: Path, hidden: int) -> None:
    changes = {"hidden_size": hidden, "intermediate_size": hidden + 7, "head_dim": 12}
    checkpoint = written_from(tmp_path / "checkpoint", Variant("llama", changes))
    report = convert(Request(checkpoint, tmp_path / "model"))
    assert {row.dtype for row in report.rows} == DEFAULTS


def test_a_dtype_that_nobody_asked_for_is_left_out_if_it_fails(
    checkpoint: Path, tmp_path: Path
) -> None:
    name = "model.layers.1.mlp.down_proj.weight"
    replace(checkpoint, name, Checkpoint(checkpoint).tensor(name) * np.float32(3e5))
    out = tmp_path / "model"
    report = convert(Request(checkpoint, out))
    assert {row.dtype for row in report.rows} == DEFAULTS - {"q4f16"}
    [remark] = report.remarks
    assert remark.startswith("q4f16 was left out: model_q4f16.onnx gives numbers that are not")
    assert remark in (out / "README.md").read_text()
    manifest = json.loads((out / "intab.json").read_text())
    assert set(manifest["dtypes"]) == DEFAULTS - {"q4f16"}
    assert not list(out.glob("onnx/*q4f16*"))
    assert Runner(out / "onnx/model.onnx")
    assert "leave its dtype out" in refused(checkpoint, "fp32", "q4f16")


def test_the_last_dtype_that_fails_is_an_error(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converter, "DTYPES", ("q4f16",))
    name = "model.layers.1.mlp.down_proj.weight"
    replace(checkpoint, name, Checkpoint(checkpoint).tensor(name) * np.float32(3e5))
    with pytest.raises(ConvertError, match=r"model_q4f16\.onnx gives numbers that are not finite"):
        convert(Request(checkpoint, tmp_path / "model"))
    assert not (tmp_path / "model").exists()


def test_a_key_without_effect_is_told_in_the_report(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(checkpoint, sliding_window=4)
    order = ["convert", str(checkpoint), "--out", str(tmp_path / "model"), "--dtypes", "fp32"]
    assert main(order) == 0
    assert "sliding_window of config.json has no effect" in capsys.readouterr().err
    assert "sliding_window of config.json" in (tmp_path / "model/README.md").read_text()


def test_an_error_begins_with_its_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = str(tmp_path / "nothing")
    said = said_by([nothing, "--out", str(tmp_path / "model")], capsys)
    assert said.strip().startswith(f"ConvertError: {nothing} is not there: ")
