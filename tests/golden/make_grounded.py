"""Records what a tiny random Grounding DINO finds by transformers' pipeline: grounded.json.

    PYTHONPATH=. python -m tests.golden.make_grounded     # models/requirements.txt, and timm

For each label the ids of its text, and what the model gives for the picture and them.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers
from PIL import Image

from tests.engine.support.drawing import SIZES, drawing
from tests.engine.support.pipelines import SETTINGS, word_tokenizer

TARGET = Path(__file__).with_name("grounded.json")
LABELS = ["a b", "c", "h g f"]
SIZE = {"shortest_edge": 48, "longest_edge": 70}


def model() -> Any:
    torch.manual_seed(11)
    swin = {"embed_dim": 8, "depths": [1, 1, 1], "num_heads": [1, 1, 1], "window_size": 2}
    text = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 16, "vocab_size": 20}  # fmt: skip
    config = transformers.GroundingDinoConfig(
        backbone_config=transformers.SwinConfig(**swin, out_features=["stage2", "stage3"]),
        text_config=transformers.BertConfig(**text), d_model=32, num_queries=6, encoder_layers=1,
        decoder_layers=2, encoder_ffn_dim=16, decoder_ffn_dim=16, encoder_attention_heads=2,
        decoder_attention_heads=2, num_feature_levels=3, max_text_len=12, init_std=0.6,
    )  # fmt: skip
    return transformers.GroundingDinoForObjectDetection(config).train(False)


def main() -> None:
    detector = model()
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "tokenizer.json"
        text.write_text(word_tokenizer().backend.to_str(), "utf-8")
        tokenizer = transformers.BertTokenizerFast(tokenizer_file=str(text), **SETTINGS)
    processor = transformers.GroundingDinoImageProcessorPil(size=SIZE)
    pipe = transformers.pipeline(
        "zero-shot-object-detection", model=detector, tokenizer=tokenizer, image_processor=processor
    )
    picture = Image.fromarray(drawing(*SIZES["wide"]))
    runs = []
    for label in LABELS:
        given = {**tokenizer(label, return_tensors="pt"), **processor(picture, return_tensors="pt")}
        with torch.no_grad():
            found = detector(**given)
        tokens = given["input_ids"].shape[1]
        logits = found.logits[0, :, :tokens].tolist()  # minus infinity behind them
        ids = given["input_ids"][0].tolist()
        runs.append({"ids": ids, "logits": logits, "boxes": found.pred_boxes[0].tolist()})
    calls = [
        {"options": options, "result": pipe(picture, candidate_labels=LABELS, **options)}
        for options in ({}, {"threshold": 0.3}, {"threshold": 0.0, "top_k": 4})
    ]
    size = list(given["pixel_values"].shape[2:])
    recorded = {"labels": LABELS, "size": size, "runs": runs, "calls": calls}
    TARGET.write_text(json.dumps(recorded) + "\n", "utf-8")
    print(json.dumps(calls)[:600])


if __name__ == "__main__":
    main()
