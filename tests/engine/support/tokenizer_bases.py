"""The tokenizer.json files that tokenizer_cases.py's folders have."""

from __future__ import annotations

import json

from tokenizers import AddedToken, decoders, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as Backend
from tokenizers.models import BPE, WordPiece

SPECIALS = ("<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|tool|>")


def byte_level(padding: bool = False) -> str:
    """Bytes, and five special tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Backend(BPE({token: number for number, token in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    added = [AddedToken(text, special=True, normalized=False) for text in SPECIALS]
    backend.add_special_tokens(added)
    if padding:
        backend.enable_padding(pad_token="<|tool|>", pad_id=260)
    return str(backend.to_str())


def roberta() -> str:
    """Bytes, and what RoBERTa puts around a text."""
    backend = Backend.from_str(byte_level())
    backend.post_processor = processors.RobertaProcessing(("</s>", 257), ("<s>", 256), True, False)
    return str(backend.to_str())


def pieces() -> str:
    """SentencePiece's form: ▁ for the space, and bytes for what has no piece."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokens += ["▁", *"abcdefghijklmnopqrstuvwxyzDOHS'.,?"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    backend = Backend(BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    backend.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    backend.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)])
    added = [AddedToken(text, special=True, normalized=False) for text in tokens[:3]]
    backend.add_special_tokens(added)
    return str(backend.to_str())


def words() -> str:
    """BERT's form, without a clean-up of its own."""
    tokens = ["[UNK]", "[CLS]", "[SEP]", "don", "'", "t", "stop", ",", "it", "s", "fine", ".", "?"]
    tokens += ["a", "b", "c", "x", "hello", "you", "n't", "'s", "ok"]
    backend = Backend(WordPiece({t: n for n, t in enumerate(tokens)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece(cleanup=False)
    backend.add_special_tokens([AddedToken(text, special=True) for text in tokens[:3]])
    return str(backend.to_str())


def bert() -> str:
    """The same with letters of both cases, and what BERT puts around a text."""
    backend = Backend.from_str(words())
    letters = [*"DSHOANTé", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyzDSHOé")]
    made = json.loads(backend.to_str())
    vocabulary = made["model"]["vocab"]
    vocabulary.update({t: n for n, t in enumerate(letters, len(vocabulary))})
    backend = Backend.from_str(json.dumps(made))
    around = [("[CLS]", 1), ("[SEP]", 2)]
    pair = "[CLS] $A [SEP] $B:1 [SEP]:1"
    backend.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", pair, around)
    return str(backend.to_str())


BASES = {
    "bytes": byte_level(),
    "bytes, padded": byte_level(padding=True),
    "pieces": pieces(),
    "words": words(),
    "roberta": roberta(),
    "bert": bert(),
}
