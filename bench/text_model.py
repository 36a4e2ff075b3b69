"""An encoder-decoder for bench/text_to_text.py: T5-small's shape with random weights.

Its words mean nothing. Weights are as large as those that T5 begins its training with, so that
they are int8 as a trained model's are; `intab convert` writes the graphs, which both contenders
take. The shape is that of https://huggingface.co/google-t5/t5-small/blob/main/config.json
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import Unigram
from tokenizers.processors import TemplateProcessing

from intab.convert.converter import Request, convert

Array = NDArray[np.float32]
LAYERS, HIDDEN, INNER, HEADS, DIM, VOCABULARY, BUCKETS = 6, 512, 2048, 8, 64, 32128, 32
PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"
CONFIG: dict[str, Any] = {
    "architectures": ["T5ForConditionalGeneration"], "model_type": "t5",
    "num_layers": LAYERS, "num_decoder_layers": LAYERS, "d_model": HIDDEN, "d_ff": INNER,
    "num_heads": HEADS, "d_kv": DIM,
    "vocab_size": VOCABULARY, "feed_forward_proj": "relu", "n_positions": 512,
    "relative_attention_num_buckets": BUCKETS, "relative_attention_max_distance": 128,
    "is_encoder_decoder": True, "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1,
}  # fmt: skip
GENERATION = {"decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
SYLLABLES = [*map("".join, product("bdfgklmnprstvz", "aeiou"))]


def words() -> list[str]:
    """Those of the vocabulary, a token each."""
    most = VOCABULARY - 3
    made = ("".join(parts) for size in (2, 3) for parts in product(SYLLABLES, repeat=size))
    return list(islice(made, most))


def write(folder: Path) -> None:
    """The model's folder: its graphs in q8."""
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "checkpoint"
        checkpoint.mkdir()
        save_file(dict(_tensors()), checkpoint / "model.safetensors")
        (checkpoint / "tokenizer.json").write_text(_tokenizer().to_str(), encoding="utf-8")
        told = {"tokenizer_class": "T5Tokenizer", "model_max_length": 512}
        texts = {"config": CONFIG, "generation_config": GENERATION, "tokenizer_config": told}
        for name, value in texts.items():
            (checkpoint / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
        convert(Request(checkpoint, folder, ("q8",)))


def _tokenizer() -> Tokenizer:
    """Words as T5's: each with a space before it."""
    known = [(PAD, 0.0), (END, 0.0), (UNKNOWN, 0.0), *((f"▁{word}", -1.0) for word in words())]
    made = Tokenizer(Unigram(known, unk_id=2, byte_fallback=False))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.post_processor = TemplateProcessing(f"$A {END}", f"$A {END} $B {END}", [(END, 1)])
    made.add_special_tokens([PAD, END, UNKNOWN])
    return made


def _tensors() -> Iterator[tuple[str, Array]]:
    """By transformers' names, in an order that does not change."""
    rng = np.random.default_rng(0)

    def drawn(rows: int, columns: int, size: float) -> Array:
        return rng.standard_normal((rows, columns), np.float32) * np.float32(size)

    width = HEADS * DIM
    yield "shared.weight", drawn(VOCABULARY, HIDDEN, 0.1)
    for side, attentions in {"encoder": ("Self",), "decoder": ("Self", "EncDec")}.items():
        table = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        yield table, drawn(BUCKETS, HEADS, HIDDEN**-0.5)
        yield f"{side}.final_layer_norm.weight", np.ones(HIDDEN, np.float32)
        for block in range(LAYERS):
            stem = f"{side}.block.{block}.layer"
            for place, kind in enumerate(attentions):
                name = f"{stem}.{place}.{kind}Attention"
                yield f"{name}.q.weight", drawn(width, HIDDEN, (HIDDEN * DIM) ** -0.5)
                for part in "kv":
                    yield f"{name}.{part}.weight", drawn(width, HIDDEN, HIDDEN**-0.5)
                yield f"{name}.o.weight", drawn(HIDDEN, width, width**-0.5)
            last = len(attentions)
            yield f"{stem}.{last}.DenseReluDense.wi.weight", drawn(INNER, HIDDEN, HIDDEN**-0.5)
            yield f"{stem}.{last}.DenseReluDense.wo.weight", drawn(HIDDEN, INNER, INNER**-0.5)
            for place in range(last + 1):
                yield f"{stem}.{place}.layer_norm.weight", np.ones(HIDDEN, np.float32)
