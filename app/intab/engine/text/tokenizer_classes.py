"""Which tokenizer class transformers takes for a folder, and the special tokens that it brings.

    >>> CLASSES[tokenizer_class({"tokenizer_class": "Qwen2TokenizerFast"}, {}, "")]["eos_token"]
    '<|endoftext|>'

The rules are those of AutoTokenizer.from_pretrained in transformers 5.24, the defaults those of the
classes' constructors; tests/golden/make_tokenizers.py records both:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/auto/tokenization_auto.py
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intab.engine.model_config import ModelConfig

BACKEND = "TokenizersBackend"
_ROBERTA: dict[str, str | None] = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "cls_token": "<s>",
    "mask_token": "<mask>",
}
_BERT: dict[str, str | None] = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
_T5: dict[str, str | None] = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
_END = "<|endoftext|>"
_GPT2: dict[str, str | None] = {"bos_token": _END, "eos_token": _END, "unk_token": _END}
_QWEN: dict[str, str | None] = {"eos_token": _END, "unk_token": _END, "pad_token": _END}
_LLAMA: dict[str, str | None] = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}

_ALBERT: dict[str, str | None] = {
    **_BERT,
    "bos_token": "[CLS]",
    "eos_token": "[SEP]",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
}

# The named special tokens of a class if no file names them.
CLASSES: dict[str, dict[str, str | None]] = {
    BACKEND: {},
    "AlbertTokenizer": _ALBERT,
    "BarthezTokenizer": _ROBERTA,
    "BartTokenizer": _ROBERTA,
    "BertTokenizer": _BERT,
    "BigBirdTokenizer": {**_ALBERT, "bos_token": "<s>", "eos_token": "</s>"},
    "CLIPTokenizer": {
        "bos_token": "<|startoftext|>",
        "eos_token": _END,
        "unk_token": _END,
        "pad_token": _END,
    },
    "CamembertTokenizer": _ROBERTA,
    "CohereTokenizer": {
        "bos_token": "<BOS_TOKEN>",
        "eos_token": "<|END_OF_TURN_TOKEN|>",
        "unk_token": "<UNK>",
        "sep_token": "<SEP>",
        "pad_token": "<PAD>",
        "cls_token": "<CLS>",
        "mask_token": "<MASK_TOKEN>",
    },
    "DebertaTokenizer": {**_BERT, "bos_token": "[CLS]", "eos_token": "[SEP]"},
    "DebertaV2Tokenizer": {**_BERT, "bos_token": "[CLS]", "eos_token": "[SEP]"},
    "FNetTokenizer": _ALBERT,
    # None, also if tokenizer.json names a padding token.
    "GPT2Tokenizer": {**_GPT2, "pad_token": None},
    "GPTNeoXTokenizer": {**_GPT2, "pad_token": "<|padding|>"},
    "GemmaTokenizer": {
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "mask_token": "<mask>",
    },
    "LlamaTokenizer": _LLAMA,
    "MBart50Tokenizer": {**_ROBERTA, "bos_token": None},
    "MBartTokenizer": _ROBERTA,
    "MPNetTokenizer": {**_ROBERTA, "unk_token": "[UNK]"},
    "Qwen2Tokenizer": _QWEN,
    "Qwen3_5Tokenizer": _QWEN,
    "RemBertTokenizer": _ALBERT,
    "RobertaTokenizer": _ROBERTA,
    "SplinterTokenizer": _BERT,
    "T5Tokenizer": _T5,
    "WhisperTokenizer": _GPT2,
    "XLMRobertaTokenizer": _ROBERTA,
    "XLNetTokenizer": {**_ROBERTA, "sep_token": "<sep>", "cls_token": "<cls>"},
}
# Classes that are others under a name of their own.
ALIASES = {
    **dict.fromkeys(
        (
            *("DistilBertTokenizer", "ElectraTokenizer", "LayoutLMTokenizer", "LxmertTokenizer"),
            *("MobileBertTokenizer", "SqueezeBertTokenizer"),
        ),
        "BertTokenizer",
    ),
    **dict.fromkeys(("LEDTokenizer", "LongformerTokenizer", "MvpTokenizer"), "RobertaTokenizer"),
}

# config.json's model_type -> the class that belongs to it, among those above; BACKEND for those
# that have no class of their own.
_BY_CLASS = {
    BACKEND: (
        *("ernie4_5", "ernie4_5_moe", "flex_olmo", "fuyu", "glm", "glm4", "glm4_moe"),
        *("glm4_moe_lite", "gpt_bigcode", "granite", "granitemoe", "granitemoehybrid"),
        *("granitemoeshared", "hyperclovax", "internlm3", "jamba", "kimi_linear", "minicpm3"),
        *("minimax_m2", "ministral", "ministral3", "mistral", "mixtral", "modernbert-decoder"),
        *("nemotron", "olmo2", "olmo3", "olmo_hybrid", "persimmon", "phi3", "phimoe", "stablelm"),
    ),
    "AlbertTokenizer": ("albert", "yoso"),
    "BarthezTokenizer": ("barthez",),
    "BertTokenizer": (
        *("bert", "convbert", "distilbert", "electra", "ernie", "layoutlm", "megatron-bert"),
        *("nezha", "nomic_bert", "squeezebert"),
    ),
    "BigBirdTokenizer": ("big_bird",),
    "CamembertTokenizer": ("camembert",),
    "CohereTokenizer": ("cohere", "cohere2"),
    "DebertaTokenizer": ("deberta",),
    "DebertaV2Tokenizer": ("deberta-v2",),
    "FNetTokenizer": ("fnet",),
    "GPT2Tokenizer": (
        *("codegen", "dbrx", "gpt2", "gpt_neo", "gptj", "jais2", "opt", "phi", "starcoder2"),
    ),
    "GPTNeoXTokenizer": (
        *("falcon_mamba", "gpt_neox", "mamba", "mamba2", "mpt", "olmo", "olmoe", "rwkv", "xlstm"),
    ),
    "GemmaTokenizer": (
        *("gemma", "gemma2", "gemma3", "gemma3_text", "gemma3n", "gemma3n_text"),
        *("recurrent_gemma", "zaya"),
    ),
    "LEDTokenizer": ("led",),
    "LxmertTokenizer": ("lxmert",),
    "MBart50Tokenizer": ("mbart50",),
    "MBartTokenizer": ("mbart",),
    "MPNetTokenizer": ("mpnet",),
    "MobileBertTokenizer": ("mobilebert",),
    "MvpTokenizer": ("mvp",),
    "Qwen2Tokenizer": ("qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "qwen3_next"),
    "Qwen3_5Tokenizer": (
        *("qwen3_5", "qwen3_5_moe", "qwen3_5_moe_text", "qwen3_5_text", "qwen4_exp"),
    ),
    "RemBertTokenizer": ("rembert",),
    "RobertaTokenizer": (
        *("bart", "data2vec-text", "ibert", "longformer", "roberta", "roberta-prelayernorm"),
    ),
    "SplinterTokenizer": ("splinter",),
    "T5Tokenizer": ("mt5", "t5"),
    "WhisperTokenizer": ("whisper",),
    "XLMRobertaTokenizer": ("gte", "jina_embeddings_v3", "trocr", "xlm-roberta", "xmod"),
    "XLNetTokenizer": ("xlnet",),
}
MODEL_TYPES = {kind: name for name, kinds in _BY_CLASS.items() for kind in kinds}

# Model types whose tokenizer_config.json on the hub names a wrong class.
WRONG = frozenset(
    {
        *("ernie4_5", "ernie4_5_moe", "fuyu", "hyperclovax", "internlm3", "jamba", "minicpm3"),
        *("minimax_m2", "modernbert-decoder", "nemotron", "phi3", "phimoe", "qwen2", "qwen3_5"),
        *("qwen3_5_moe", "qwen3_5_moe_text", "qwen4_exp"),
    }
)
_MISTRAL = frozenset({"ministral", "ministral3", "mistral", "mixtral"})


def tokenizer_class(
    settings: Mapping[str, Any], config: Mapping[str, Any], tokenizer_json: str
) -> str:
    """The class's name without "Fast"; BACKEND for the one that brings nothing of its own.

    settings: tokenizer_config.json.
    """
    if settings.get("as_written") is True:
        return BACKEND  # of a GGUF file, which transformers reads without the class's pieces too
    told = ModelConfig.of(config)
    kind = told.model_type
    own = MODEL_TYPES.get(kind)
    named = settings.get("tokenizer_class") or told.tokenizer_class
    if not named or not isinstance(named, str):
        return own or BACKEND
    named = named.removesuffix("Fast")
    llama = named == "LlamaTokenizer" and kind not in _MISTRAL | WRONG
    if llama and '"ByteLevel"' in tokenizer_json:
        return BACKEND
    if own in (None, named):
        return named
    if own == BACKEND:
        return BACKEND
    return str(own) if kind in WRONG else named
