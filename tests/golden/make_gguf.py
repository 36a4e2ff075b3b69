"""Records what llama.cpp makes of GGUF files: floats of each type, ids, logits; writes gguf.json.

    PYTHONPATH=.:app python -m tests.golden.make_gguf
        (needs xllamacpp 2026.10.11549, llama-cpp-py-sync 0.11548, and the extras convert and dev)

The library is xllamacpp's, of the same version as the C header that llama-cpp-py-sync has.
Vocabularies are trained on the texts without cutting them first, so that merges go across every
place where a pre-tokenizer cuts.
"""

from __future__ import annotations

import base64
import ctypes
import json
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xllamacpp
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from llama_cpp_py_sync import _cffi_bindings as header
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from intab.convert.gguf.pre_tokenizers import PRE_TOKENIZERS
from tests.convert import gguf_files, tiny

GOLDEN = Path(__file__).with_name("gguf.json")
TEXTS = (
    "Hello world, hello  world!",
    "  two spaces, and\ttabs\t\tthen   three",
    "\n\n a\nb\r\n\r\nc \n",
    "I've 12345 apples, IT'S 3.14 or 2,000; we'll see they'd go",
    "ThisIsCamelCase iPHONE userName snake_case",
    "cafe\u0301 caf\u00e9 na\u00efve \u00c0\u00c9 stra\u00dfe",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \u4e2d\u6587 \ud55c\uad6d\uc5b4",
    "\U0001f999 \U0001f1e9\U0001f1ea \u2026 \u200b\ufeffx",
    "def f(x):\n    return x**2  # ok\n\n\nprint(f(3))",
    "a" + " " * 20 + "b",
    "$100 + 20% = ~120? (yes) [no] {x} <b>bold</b>\n",
    "<s> hello</s>  x<|user|>  y <think>z",
    "1234567 \uff11\uff12\uff13 \u0967\u0968\u0969",
    "",
    " ",
    "\u2581\u2581 x \u2581",
)
UNREAD = ("Q1_0", "Q8_K")  # that the gguf library does not make float
ROWS = (0, 5, 12, -2, -1)


def main() -> int:
    ffi, library = open_library()
    vocabulary, pieces = train(byte_level=True), train(byte_level=False)
    found = {
        "made_with": {
            "date": datetime.now(UTC).date().isoformat(),
            "llama.cpp": version("xllamacpp"),
            "gguf": version("gguf"),
        },
        "types": types(),
        "texts": TEXTS,
        "vocabulary": vocabulary,
        "pieces": pieces,
    }
    with tempfile.TemporaryDirectory() as folder:
        run = Run(ffi, library, Path(folder))
        found["byte_level"] = {name: run.byte_level(vocabulary, name) for name in one_of_each()}
        found["by_score"] = {
            str(prefix).lower(): run.by_score(pieces, prefix) for prefix in (True, False)
        }
        found["logits"] = {case: run.logits(case) for case in gguf_files.CASES}
    GOLDEN.write_text(f"{{{lines(found)}}}\n", encoding="utf-8")
    return 0


def lines(found: dict[str, Any]) -> str:
    """JSON, with a line for each entry of each part."""
    parts = []
    for name, part in found.items():
        entries = part.items() if isinstance(part, dict) else ()
        rows = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in entries)
        parts.append(f"{json.dumps(name)}: " + (f"{{\n{rows}\n}}" if rows else json.dumps(part)))
    return ",\n".join(parts)


def open_library() -> tuple[Any, Any]:
    """The C interface; llama.cpp's log is left out."""
    ffi = header.get_ffi()
    library = ffi.dlopen(next(map(str, Path(xllamacpp.__file__).parent.glob("xllamacpp*.so"))))
    silent = ffi.callback("void(enum ggml_log_level, const char *, void *)", lambda *what: None)
    open_library.kept = silent  # type: ignore[attr-defined]
    library.llama_log_set(silent, ffi.NULL)
    library.llama_backend_init()
    return ffi, library


def one_of_each() -> list[str]:
    """A name for each way to cut text."""
    return list({found: name for name, found in reversed(PRE_TOKENIZERS.items()) if name}.values())


def train(*, byte_level: bool) -> dict[str, Any]:
    """Tokens, and merges or scores, of the texts as they are."""
    if byte_level:
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        texts = [text for text in TEXTS for _ in range(2)]
    else:
        alphabet = []
        texts = [text.replace(" ", "\u2581") for text in TEXTS for _ in range(2)]
    backend = Tokenizer(models.BPE())
    if byte_level:
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700, min_frequency=2, initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator(texts, trainer)
    model = json.loads(backend.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    if byte_level:
        merges = [" ".join(pair) for pair in model["merges"]]
        return {"tokens": [*tokens, *gguf_files.MARKED], "merges": merges}
    return with_scores(tokens, ["".join(pair) for pair in model["merges"]])


def with_scores(tokens: list[str], merged: list[str]) -> dict[str, Any]:
    """As SentencePiece has it: special tokens, bytes, pieces by rank, single characters last."""
    rank = {text: number for number, text in enumerate(merged)}
    ordered = sorted(tokens, key=lambda text: rank.get(text, len(rank)))
    first = [*gguf_files.SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))]
    kinds = [2, 3, 3, *[6] * 256, *[1] * len(ordered), *gguf_files.MARKED.values()]
    scores = [0.0] * len(first) + [-float(number) for number in range(len(ordered))]
    return {
        "tokens": [*first, *ordered, *gguf_files.MARKED],
        "kinds": kinds,
        "scores": [*scores, *[-1000.0] * len(gguf_files.MARKED)],
    }


def types() -> dict[str, dict[str, str]]:
    """Two rows of 256 values of each type: random bytes, and llama.cpp's floats of them."""
    library = ctypes.CDLL(next(map(str, Path(xllamacpp.__file__).parent.glob("xllamacpp*.so"))))
    found = {}
    for kind in GGMLQuantizationType:
        function = getattr(library, f"dequantize_row_{spelled(kind)}", None)
        if function is None or kind.name in UNREAD:
            continue
        block, size = GGML_QUANT_SIZES[kind]
        for seed in range(1000):
            raw = np.random.default_rng(seed).bytes(512 // block * size)
            floats = np.zeros(512, np.float32)
            pointer = floats.ctypes.data_as(ctypes.c_void_p)
            function(ctypes.c_char_p(raw), pointer, ctypes.c_int64(512))
            if np.isfinite(floats).all():
                break
        found[kind.name] = {"bytes": encoded(raw), "floats": encoded(floats.tobytes())}
    return found


def spelled(kind: GGMLQuantizationType) -> str:
    """A type in the names of C functions: q4_K, iq4_nl."""
    name = kind.name.lower()
    return name.replace("_k", "_K") if name.startswith("q") else name


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Run:
    """Writes files, and asks llama.cpp of them."""

    def __init__(self, ffi: Any, library: Any, folder: Path) -> None:
        self.ffi, self.library, self.folder = ffi, library, folder

    def byte_level(self, vocabulary: dict[str, Any], name: str) -> list[list[int]]:
        path = self.folder / f"{name}.gguf"
        return self.ids(gguf_files.write_byte_level(path, vocabulary, name))

    def by_score(self, pieces: dict[str, Any], prefix: bool) -> list[list[int]]:
        return self.ids(gguf_files.write_by_score(self.folder / f"{prefix}.gguf", pieces, prefix))

    def load(self, path: Path, *, vocabulary: bool) -> Any:
        options = self.library.llama_model_default_params()
        options.vocab_only = vocabulary
        model = self.library.llama_model_load_from_file(str(path).encode(), options)
        if model == self.ffi.NULL:
            raise SystemExit(f"llama.cpp does not load {path.name}")
        return model

    def ids(self, path: Path) -> list[list[int]]:
        known = self.library.llama_model_get_vocab(self.load(path, vocabulary=True))
        found = []
        for text in TEXTS:
            data = text.encode()
            room = self.ffi.new("int32_t[]", len(data) + 16)
            arguments = (known, data, len(data), room, len(data) + 16, True, True)
            found.append(list(room[0 : self.library.llama_tokenize(*arguments)]))
        return found

    def logits(self, case: str) -> dict[str, Any]:
        path = gguf_files.write(self.folder / f"{case}.gguf", case)
        model, ids = self.load(path, vocabulary=False), tiny.ids()[0].tolist()
        options = self.library.llama_context_default_params()
        options.n_ctx = 64
        options.type_k = options.type_v = 0  # float32
        context = self.library.llama_init_from_model(model, options)
        batch = self.library.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for place, number in enumerate(ids):
            batch.token[place], batch.pos[place] = number, place
            batch.n_seq_id[place], batch.seq_id[place][0], batch.logits[place] = 1, 0, 1
        if self.library.llama_decode(context, batch):
            raise SystemExit(f"llama.cpp does not run {case}")
        rows = np.stack([self.row(context, place) for place in range(len(ids))])[list(ROWS)]
        found = np.round(rows[:, :16], 4).tolist()
        return {"logits": found, "top": rows.argmax(-1).tolist()}

    def row(self, context: Any, place: int) -> NDArray[np.float32]:
        address = self.library.llama_get_logits_ith(context, place)
        data = self.ffi.buffer(address, 4 * tiny.VOCABULARY)
        return np.frombuffer(data, np.float32).copy()


if __name__ == "__main__":
    sys.exit(main())
