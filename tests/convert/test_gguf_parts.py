"""A model in several GGUF files, the model of a folder, and the whole way to a model folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from gguf import GGUFWriter

from intab.cli.main import main
from intab.convert.converter import Request, convert
from intab.convert.running import Runner
from tests.convert import gguf_files
from tests.convert.refusing import refused

PARTS = 3


def split(folder: Path, *, count: int = PARTS, tensors: int | None = None) -> list[Path]:
    """The llama case in parts, as llama.cpp's gguf-split writes them."""
    folder.mkdir()
    found = list(gguf_files.tensors_of("llama").items())
    paths = [folder / f"tiny-{n + 1:05}-of-{PARTS:05}.gguf" for n in range(PARTS)]
    for number, path in enumerate(paths):
        named = dict(found[number::PARTS])

        def mark(writer: GGUFWriter, number: int = number) -> None:
            if number:
                writer.kv_data[0].clear()
                writer.add_string("general.architecture", "llama")
            writer.add_uint16("split.no", number)
            writer.add_uint16("split.count", count)
            writer.add_int32("split.tensors.count", len(found) if tensors is None else tensors)

        gguf_files.write(path, "llama", named, change=mark)
    return paths


def test_the_parts_of_a_model_are_read_together(tmp_path: Path) -> None:
    paths = split(tmp_path / "parts")
    whole = gguf_files.write(tmp_path / "whole.gguf", "llama")
    for name, source in (("a", paths[0]), ("b", paths[2]), ("c", paths[0].parent), ("d", whole)):
        convert(Request(source, tmp_path / name, ("fp32",)))
    logits = [Runner(tmp_path / name / "onnx/model.onnx").logits([5, 6, 7]) for name in "abcd"]
    assert all((one == logits[0]).all() for one in logits)


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    paths = split(tmp_path / "parts")
    paths[1].unlink()
    assert f"is one of 3 parts: put {paths[1].name} beside it" in refused(paths[0])


def test_a_part_under_another_name_is_refused(tmp_path: Path) -> None:
    paths = split(tmp_path / "parts")
    other = paths[0].rename(tmp_path / "model.gguf")
    assert "is one of 3 parts: give all their first names" in refused(other)


def test_a_part_in_the_place_of_another_is_refused(tmp_path: Path) -> None:
    paths = split(tmp_path / "parts")
    shutil.copyfile(paths[2], paths[1])
    assert "is not part 2, as its name says" in refused(paths[0])


def test_parts_with_too_few_tensors_are_refused(tmp_path: Path) -> None:
    paths = split(tmp_path / "parts", tensors=99)
    assert "and the first says 99" in refused(paths[0])


def test_an_absurd_number_of_parts_is_refused(tmp_path: Path) -> None:
    paths = split(tmp_path / "parts", count=60_000)
    assert "one of 60000 parts" in refused(paths[0])


def test_of_several_models_in_a_folder_one_must_be_named(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("model-q4.gguf", "model-q8.gguf", "mmproj-model.gguf"):
        (folder / name).write_bytes(b"GGUF")
    message = refused(folder)
    assert "has 2 models in GGUF files (model-q4.gguf, model-q8.gguf): name one" in message


def test_a_projector_beside_a_model_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    gguf_files.write(folder / "model.gguf", "llama")
    (folder / "mmproj-model.gguf").write_bytes(b"GGUF")
    convert(Request(folder, tmp_path / "out", ("fp32",)))
    assert (tmp_path / "out/intab.json").is_file()


def test_the_command_converts_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = gguf_files.write(tmp_path / "tiny.gguf", "gemma3_text"), tmp_path / "out"
    assert main(["convert", str(path), "--out", str(out), "--dtypes", "fp32,q8"]) == 0
    assert "from tiny.gguf, whose tensors are" in " ".join(capsys.readouterr().err.split())
    names = {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"}
    assert names | {"intab.json", "README.md"} <= {one.name for one in out.iterdir()}
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert (config["model_type"], config["vocab_size"], config["eos_token_id"]) == (
        "gemma3_text",
        259,
        2,
    )
    assert config["layer_types"].count("full_attention") == 1


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "tiny.gguf", tmp_path / "out"
    path.write_bytes(b"GGUF")
    assert main(["convert", str(path), "--out", str(out)]) == 1
    assert "is cut off" in capsys.readouterr().err
    (tmp_path / "tiny.bin").write_bytes(b"GGUF")
    assert main(["convert", str(tmp_path / "tiny.bin"), "--out", str(out)]) == 1
    assert "is a file: give the folder that it lies in, or a GGUF file" in capsys.readouterr().err
    assert not out.exists()
