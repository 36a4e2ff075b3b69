"""tokenizer.json of a GGUF file's vocabulary: byte-level merges, or SentencePiece's by scores.

    make_tokenizer(vocabulary, keys)       # the JSON, and what there is to say of it

The ids are llama.cpp's: text is as it came (no NFC), special tokens are found first, and the
text after each begins with SentencePiece's space, as a new one does.
"""

from __future__ import annotations

from collections.abc import Iterator

import tokenizers
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, processors

from intab.convert.gguf.keys import Keys
from intab.convert.gguf.pre_tokenizers import PRE_TOKENIZERS
from intab.convert.gguf.vocabulary import (
    BYTE,
    BYTE_LEVEL,
    CONTROL,
    UNKNOWN,
    USER_DEFINED,
    Vocabulary,
)
from intab.errors import ConvertError

SPACE = "▁"
# Of Phi-3's special tokens these keep the spaces behind them, as its tokenizer.json says.
_KEEP_SPACES = ("<unk>", "<s>", "<|endoftext|>")


def make_tokenizer(vocabulary: Vocabulary, keys: Keys) -> tuple[str, list[str]]:
    """tokenizer.json, and notes; ConvertError for a vocabulary that it cannot be made of."""
    try:
        if vocabulary.model == BYTE_LEVEL:
            found, begins, notes = _byte_level(vocabulary, keys)
        else:
            found, begins, notes = _pieces(vocabulary, keys), True, []
        found.add_tokens(_added(vocabulary, keys))
        begin = keys.flag("tokenizer.ggml.add_bos_token", begins)
        end = keys.flag("tokenizer.ggml.add_eos_token", otherwise=False)
        found.post_processor = _around(vocabulary, begin=begin, end=end)
        return found.to_str(), notes
    except ConvertError:
        raise
    except Exception as exc:  # the library's own errors have no other class
        raise ConvertError(
            f"The vocabulary of {keys.path} cannot be made into tokenizer.json ({exc})."
        ) from exc


def _byte_level(vocabulary: Vocabulary, keys: Keys) -> tuple[tokenizers.Tokenizer, bool, list[str]]:
    name = keys.text("tokenizer.ggml.pre")
    if name not in PRE_TOKENIZERS:
        raise ConvertError(
            f"{keys.path} cuts text in a way that is not known ({name!r} in tokenizer.ggml.pre), "
            "so no tokenizer.json can be made."
        )
    cut = PRE_TOKENIZERS[name]
    ids = {text: number for number, text in enumerate(vocabulary.tokens)}
    model = models.BPE(ids, list(_merges(vocabulary)), ignore_merges=cut.whole)
    found = tokenizers.Tokenizer(model)
    steps = [pre_tokenizers.Split(Regex(one), "isolated") for one in cut.patterns]
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    found.pre_tokenizer = pre_tokenizers.Sequence([*steps, level])
    found.decoder = decoders.ByteLevel()
    untold = (
        "the file does not say how text is cut (tokenizer.ggml.pre): cut as llama.cpp does then"
    )
    return found, cut.begins, [] if name else [untold]


def _merges(vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    known = set(vocabulary.tokens)
    for merge in vocabulary.merges:
        place = merge.find(" ", 1)
        pair = (merge[:place], merge[place + 1 :])
        if place < 0 or not {*pair, "".join(pair)} <= known:
            raise ConvertError(
                f"{vocabulary.path} merges {merge!r}, and not all of that is in its vocabulary: no "
                "tokenizer.json can be made."
            )
        yield pair


def _pieces(vocabulary: Vocabulary, keys: Keys) -> tokenizers.Tokenizer:
    """SentencePiece's merges: the better score first."""
    ids = {text: number for number, text in enumerate(vocabulary.tokens)}
    unknown = vocabulary.named.get("unk_token")
    found = tokenizers.Tokenizer(
        models.BPE(
            ids,
            merges_by_score(vocabulary, ids),
            unk_token=None if unknown is None else vocabulary.tokens[unknown],
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    begins = keys.flag("tokenizer.ggml.add_space_prefix", otherwise=True)
    first = [normalizers.Prepend(SPACE)] if begins else []
    found.normalizer = normalizers.Sequence([*first, normalizers.Replace(" ", SPACE)])
    steps = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    found.decoder = decoders.Sequence([*steps, *[decoders.Strip(" ", 1, 0)] * begins])
    return found


def merges_by_score(vocabulary: Vocabulary, ids: dict[str, int]) -> list[tuple[str, str]]:
    """The pairs that make each token, the tokens with the better scores first."""
    ranked: list[tuple[float, int, int, int, tuple[str, str]]] = []
    for number, text in enumerate(vocabulary.tokens):
        if len(text) < 2 or vocabulary.kinds[number] in (CONTROL, UNKNOWN, BYTE):
            continue
        score = -vocabulary.scores[number]
        for place in range(1, len(text)):
            left, right = ids.get(text[:place]), ids.get(text[place:])
            if left is not None and right is not None:
                pair = (text[:place], text[place:])
                ranked.append((score, number, left, right, pair))
    return [pair for *_, pair in sorted(ranked)]


def _added(vocabulary: Vocabulary, keys: Keys) -> list[AddedToken]:
    """Tokens that are found before anything else."""
    strips = keys.architecture == "phi3" and vocabulary.model != BYTE_LEVEL
    return [
        AddedToken(
            text,
            normalized=False,
            special=vocabulary.is_special(number),
            rstrip=strips and text not in _KEEP_SPACES,
        )
        for number, text in enumerate(vocabulary.tokens)
        if vocabulary.kinds[number] in (CONTROL, UNKNOWN, USER_DEFINED)
    ]


def _around(vocabulary: Vocabulary, *, begin: bool, end: bool) -> processors.TemplateProcessing:
    """The tokens that a text begins and ends with."""
    first = vocabulary.named.get("bos_token") if begin else None
    last = vocabulary.named.get("eos_token") if end else None
    before = [] if first is None else [vocabulary.tokens[first]]
    after = [] if last is None else [vocabulary.tokens[last]]
    special = [
        (vocabulary.tokens[number], number) for number in {first, last} if number is not None
    ]
    single = [*before, "$A:0", *after]
    pair = [*single, *(f"{text}:1" for text in before), "$B:1", *(f"{text}:1" for text in after)]
    return processors.TemplateProcessing(single=single, pair=pair, special_tokens=special)
