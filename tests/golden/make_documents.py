"""Records what transformers' document-question-answering pipeline answers by a tiny random Donut.

    python -m tests.golden.make_documents

Needs torch, transformers 4.57.6, Pillow 12.2.0, onnx and onnxruntime. Writes
tests/golden/captions/docvqa/, a folder as a hub has it, and tests/golden/documents.json: questions,
options and answers. The row of the mark that ends an answer has a larger weight, so that a random
model sets it now and then.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import AddedToken

from tests.golden.make_captions import SWIN, as_5_has_it, decoder_of
from tests.golden.make_cutouts import picture
from tests.golden.make_seq2seq import tokenizer_of
from tests.support.exporting import export_pair

HERE = Path(__file__).parent
FOLDER = HERE / "captions/docvqa"
MARKS = ["<s_docvqa>", "<s_question>", "</s_question>", "<s_answer>", "</s_answer>"]
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("tall", "What is the total?", {}),
    ("wide", "Who wrote it, and when?", {"max_new_tokens": 30}),
    ("square", "", {}),
    ("odd", "a b c", {"num_beams": 3, "max_new_tokens": 20}),
    ("large", "What is the total?", {"max_new_tokens": 4}),
]


def model_of(tokenizer: Any) -> Any:
    decoder = decoder_of("donut")
    decoder.vocab_size = len(tokenizer)
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        transformers.DonutSwinConfig(**SWIN), decoder, decoder_start_token_id=2,
        pad_token_id=1, eos_token_id=2,
    )  # fmt: skip
    for one in (config, config.encoder, config.decoder):
        one._attn_implementation = "eager"
    config.architectures = ["VisionEncoderDecoderModel"]
    model = transformers.VisionEncoderDecoderModel(config).eval()
    rows = model.decoder.get_output_embeddings().weight
    torch.nn.init.normal_(rows, std=0.8)
    with torch.no_grad():
        rows[tokenizer.convert_tokens_to_ids("</s_answer>")] *= 2
    return model


def main() -> None:
    as_5_has_it()
    torch.set_num_threads(1)
    torch.manual_seed(3)
    shutil.rmtree(FOLDER, ignore_errors=True)
    tokenizer = tokenizer_of("bart")
    tokenizer.add_special_tokens(
        {"additional_special_tokens": [AddedToken(mark, special=True) for mark in MARKS]}
    )
    model = model_of(tokenizer)
    processor = transformers.DonutImageProcessor(size={"height": 24, "width": 16})
    for one in (tokenizer, processor, model.config, model.generation_config):
        one.save_pretrained(FOLDER)
    pipe = transformers.pipeline(
        "document-question-answering", model=model, tokenizer=tokenizer, image_processor=processor
    )
    calls = []
    for name, question, options in CALLS:
        pipe.generation_config = transformers.GenerationConfig.from_dict(
            {**pipe.model.generation_config.to_dict(), "max_new_tokens": 256, **options}
        )
        found = pipe(image=picture(name, 3).convert("RGB"), question=question)
        calls.append({"picture": name, "question": question, "options": options, "result": found})
    assert any(call["result"][0]["answer"] for call in calls)
    pixels = processor(picture("wide", 3), return_tensors="pt")["pixel_values"]
    export_pair(model, FOLDER / "onnx", pixels=pixels)
    about = {"transformers": transformers.__version__, "torch": torch.__version__}
    text = json.dumps({**about, "calls": calls}, ensure_ascii=False, indent=1)
    (HERE / "documents.json").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
