"""Records what transformers' image-text-to-text pipeline writes, by a tiny random Idefics 3.

    python -m tests.golden.make_seen_texts

Needs torch, transformers 5.24, Pillow 12.2.0, onnx and onnxruntime. Writes tests/golden/seen/, a
folder as the hub has SmolVLM's, and tests/golden/seen_texts.json: the calls and their results, what
the image processor makes of pictures, and what a processor with other files makes of prompts.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
import transformers
from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers.cache_utils import DynamicCache
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

from tests.engine.support.drawing import drawing
from tests.golden.make_cutouts import picture
from tests.golden.seen_chats import altered, shown, told
from tests.support.exporting import forget_origins

HERE = Path(__file__).parent
FOLDER = HERE / "seen"
SIDE, LENGTH, LAYERS = 16, 4, 2
IMAGE = "<image>"
PLACES = [f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2, 3)]
MARKS = ["<|start|>", "<end_of_utterance>", "<pad>", IMAGE, "<fake_token_around_image>",
         "<global-img>", *PLACES]  # fmt: skip
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ message.role }}: "
    "{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endif %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
SAID = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}
TWO = {"role": "user", "content": [
    {"type": "text", "text": "Here: "}, {"type": "image"}, {"type": "text", "text": " and "},
    {"type": "image"}]}  # fmt: skip
PLAIN = {"role": "user", "content": "Hello."}
BEGUN = {"role": "assistant", "content": [{"type": "text", "text": "It is"}]}
SETTINGS: list[dict[str, Any]] = [
    {"size": {"longest_edge": 40}, "max_image_size": {"longest_edge": 16}},
    {"size": {"longest_edge": 37}, "max_image_size": {"longest_edge": 16}, "resample": 3},
    {"size": {"longest_edge": 16}, "max_image_size": {"longest_edge": 16}},
    {"size": {"longest_edge": 40}, "max_image_size": {"longest_edge": 16}, "do_resize": False},
    {"size": {"longest_edge": 40}, "max_image_size": {"longest_edge": 16},
     "do_image_splitting": False, "do_normalize": False},
]  # fmt: skip
DRAWN = [(16, 16), (40, 30), (30, 40), (1, 1), (1, 60), (90, 2), (33, 16), (15, 17)]
# The pictures, the prompt and the options of each call; a chat has its pictures in that order.
CALLS: list[tuple[list[str], Any, dict[str, Any]]] = [
    (["wide"], [SAID], {"max_new_tokens": 12}),
    (["tall"], [SAID], {"max_new_tokens": 8, "return_full_text": False}),
    (["square"], [SAID, BEGUN], {"max_new_tokens": 6}),
    (["wide", "odd"], [TWO], {"max_new_tokens": 10}),
    (["wide", "tall"], [SAID, BEGUN, SAID], {"max_new_tokens": 5}),
    ([], [PLAIN], {"max_new_tokens": 5}),
    (["large"], [SAID], {"generate_kwargs": {"num_beams": 3, "max_new_tokens": 7}}),
    (["wide"], [SAID], {"generate_kwargs": {
        "num_beams": 4, "num_return_sequences": 2, "max_new_tokens": 6}}),
    (["wide"], [SAID], {"max_new_tokens": 7, "processor_kwargs": {"do_image_splitting": False}}),
    (["tall"], "Look <image> there", {"max_new_tokens": 9}),
    (["tall"], "<image>", {"max_new_tokens": 4, "return_full_text": False}),
]  # fmt: skip
# What other files say, and a prompt.
OTHER = {"chat_template": TEMPLATE.replace("assistant:", "answer:")}
BEGINS = {"type": "TemplateProcessing", "pair": [],
          "single": [{"SpecialToken": {"id": MARKS[0], "type_id": 0}},
                     {"Sequence": {"id": "A", "type_id": 0}}],
          "special_tokens": {
              MARKS[0]: {"id": MARKS[0], "ids": [256], "tokens": [MARKS[0]]}}}  # fmt: skip
FILES: list[tuple[dict[str, dict[str, Any]], Any]] = [
    ({"tokenizer_config.json": OTHER}, [PLAIN]),
    ({"chat_template.json": OTHER}, [PLAIN]),
    ({"processor_config.json": OTHER}, [PLAIN]),
    ({"chat_template.json": {"chat_template": TEMPLATE}, "processor_config.json": OTHER}, [PLAIN]),
    ({"tokenizer.json": {"post_processor": BEGINS}}, [PLAIN]),
    ({"tokenizer.json": {"post_processor": BEGINS}}, "Hello."),
    ({"tokenizer.json": {"post_processor": BEGINS}}, f"{MARKS[0]}Hello."),
]


def tokenizer_of() -> Any:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(mark, special=True) for mark in MARKS])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token=MARKS[0], eos_token=MARKS[1], pad_token=MARKS[2]
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def model_of(tokenizer: Any) -> Any:
    ids = {f"{n}_token_id": tokenizer.convert_tokens_to_ids(MARKS[i])
           for i, n in enumerate(("bos", "eos", "pad", "image"))}  # fmt: skip
    size = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 24,
            "initializer_range": 0.6}  # fmt: skip
    config = transformers.Idefics3Config(
        vision_config={**size, "num_hidden_layers": 1, "image_size": SIDE, "patch_size": 4},
        text_config={"model_type": "llama", **size, "num_hidden_layers": LAYERS,
                     "num_key_value_heads": 1, "max_position_embeddings": 512,
                     "vocab_size": len(tokenizer), "tie_word_embeddings": False,
                     **{k: v for k, v in ids.items() if k != "image_token_id"}},
        scale_factor=2, **ids,
    )  # fmt: skip
    config._attn_implementation = "eager"
    config.architectures = ["Idefics3ForConditionalGeneration"]
    model = transformers.Idefics3ForConditionalGeneration(config).eval()
    for name, weight in model.named_parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=2.0 if "embed_tokens" in name else 0.5)
    model.generation_config.eos_token_id = ids["eos_token_id"]
    return model


def whole_zeros(size: Any, fill_value: int, device: Any) -> Any:
    """torch.full, whose whole numbers are exported as floats."""
    return torch.zeros(size, dtype=torch.int64, device=device) + fill_value


class Looks(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Any, mask: Any) -> Any:
        flat = pixels.reshape(-1, 3, SIDE, SIDE)
        seen = mask.reshape(-1, SIDE, SIDE)[:, ::4, ::4].contiguous()  # a patch has 4 x 4 pixels
        with patch.object(torch, "full", whole_zeros):
            found = self.model.vision_model(pixel_values=flat, patch_attention_mask=seen)
        return self.model.connector(found.last_hidden_state)


class Writes(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model, self.head = model.model.text_model, model.lm_head

    def forward(self, embeds: Any, mask: Any, positions: Any, *past: Any) -> Any:
        cache = DynamicCache()
        for layer in range(LAYERS):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        total, new = mask.shape[1], embeds.shape[1]
        rows = torch.arange(new)[:, None] + (total - new)
        open_ = (torch.arange(total)[None] <= rows)[None, None] & (mask[:, None, None] > 0)
        hidden = torch.where(open_, 0.0, torch.finfo(torch.float32).min)
        found = self.model(inputs_embeds=embeds, attention_mask=hidden, position_ids=positions,
                           cache=cache, use_cache=True)  # fmt: skip
        kept = [
            part for layer in found.past_key_values.layers for part in (layer.keys, layer.values)
        ]
        return (self.head(found.last_hidden_state), *kept)


def export(model: Any) -> None:
    (FOLDER / "onnx").mkdir()
    names = [f"{layer}.{part}" for layer in range(LAYERS) for part in ("key", "value")]
    pixels, mask = torch.rand(1, 2, 3, SIDE, SIDE), torch.ones(1, 2, SIDE, SIDE, dtype=torch.bool)
    save("vision_encoder", Looks(model.model), (pixels, mask),
         {"pixel_values": {1: "tiles"}, "pixel_attention_mask": {1: "tiles"}},
         {"image_features": {0: "tiles"}})  # fmt: skip
    ids = torch.ones(1, 3, dtype=torch.int64)
    rows = {0: "batch", 1: "length"}
    save("embed_tokens", model.get_input_embeddings(), (ids,), {"input_ids": rows},
         {"inputs_embeds": rows})  # fmt: skip
    past = [torch.rand(1, 1, 2, 8) for _ in names]
    grown = {0: "batch", 2: "past"}
    save(
        "decoder_model_merged", Writes(model),
        (torch.rand(1, 3, 16), torch.ones(1, 5, dtype=torch.int64), ids, *past),
        {"inputs_embeds": rows, "attention_mask": {0: "batch", 1: "total"}, "position_ids": rows,
         **{f"past_key_values.{name}": grown for name in names}},
        {"logits": rows, **{f"present.{name}": {0: "batch", 2: "total"} for name in names}},
    )  # fmt: skip


def save(
    name: str, module: Any, given: tuple[Any, ...], inputs: dict[str, Any], outputs: dict[str, Any]
) -> None:
    path = FOLDER / "onnx" / f"{name}.onnx"
    torch.onnx.export(
        module, given, str(path), input_names=list(inputs), output_names=list(outputs),
        dynamic_axes={**inputs, **outputs}, opset_version=17, dynamo=False,
    )  # fmt: skip
    forget_origins(path)


def tiles_of(settings: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """What the processor makes of a drawing."""
    looks = Idefics3ImageProcessorPil(**settings)
    found = looks(Image.fromarray(drawing(*size, 3)), return_tensors="np", return_row_col_info=True)
    assert found["pixel_attention_mask"].all()
    pixels = found["pixel_values"][0]
    digest = hashlib.sha256(pixels.astype(np.float32).tobytes()).hexdigest()
    return {"settings": settings, "size": size, "shape": list(pixels.shape), "digest": digest,
            "places": [found["rows"][0][0], found["cols"][0][0]]}  # fmt: skip


def ids_with(files: dict[str, dict[str, Any]], prompt: Any) -> list[int]:
    """The ids of a prompt, by a processor that has other files."""
    with tempfile.TemporaryDirectory() as folder:
        other = altered(FOLDER, Path(folder) / "seen", files)
        processor = transformers.AutoProcessor.from_pretrained(other, backend="pil")
    if isinstance(prompt, str):
        return list(processor(text=[prompt])["input_ids"][0])
    found = processor.apply_chat_template(
        prompt, add_generation_prompt=True, tokenize=True, return_dict=True
    )
    return list(np.ravel(found["input_ids"]).tolist())


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(11)
    shutil.rmtree(FOLDER, ignore_errors=True)
    tokenizer = tokenizer_of()
    model = model_of(tokenizer)
    looks = Idefics3ImageProcessorPil(
        size={"longest_edge": 40}, max_image_size={"longest_edge": SIDE}
    )
    processor = transformers.Idefics3Processor(
        looks, tokenizer, image_seq_len=LENGTH, chat_template=TEMPLATE
    )
    for one in (processor, model.config, model.generation_config):
        one.save_pretrained(FOLDER)
    pipe = transformers.pipeline("image-text-to-text", model=model, processor=processor)
    calls = []
    for names, prompt, options in CALLS:
        given: dict[str, Any] = {"text": shown(prompt, names)}
        if isinstance(prompt, str):
            given["images"] = [picture(name, 3) for name in names]
        found = pipe(**given, **deepcopy(options))  # it writes into what it is given
        without = {k: v for k, v in options.items() if k != "return_full_text"}
        ids = pipe(**given, **deepcopy(without), return_tensors=True)
        calls.append({
            "pictures": names, "prompt": prompt, "options": options, "result": told(found),
            "ids": [one["generated_token_ids"].tolist() for one in ids],
        })  # fmt: skip
    export(model)
    tiles = [tiles_of(settings, size) for settings in SETTINGS for size in DRAWN]
    about = {"transformers": transformers.__version__, "torch": torch.__version__}
    files = [
        {"files": said, "prompt": prompt, "ids": ids_with(said, prompt)} for said, prompt in FILES
    ]
    found = {**about, "calls": calls, "tiles": tiles, "files": files}
    text = json.dumps(found, ensure_ascii=False)
    (HERE / "seen_texts.json").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
