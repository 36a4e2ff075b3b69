"""Made tokenizers, and files beside them that declare tokens in every way there is.

tests/golden/make_tokenizers.py asks transformers what it makes of them. The file runs as it is
inside a page.
"""

from __future__ import annotations

import json
import random
from typing import Any

from tokenizers import pre_tokenizers

from tests.engine.support.tokenizer_bases import BASES

NAMES = (
    *("bos", "eos", "unk", "sep", "pad", "cls", "mask", "image", "boi", "x", "y", "eot"),
    *("prefix", "add_bos"),
)
TEMPLATE = "".join(f"[{{{{ {name}_token }}}}]" for name in NAMES) + "{{ messages[0].content }}"
TEXTS = (
    "a<think>b </think> c",
    "<s>Hello <|im_end|> you</s> <|tool|>",
    "a <|extra|> b<|extra|>c [S] d",
    "Don't stop , it 's fine . OK ?",
    "<image> <boi>A<image>",
    "<|endoftext|> x <pad>",
    "Café 中文 HÉLLO",
)


def token(content: str, **flags: bool) -> dict[str, Any]:
    """A token as the files write it."""
    plain = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False}
    return {"content": content, **plain, **flags}


def added(content: str, **flags: bool) -> dict[str, Any]:
    """A token as tokenizer_config.json writes it."""
    return {"__type": "AddedToken", **token(content, **flags)}


FAST = {"tokenizer_class": "PreTrainedTokenizerFast"}
BOTH = {**FAST, "bos_token": "<s>", "eos_token": "</s>"}
MAP, ADDED = "special_tokens_map.json", "added_tokens.json"
DECODER = "added_tokens_decoder"
OPEN = "<|im_start|>"

# name: base, tokenizer_config.json, the other files, config.json's model_type
Case = tuple[str, dict[str, Any], dict[str, Any], str]
CASES: dict[str, Case] = {
    "nothing": ("bytes", {}, {}, "llama"),
    "both": ("bytes", BOTH, {}, "llama"),
    "null": ("bytes", {**BOTH, "bos_token": None}, {}, "llama"),
    "added token": ("bytes", {**FAST, "eos_token": added("</s>", rstrip=True)}, {}, "llama"),
    "new eos": ("bytes", {**BOTH, "eos_token": "<|extra|>"}, {}, "llama"),
    "padding": ("bytes, padded", BOTH, {}, "llama"),
    "padding, null": ("bytes, padded", {**BOTH, "pad_token": None}, {}, "llama"),
    "padding, gpt2": ("bytes, padded", {"tokenizer_class": "GPT2Tokenizer"}, {}, "gpt2"),
    "extra named": (
        "bytes",
        {**BOTH, "extra_special_tokens": {"image_token": "<|tool|>", "boi_token": OPEN}},
        {},
        "llama",
    ),
    "extra named, new": (
        "bytes",
        {**BOTH, "extra_special_tokens": {"x_token": "<|extra|>", "y_token": added("<image>")}},
        {},
        "llama",
    ),
    "extra list": (
        "bytes",
        {**BOTH, "extra_special_tokens": ["<|extra|>", added("<image>", lstrip=True)]},
        {},
        "llama",
    ),
    "additional list": (
        "bytes",
        {**BOTH, "additional_special_tokens": ["<|extra|>", OPEN]},
        {},
        "llama",
    ),
    "additional and extra": (
        "bytes",
        {
            **BOTH,
            "additional_special_tokens": ["<image>"],
            "extra_special_tokens": ["<|extra|>"],
        },
        {},
        "llama",
    ),
    "top level": (
        "bytes",
        {**BOTH, "image_token": "<image>", "boi_token": "<boi>", "add_bos_token": True},
        {},
        "llama",
    ),
    "top level, typed": ("bytes", {**BOTH, "image_token": added("<image>")}, {}, "llama"),
    "top level, a dict": ("bytes", {**BOTH, "image_token": token("<image>")}, {}, "llama"),
    "decoder": ("bytes", {**BOTH, DECODER: {"261": token("<think>", special=True)}}, {}, "llama"),
    "decoder, not special": (
        "bytes",
        {**BOTH, DECODER: {"261": token("<think>"), "262": token("</think>", lstrip=True)}},
        {},
        "llama",
    ),
    "decoder, other flags": (
        "bytes",
        {**BOTH, DECODER: {"260": token("<|tool|>", lstrip=True, rstrip=True)}},
        {},
        "llama",
    ),
    "decoder, wrong ids": (
        "bytes",
        {
            **BOTH,
            "image_token": "<image>",
            DECODER: {"300": token("<think>"), "9": token("<image>", special=True)},
        },
        {},
        "llama",
    ),
    "decoder hides the others": (
        "bytes",
        {**BOTH, DECODER: {"261": token("<think>")}},
        {MAP: {"eos_token": "<|im_end|>"}, ADDED: {"<|extra|>": 262}},
        "llama",
    ),
    "map": ("bytes", FAST, {MAP: {"bos_token": "<s>", "eos_token": token("</s>")}}, "llama"),
    "map wins": ("bytes", BOTH, {MAP: {"eos_token": "<|im_end|>", "x_token": "<boi>"}}, "llama"),
    "map, new": (
        "bytes",
        BOTH,
        {MAP: {"eos_token": token("<|extra|>", lstrip=True), "image_token": token("<image>")}},
        "llama",
    ),
    "map, additional": (
        "bytes",
        BOTH,
        {MAP: {"additional_special_tokens": ["<|extra|>", "<image>"]}},
        "llama",
    ),
    "map, extra": (
        "bytes",
        {**BOTH, "extra_special_tokens": ["<boi>"]},
        {MAP: {"extra_special_tokens": ["<|extra|>", token("<image>", rstrip=True)]}},
        "llama",
    ),
    "map, extra named": (
        "bytes",
        BOTH,
        {MAP: {"extra_special_tokens": {"image_token": "<image>"}}},
        "llama",
    ),
    "added": ("bytes", BOTH, {ADDED: {"<think>": 261, "</think>": 262}}, "llama"),
    "added, special": (
        "bytes",
        {**BOTH, "pad_token": "<pad>"},
        {ADDED: {"<pad>": 262, "<think>": 261}},
        "llama",
    ),
    "added and there": ("bytes", BOTH, {ADDED: {"<|tool|>": 260}}, "llama"),
    "added, pieces": ("pieces", BOTH, {ADDED: {"<think>": 293, "[S]": 294}}, "llama"),
    "split": ("bytes", {**BOTH, "split_special_tokens": True}, {}, "llama"),
    "pieces": ("pieces", BOTH, {}, "llama"),
    "pieces, new": (
        "pieces",
        {**BOTH, "pad_token": "<pad>", "extra_special_tokens": ["<|extra|>", "<think>"]},
        {},
        "mistral",
    ),
    "words": ("words", FAST, {}, "llama"),
    "words, cleaned": (
        "words",
        {**FAST, "clean_up_tokenization_spaces": True, "cls_token": "[CLS]"},
        {},
        "llama",
    ),
    "bytes, not cleaned": ("bytes", {**BOTH, "clean_up_tokenization_spaces": True}, {}, "llama"),
    "bytes, cleaned": (
        "bytes",
        {
            **BOTH,
            "clean_up_tokenization_spaces": True,
            "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output": True,
        },
        {},
        "llama",
    ),
    "class gpt2": ("bytes", {"tokenizer_class": "GPT2TokenizerFast"}, {}, "gpt2"),
    "class qwen2": ("bytes", {"tokenizer_class": "Qwen2Tokenizer"}, {}, "qwen3"),
    "class by type": ("bytes", {}, {}, "gpt_neox"),
    "class wrong": ("bytes", {"tokenizer_class": "LlamaTokenizerFast"}, {}, "qwen2"),
    "class llama, bytes": ("bytes", {"tokenizer_class": "LlamaTokenizer"}, {}, "llama"),
    "class llama": ("pieces", {"tokenizer_class": "LlamaTokenizerFast"}, {}, "llama"),
    "class llama, phi3": ("pieces", {"tokenizer_class": "LlamaTokenizerFast"}, {}, "phi3"),
    "class llama, mistral": ("pieces", {"tokenizer_class": "LlamaTokenizer"}, {}, "mistral"),
    "class bert": ("bert", {"tokenizer_class": "BertTokenizer"}, {}, "bert"),
    "class bert, cased": (
        "bert",
        {"tokenizer_class": "BertTokenizerFast", "do_lower_case": False, "strip_accents": True},
        {},
        "bert",
    ),
    "class distilbert": (
        "bert",
        {"tokenizer_class": "DistilBertTokenizer", "strip_accents": False},
        {},
        "distilbert",
    ),
    "class distilbert by type": ("bert", {"tokenize_chinese_chars": False}, {}, "distilbert"),
    "class roberta": (
        "roberta",
        {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": True},
        {},
        "roberta",
    ),
    "class roberta by type": ("roberta", {"trim_offsets": False}, {}, "roberta"),
    "class bart": ("roberta", {"tokenizer_class": "BartTokenizerFast"}, {}, "bart"),
    "class unknown": ("bytes", {"tokenizer_class": "OtherTokenizer"}, {}, "smollm3"),
}


def folder(name: str) -> dict[str, str]:
    """The files of a case."""
    base, settings, files, kind = CASES[name]
    settings = {**settings, "chat_template": TEMPLATE}
    config = {"model_type": kind, "architectures": ["LlamaForCausalLM"]}
    texts = {"tokenizer_config.json": settings, "config.json": config, **files}
    return {"tokenizer.json": BASES[base], **{k: json.dumps(v) for k, v in texts.items()}}


def stop_cases() -> list[tuple[str, list[int], str]]:
    """A case's name, ids of an answer and a stop string: with special tokens in both, and drawn."""
    draw = random.Random(7)
    tool, end, start = 260, 259, 256
    a, b, c = (sorted(pre_tokenizers.ByteLevel.alphabet()).index(x) for x in "abc")
    made = [
        ([a, end, b], "<|im_end|>"),
        ([a, end, b], "a<|im_end|>"),
        ([a, end, b], "|>b"),
        ([a, end, b], "ab"),
        ([a, end, b], "end"),
        ([a, tool, tool, b, c], "<|tool|>b"),
        ([start, a, b, tool], "<s>ab"),
        ([a, b, a, b, c], "abc"),
        ([a, b, end], "c"),
    ]
    words = ["ab", "<|tool|>", "a<|im_end|>b", "aa<", "|>", "bc<s>", "cab"]
    made += [
        ([draw.choice([a, b, c, a, b, tool, end, start]) for _ in range(12)], draw.choice(words))
        for _ in range(40)
    ]
    return [("both", ids, stop) for ids, stop in made]
