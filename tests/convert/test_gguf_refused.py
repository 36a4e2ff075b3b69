"""GGUF files that cannot be converted: one sentence each, and nothing is left of it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFEndian, GGUFWriter

from tests.convert import gguf_files
from tests.convert.refusing import refused

Change = Callable[[GGUFWriter], None]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return gguf_files.write(tmp_path / "model.gguf", "llama")


def key(name: str, value: Any) -> Change:
    """Metadata that is there besides."""

    def change(writer: GGUFWriter) -> None:
        match value:
            case bool():
                writer.add_bool(name, value)
            case int():
                writer.add_uint32(name, value)
            case float():
                writer.add_float32(name, value)
            case str():
                writer.add_string(name, value)
            case _:
                writer.add_array(name, value)

    return change


def other(name: str, value: Any) -> Change:
    """Metadata in the place of what is there."""

    def change(writer: GGUFWriter) -> None:
        del writer.kv_data[0][name]
        key(name, value)(writer)

    return change


def tensor(name: str, values: np.ndarray[Any, Any], kind: Any = None) -> Change:
    return lambda writer: writer.add_tensor(name, values, raw_dtype=kind)


CHANGES: dict[str, Change] = {
    "is a mixture of experts": key("llama.expert_count", 8),
    "makes embeddings": key("llama.pooling_type", 1),
    "keys that are not known for llama: logit_scale": key("llama.logit_scale", 2.0),
    "is a LoRA adapter": key("general.type", "adapter"),
    "is a vision projector": key("general.type", "mmproj"),
    "is an importance matrix": key("general.type", "imatrix"),
    "is a vocabulary without a model": key("general.type", "vocab"),
    "values of another size than keys": key("llama.attention.value_length", 8),
    "scales queries by position": key("llama.attention.temperature_scale", 0.1),
    "turns heads in part": other("llama.rope.dimension_count", 8),
    "The rotary scaling 'cubic'": key("llama.rope.scaling.type", "cubic"),
    "has no rope_factors_short.weight": key("llama.rope.scaling.type", "longrope"),
    "alignment of 48": key("general.alignment", 48),
    "must be true or false": key("tokenizer.ggml.add_bos_token", 7),
    "must be a text, not 7": key("tokenizer.chat_template", 7),
    "general.sampling.temp": key("general.sampling.temp", "hot"),
    "which is no table of factors": tensor("rope_freqs.weight", np.ones((2, 2), np.float32)),
    "no llama model for: blk.0.ffn_gate_exps.weight": tensor(
        "blk.0.ffn_gate_exps.weight", np.ones((2, 32), np.float32)
    ),
    "cannot be made float": tensor(
        "blk.9.x.weight", np.zeros((2, 18), np.uint8), GGMLQuantizationType.Q1_0
    ),
}


@pytest.mark.parametrize("message", CHANGES)
def test_what_a_file_says_that_no_graph_computes(tmp_path: Path, message: str) -> None:
    path = gguf_files.write(tmp_path / "model.gguf", "llama", change=CHANGES[message])
    assert message in refused(path)


def test_an_unknown_key_may_be_ignored(tmp_path: Path) -> None:
    from intab.convert.converter import opened

    path = gguf_files.write(tmp_path / "model.gguf", "llama", change=key("llama.new", 1))
    assert "--ignore-keys" in refused(path)
    with opened(path, ("new",)) as checkpoint:
        assert checkpoint.config["model_type"] == "llama"


def test_an_unknown_architecture_is_named(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "model.gguf", "rwkv7")
    gguf_files.add_pieces(writer)
    writer.add_tensor("token_embd.weight", np.ones((4, 4), np.float32))
    path = gguf_files.finish(writer, tmp_path / "model.gguf")
    assert "of the architecture 'rwkv7', which cannot be converted; these can: llama" in refused(
        path
    )


def test_a_vision_projector_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mmproj.gguf"
    assert "is a vision projector (mmproj)" in refused(
        gguf_files.finish(GGUFWriter(path, "clip"), path)
    )


def test_a_file_without_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    assert "has no tensor token_embd.weight" in refused(
        gguf_files.finish(GGUFWriter(path, "llama"), path)
    )


def test_a_big_endian_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    writer = GGUFWriter(path, "llama", endianess=GGUFEndian.BIG)
    assert "is big-endian" in refused(gguf_files.finish(writer, path))


STARTS = {
    "is no GGUF file": b"PK\x03\x04" + bytes(60),
    "is a pointer of git-lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:",
    "is of a time before GGUF": b"tjgg" + bytes(60),
    "is GGUF version 1, and": b"GGUF" + struct.pack("<I", 1) + bytes(60),
    "is GGUF version 9, and": b"GGUF" + struct.pack("<I", 9) + bytes(60),
    "is cut off": b"GGUF" + struct.pack("<I", 3),
}


@pytest.mark.parametrize("message", STARTS)
def test_what_is_no_gguf(tmp_path: Path, message: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(STARTS[message])
    assert message in refused(path)


def header(tensors: int, keys: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + rest


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


HUGE = 2**63
HOSTILE = {
    "tensors": header(HUGE, 0, bytes(99)),
    "keys": header(0, HUGE, bytes(99)),
    "a name": header(0, 1, struct.pack("<Q", HUGE) + bytes(99)),
    "a text": header(0, 1, text(b"a") + struct.pack("<IQ", 8, HUGE) + bytes(99)),
    "a list of numbers": header(0, 1, text(b"a") + struct.pack("<IIQ", 9, 4, HUGE) + bytes(99)),
    "a list of texts": header(0, 1, text(b"a") + struct.pack("<IIQ", 9, 8, HUGE) + bytes(99)),
    "an offset": header(1, 0, text(b"a") + struct.pack("<IQIQ", 1, 32, 0, HUGE) + bytes(99)),
    "a shape": header(1, 0, text(b"a") + struct.pack("<IQQIQ", 2, 2**39, 2**39, 0, 0) + bytes(99)),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_size_beyond_the_file_costs_nothing(tmp_path: Path, what: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(HOSTILE[what])
    assert "is cut off" in refused(path)


WRONG = {
    "a list of lists": header(0, 1, text(b"a") + struct.pack("<IIQ", 9, 9, 1) + bytes(99)),
    "metadata of a type 77": header(0, 1, text(b"a") + struct.pack("<I", 77) + bytes(99)),
    "5 dimensions": header(1, 0, text(b"a") + struct.pack("<I", 5) + bytes(99)),
    "of the type 77": header(1, 0, text(b"a") + struct.pack("<IQIQ", 1, 32, 77, 0) + bytes(99)),
    "of the shape (33,)": header(1, 0, text(b"a") + struct.pack("<IQIQ", 1, 33, 2, 0) + bytes(99)),
    "of the shape (0,)": header(1, 0, text(b"a") + struct.pack("<IQIQ", 1, 0, 0, 0) + bytes(99)),
    "'a' twice": header(0, 2, 2 * (text(b"a") + struct.pack("<II", 4, 1)) + bytes(99)),
    "not UTF-8": header(0, 1, text(b"\xff") + bytes(99)),
    "does not say its architecture": header(0, 0, bytes(99)),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_damaged_header_is_named(tmp_path: Path, message: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(WRONG[message])
    assert message in refused(path)


def test_a_file_that_is_cut_off_says_where(file: Path) -> None:
    whole = file.read_bytes()
    for end in (20, 100, 2_000, len(whole) // 2, len(whole) - 40):
        file.write_bytes(whole[:end])
        assert "is cut off" in refused(file)
    file.write_bytes(whole[: len(whole) // 2])
    assert f"(it has {len(whole) // 2:,} bytes of " in refused(file)


def test_weights_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    tensors = gguf_files.tensors_of("llama")
    tensors["model.norm.weight"][3] = np.nan
    path = gguf_files.write(tmp_path / "model.gguf", "llama", tensors)
    assert "model.norm.weight holds NaN" in refused(path)


@pytest.mark.parametrize("value", ["4", 0, [4, 2, 4, 4], 3.0, True])
def test_a_key_of_another_type_is_named(tmp_path: Path, value: Any) -> None:
    change = other("llama.attention.head_count", value)
    path = gguf_files.write(tmp_path / "model.gguf", "llama", change=change)
    assert "llama.attention.head_count" in refused(path)


@pytest.mark.parametrize("case", ["gpt2", "gpt_neox"])
def test_heads_that_share_keys_where_no_graph_has_that(tmp_path: Path, case: str) -> None:
    architecture = gguf_files.CASES[case][0]
    change = key(f"{architecture}.attention.head_count_kv", 2)
    path = gguf_files.write(tmp_path / "model.gguf", case, change=change)
    assert f"{architecture}.attention.head_count_kv" in refused(path)
