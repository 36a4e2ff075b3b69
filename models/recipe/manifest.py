"""intab.json: what a visitor downloads, with sizes and hashes, and a prompt to check it with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from recipe.quantizer import SESSION_OPTIONS
from recipe.runner import greedy, open_session
from recipe.tokenizer import END_IDS, write_json

FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "onnx/model_quantized.onnx",
)
LICENSE = "MIT"
SELF_TEST_PROMPT = "Once upon a time"
SELF_TEST_LENGTH = 8


def write_manifest(folder: Path) -> None:
    manifest = {
        "format": 1,
        "name": "default",
        "files": {name: _described(folder / name) for name in FILES},
        "dtypes": {"q8": ["onnx/model_quantized.onnx"]},
        "devices": ["wasm", "webgpu"],
        "license": LICENSE,
        "session_options": SESSION_OPTIONS,
        "self_test": _self_test(folder),
    }
    write_json(folder / "intab.json", manifest)


def _described(path: Path) -> dict[str, Any]:
    body = path.read_bytes()
    return {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _self_test(folder: Path) -> dict[str, list[int]]:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    prompt = tokenizer.encode(SELF_TEST_PROMPT).ids
    session = open_session(folder / "onnx" / "model_quantized.onnx")
    return {"prompt_ids": prompt, "greedy_ids": greedy(session, prompt, SELF_TEST_LENGTH, END_IDS)}
