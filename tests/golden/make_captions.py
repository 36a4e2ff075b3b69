"""Records what transformers' image-to-text pipeline writes, on tiny random checkpoints.

    python -m tests.golden.make_captions

Needs torch, transformers 4.57.6 (the last with this pipeline), Pillow 12.2.0, onnx and onnxruntime.
Writes tests/golden/captions/NAME/, folders as a hub has them, and tests/golden/captions.json: for
each folder the calls and their results. ViT-GPT2 has a merged decoder that keeps no keys of the
cross attention, as on the hub; TrOCR has two decoders; Donut reads pages, and has a prompt.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.image_transforms import resize
from transformers.models.donut import image_processing_donut
from transformers.models.gpt2 import modeling_gpt2

from tests.golden.make_cutouts import picture
from tests.golden.make_seq2seq import FRONT, PIECES, tokenizer_of
from tests.support.exporting import export_pair, merge

HERE = Path(__file__).parent
WORDS = len(FRONT["bart"]) + len(PIECES)
SIGHT = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
         "intermediate_size": 24, "image_size": 16, "patch_size": 4,
         "initializer_range": 0.5}  # fmt: skip
IDS = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
SWIN = {"embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2], "window_size": 2, "patch_size": 2,
        "image_size": [24, 16], "initializer_range": 0.5}  # fmt: skip
CALLS: list[tuple[list[str], dict[str, Any]]] = [
    (["wide"], {"max_new_tokens": 12}),
    (["wide", "tall", "square"], {"max_new_tokens": 7}),
    (["odd"], {"generate_kwargs": {"num_beams": 3, "max_new_tokens": 9}}),
    (["tall"], {"generate_kwargs": {"num_beams": 4, "num_return_sequences": 2, "max_length": 8}}),
    (["wide"], {"generate_kwargs": {"repetition_penalty": 1.6, "max_new_tokens": 20}}),
    (["square"], {"generate_kwargs": {"decoder_input_ids": [[7, 9]], "max_new_tokens": 8}}),
    (["large"], {}),
]


def decoder_of(name: str) -> Any:
    own = {"vocab_size": WORDS, **IDS}
    if name == "vit-gpt2":
        return transformers.GPT2Config(
            n_embd=16, n_layer=1, n_head=2, n_positions=40, initializer_range=0.6,
            add_cross_attention=True, is_decoder=True, **own,
        )  # fmt: skip
    sizes = {"d_model": 16, "decoder_layers": 1, "decoder_attention_heads": 2,
             "decoder_ffn_dim": 24, "init_std": 0.6, "max_position_embeddings": 300}  # fmt: skip
    kind = transformers.TrOCRConfig if name == "trocr" else transformers.MBartConfig
    return kind(**sizes, **own, is_decoder=True, add_cross_attention=True, scale_embedding=True,
                is_encoder_decoder=False)  # fmt: skip


def model_of(name: str) -> tuple[Any, Any]:
    encoder = (
        transformers.DonutSwinConfig(**SWIN) if name == "donut" else transformers.ViTConfig(**SIGHT)
    )
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        encoder, decoder_of(name), decoder_start_token_id=2, pad_token_id=1, eos_token_id=2
    )
    for one in (config, config.encoder, config.decoder):
        one._attn_implementation = "eager"
    config.architectures = ["VisionEncoderDecoderModel"]
    model = transformers.VisionEncoderDecoderModel(config).eval()
    if name == "vit-gpt2":  # which takes the place of the pipeline's 256 new tokens
        model.generation_config.max_length = 30
    torch.nn.init.normal_(model.decoder.get_output_embeddings().weight, std=0.8)
    processor = (
        transformers.DonutImageProcessor(size={"height": 24, "width": 16})
        if name == "donut"
        else transformers.ViTImageProcessor(size={"height": 16, "width": 16})
    )
    return model, processor


def answers(name: str, model: Any, tokenizer: Any, processor: Any) -> list[dict[str, Any]]:
    pipe = transformers.pipeline(
        "image-to-text", model=model, tokenizer=tokenizer, image_processor=processor
    )
    found = []
    for names, options in CALLS:
        given = json.loads(json.dumps(options))
        inner = given.get("generate_kwargs", {})
        if "decoder_input_ids" in inner:
            inner["decoder_input_ids"] = torch.tensor(inner["decoder_input_ids"])
        pictures = [picture(one, 3).convert("RGB") for one in names]
        result = pipe(pictures if len(pictures) > 1 else pictures[0], **given)
        found.append({"pictures": names, "options": options, "result": result})
    return found


def causal(*, input_embeds: Any, cache_position: Any, **_: Any) -> Any:
    """GPT-2's mask, which tracing would make of one length."""
    keys = torch.arange(cache_position[-1] + 1)
    hidden = keys[None] > cache_position[:, None]
    return (hidden * torch.finfo(input_embeds.dtype).min)[None, None]


def record(name: str) -> dict[str, Any]:
    torch.manual_seed(11)
    folder = HERE / "captions" / name
    shutil.rmtree(folder, ignore_errors=True)
    model, processor = model_of(name)
    tokenizer = tokenizer_of("bart")
    for one in (tokenizer, processor, model.config, model.generation_config):
        one.save_pretrained(folder)
    calls = answers(name, model, tokenizer, processor)
    modeling_gpt2.create_causal_mask = causal
    pixels = processor(picture("wide", 3), return_tensors="pt")["pixel_values"]
    export_pair(model, folder / "onnx", pixels=pixels, crossed=name != "vit-gpt2")
    if name == "vit-gpt2":
        merge(folder / "onnx", ("key", "value"))
    return {"folder": name, "calls": calls}


def as_5_has_it() -> None:
    """Pages shrunk as transformers 5.24 does it, whose pixels are those of every processor here:
    by the file's filter, where 4.57.6 has a bicubic one and a reducing gap."""
    shrunk = image_processing_donut.DonutImageProcessor.thumbnail

    def exactly(*given: Any, reducing_gap: Any = None, **named: Any) -> Any:
        return resize(*given, **named)

    def thumbnail(self: Any, image: Any, size: Any, **named: Any) -> Any:
        return shrunk(self, image, size, resample=self.resample, **named)

    image_processing_donut.resize = exactly
    image_processing_donut.DonutImageProcessor.thumbnail = thumbnail


def main() -> None:
    as_5_has_it()
    torch.set_num_threads(1)  # more are far slower where others compute too
    cases = [record(name) for name in ("vit-gpt2", "trocr", "donut")]
    about = {"transformers": transformers.__version__, "torch": torch.__version__}
    text = json.dumps({**about, "cases": cases}, ensure_ascii=False, indent=1)
    (HERE / "captions.json").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
