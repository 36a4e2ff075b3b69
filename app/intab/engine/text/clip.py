"""CLIP's tokenizer as a tokenizer.json, for folders that have vocab.json and merges.txt alone.

diffusers' folders do. The pieces are those of transformers' CLIPTokenizer:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/clip/tokenization_clip.py
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from intab.errors import ManifestError

BEGIN, END = "<|startoftext|>", "<|endoftext|>"
_WORDS = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|"
    r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)


def of_merges(vocabulary: Mapping[str, Any], merges: str) -> str:
    """A tokenizer.json of what vocab.json and merges.txt say; ManifestError if they do not fit."""
    for token in (BEGIN, END):
        if type(vocabulary.get(token)) is not int:
            raise ManifestError(f"vocab.json is not valid: {token} must have an id.")
    lines = [line for line in merges.splitlines() if line and not line.startswith("#version")]
    pairs = [tuple(line.split(" ")) for line in lines]
    if wrong := [line for line, pair in zip(lines, pairs, strict=True) if len(pair) != 2]:
        raise ManifestError(f"merges.txt is not valid: {wrong[0][:80]!r} is not two tokens.")
    try:
        model = models.BPE(
            dict(vocabulary),
            [(one, other) for one, other in pairs],
            continuing_subword_prefix="",
            end_of_word_suffix="</w>",
            unk_token=END,
        )
        return _with_pieces(Tokenizer(model), vocabulary).to_str()
    except Exception as exc:  # the library raises bare Exception, and TypeError for wrong ids
        raise ManifestError(
            f"vocab.json and merges.txt do not fit each other ({str(exc)[:200]}): fetch both again."
        ) from exc


def _with_pieces(tokenizer: Tokenizer, vocabulary: Mapping[str, int]) -> Tokenizer:
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    steps = [normalizers.NFC(), spaces, normalizers.Lowercase()]
    tokenizer.normalizer = normalizers.Sequence(steps)
    words = pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True)
    level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, level])
    tokenizer.decoder = decoders.ByteLevel()
    ends = ((END, vocabulary[END]), (BEGIN, vocabulary[BEGIN]))
    tokenizer.post_processor = processors.RobertaProcessing(
        *ends, trim_offsets=False, add_prefix_space=False
    )
    return tokenizer
