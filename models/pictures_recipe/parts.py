"""The parts and their shapes: a Stable Diffusion of 8 million parameters, in diffusers' classes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import diffusers
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import CLIPTextConfig, CLIPTextModel

LENGTH = 24  # tokens of a caption
TOKENS = 2048  # at most, of the vocabulary
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
WIDTH = 128  # of a token's vector
VAE = {
    "sample_size": 64,
    "block_out_channels": (16, 32, 64),
    "layers_per_block": 1,
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
    "latent_channels": 4,
    "norm_num_groups": 8,
}
UNET = {
    "sample_size": 16,
    "block_out_channels": (64, 128, 128),
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "cross_attention_dim": WIDTH,
    "attention_head_dim": 4,  # by diffusers' old mistake the number of heads
    "norm_num_groups": 16,
}
TEXT = {
    "hidden_size": WIDTH,
    "intermediate_size": 4 * WIDTH,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "max_position_embeddings": LENGTH,
}
SCHEDULER = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
}


def make_vae() -> diffusers.AutoencoderKL:
    """The autoencoder: 64 x 64 x 3 to 16 x 16 x 4 and back."""
    return diffusers.AutoencoderKL(**VAE)


def make_unet() -> diffusers.UNet2DConditionModel:
    """What guesses the noise, of latents, time and a text's vectors."""
    return diffusers.UNet2DConditionModel(**UNET)


def make_text_encoder(tokens: int) -> CLIPTextModel:
    """CLIP's text encoder, for so many tokens; the last two begin and end a text."""
    ids = {"bos_token_id": tokens - 2, "eos_token_id": tokens - 1, "pad_token_id": tokens - 1}
    return CLIPTextModel(CLIPTextConfig(vocab_size=tokens, **ids, **TEXT))


def train_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """CLIP's form of tokenizer: bytes, their ends of words, pairs, then the two marks."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENS - 2,
        end_of_word_suffix="</w>",
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([BEGIN, END])
    begin, end = (tokenizer.token_to_id(token) for token in (BEGIN, END))
    tokenizer.post_processor = processors.RobertaProcessing(
        (END, end), (BEGIN, begin), trim_offsets=False, add_prefix_space=False
    )
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    tokenizer.enable_truncation(LENGTH)
    tokenizer.enable_padding(length=LENGTH, pad_id=end, pad_token=END)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """tokenizer.json and its settings, as transformers writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": LENGTH,
        "bos_token": BEGIN,
        "eos_token": END,
        "pad_token": END,
        "unk_token": END,
        "do_lower_case": True,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1), "utf-8")
