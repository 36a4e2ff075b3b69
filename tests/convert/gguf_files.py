"""GGUF files of the tiny checkpoints, written by the `gguf` library as llama.cpp's converter would.

    path, folder = write_pair(tmp_path, "llama")       # the same weights as GGUF and as safetensors

Names are the library's own; what llama.cpp does to values is written out here, and that it is that
is proven by llama.cpp's own logits for these files (tests/golden/gguf.json).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from gguf import MODEL_ARCH_NAMES, GGMLQuantizationType, GGUFWriter, get_tensor_name_map, quants
from numpy.typing import NDArray

from tests.convert import tiny
from tests.convert.gguf_keys import KEYS, factors_of

Floats = NDArray[np.float32]
# case -> llama.cpp's architecture, and what its files cannot say of the case's config
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "llama3": ("llama", {}),
    "yarn": ("llama", {}),
    "qwen2": ("qwen2", {"use_sliding_window": False}),
    "qwen3": ("qwen3", {}),
    "smollm3": ("smollm3", {}),
    "phi3": ("phi3", {}),
    "gemma": ("gemma", {}),
    "gemma2": ("gemma2", {"query_pre_attn_scalar": 32}),
    "gemma3_text": ("gemma3", {"query_pre_attn_scalar": 32}),
    "gpt2": ("gpt2", {}),
    "gpt_neox": ("gptneox", {}),
    "gpt_neox_serial": ("gptneox", {}),
}
SPECIAL = ("<unk>", "<s>", "</s>")
MARKED = {"<|user|>": 3, "<think>": 4}  # a control token, and one that a user defined
F32 = GGMLQuantizationType.F32


def config_of(case: str) -> dict[str, Any]:
    return tiny.config_of(case) | CASES[case][1]


def tensors_of(case: str) -> dict[str, Floats]:
    shapes = tiny.golden()["cases"][case]["tensors"]
    return {name: tiny.tensor(case, name, shape) for name, shape in shapes.items()}


def write_pair(folder: Path, case: str, kind: GGMLQuantizationType = F32) -> tuple[Path, Path]:
    """The GGUF file, and a folder with what its weights are as safetensors."""
    tensors = tensors_of(case)
    path = folder / f"{case}.gguf"
    write(path, case, tensors, kind)
    rounded = {name: round_to(values, kind) for name, values in tensors.items()}
    other = tiny.write_tensors(folder / f"{case}-safetensors", case, rounded)
    tiny.write_config(other.with_name("config"), config_of(case))
    (other.with_name("config") / "config.json").replace(other / "config.json")
    return path, other


def write(
    path: Path,
    case: str,
    tensors: dict[str, Floats] | None = None,
    kind: GGMLQuantizationType = F32,
    change: Callable[[GGUFWriter], None] = lambda writer: None,
) -> Path:
    """A case's file, its matrices in that type; `change` adds what another file would have."""
    config, architecture = config_of(case), CASES[case][0]
    writer = GGUFWriter(path, architecture)
    KEYS[architecture](writer, config)
    add_pieces(writer)
    change(writer)
    for name, values in (tensors or tensors_of(case)).items():
        stored = as_stored(case, config, name, values)
        packed = stored if stored.ndim == 1 else quants.quantize(stored, kind)
        raw = None if kind == F32 or stored.ndim == 1 else kind
        writer.add_tensor(gguf_name(architecture, config, name), packed, raw_dtype=raw)
    for name, values in factors_of(config).items():
        writer.add_tensor(name, values)
    return finish(writer, path)


def finish(writer: GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def gguf_name(architecture: str, config: dict[str, Any], name: str) -> str:
    """The library's name for one of transformers'."""
    [number] = [one for one, found in MODEL_ARCH_NAMES.items() if found == architecture]
    layers = config.get("num_hidden_layers") or config["n_layer"]
    found = get_tensor_name_map(number, layers).get_name(name, (".weight", ".bias"))
    assert found is not None, name
    return found


def as_stored(case: str, config: dict[str, Any], name: str, values: Floats) -> Floats:
    """What llama.cpp's converter makes of a tensor."""
    architecture = CASES[case][0]
    if architecture in ("llama", "smollm3") and ".q_proj." in name:
        return by_neighbours(values, config["num_attention_heads"])
    if architecture in ("llama", "smollm3") and ".k_proj." in name:
        return by_neighbours(values, config["num_key_value_heads"])
    if architecture.startswith("gemma") and name.endswith("norm.weight"):
        return values + np.float32(1)
    if architecture == "gpt2" and values.ndim == 2 and ".c_" in name:
        return np.ascontiguousarray(values.T)
    if architecture == "gptneox" and ".query_key_value." in name:
        split = values.reshape(config["num_attention_heads"], 3, -1, *values.shape[1:])
        return np.ascontiguousarray(split.swapaxes(0, 1)).reshape(values.shape)
    return values


def by_neighbours(rows: Floats, heads: int) -> Floats:
    split = rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
    return np.ascontiguousarray(split.swapaxes(1, 2)).reshape(rows.shape)


def round_to(values: Floats, kind: GGMLQuantizationType) -> Floats:
    if values.ndim == 1 or kind == F32:
        return values
    found: Floats = quants.dequantize(quants.quantize(values, kind), kind)
    return found


def add_pieces(writer: GGUFWriter) -> None:
    """A vocabulary of 259 SentencePiece tokens: three special ones and 256 bytes."""
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))])
    writer.add_token_scores([0.0] * tiny.VOCABULARY)
    writer.add_token_types([2, 3, 3, *[6] * 256])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)


def write_byte_level(path: Path, vocabulary: dict[str, Any], name: str) -> Path:
    """A file with a byte-level vocabulary alone."""
    writer = GGUFWriter(path, "llama")
    count = len(vocabulary["tokens"]) - len(MARKED)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name)
    writer.add_token_list(vocabulary["tokens"])
    writer.add_token_types([*[1] * count, *MARKED.values()])
    writer.add_token_merges(vocabulary["merges"])
    writer.add_bos_token_id(count)
    return finish(writer, path)


def write_by_score(path: Path, pieces: dict[str, Any], prefix: bool) -> Path:
    """A file with a SentencePiece vocabulary alone."""
    writer = GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list(pieces["tokens"])
    writer.add_token_scores(pieces["scores"])
    writer.add_token_types(pieces["kinds"])
    writer.add_add_space_prefix(prefix)
    return finish(writer, path)
