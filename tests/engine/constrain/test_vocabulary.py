"""The bytes of tokens, joined, are the text that the tokenizer's decoder makes of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, decoders, pre_tokenizers
from tokenizers import Tokenizer as Backend
from tokenizers.models import BPE, Unigram, WordPiece

from intab.engine.constrain.vocabulary import NONE, NOTHING, make_vocabulary
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import OptionError
from tests.engine.support.tokenizer_bases import BASES


def unigram(decoder: decoders.Decoder, scheme: str = "always") -> str:
    """T5's form."""
    tokens = ["<unk>", "▁", "▁a", "a", "b", "▁b", "é", "▁▁", "<0x41>", "."]
    backend = Backend(Unigram([(token, -float(n)) for n, token in enumerate(tokens)], 0))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    backend.decoder = decoder
    backend.add_special_tokens([AddedToken("<unk>", special=True)])
    return str(backend.to_str())


def bert(cleanup: bool) -> str:
    tokens = ["[UNK]", "don", "'", "t", ",", ".", "##ing", "##s", "n't", "é", "a", "##"]
    backend = Backend(WordPiece({t: n for n, t in enumerate(tokens)}, unk_token="[UNK]"))
    backend.decoder = decoders.WordPiece(cleanup=cleanup)
    backend.add_special_tokens([AddedToken("[UNK]", special=True)])
    return str(backend.to_str())


def bare() -> str:
    return str(Backend(BPE({"a": 0, "b": 1, "c": 2}, [])).to_str())


CASES = {
    **{f"{name} of BASES": text for name, text in BASES.items()},
    "metaspace": unigram(decoders.Metaspace(prepend_scheme="always")),
    "metaspace, first": unigram(decoders.Metaspace(prepend_scheme="first"), "first"),
    "metaspace, never": unigram(decoders.Metaspace(prepend_scheme="never"), "never"),
    "word pieces": bert(cleanup=False),
    "word pieces, cleaned": bert(cleanup=True),
    "no decoder": bare(),
}


@pytest.mark.parametrize("case", CASES)
@given(st.data())
def test_joined_bytes_are_the_text(case: str, data: st.DataObject) -> None:
    tokenizer = Tokenizer(CASES[case])
    vocabulary = make_vocabulary(tokenizer, tokenizer.size)
    usable = [n for n, token in enumerate(vocabulary.tokens) if token]
    usable = [n for n in usable if n not in vocabulary.special]
    ids = data.draw(st.lists(st.sampled_from(usable), min_size=1, max_size=8))
    first = int(vocabulary.first[ids[0]]) if vocabulary.first is not None else ids[0]
    if first == NONE:
        return
    head = b"" if first == NOTHING else vocabulary.tokens[first]
    joined = b"".join([head, *(vocabulary.tokens[number] for number in ids[1:])])
    try:
        text = joined.decode()
    except UnicodeDecodeError:
        return
    assert tokenizer.decode(ids) == text


def test_special_tokens_are_no_text_and_others_are() -> None:
    vocabulary = make_vocabulary(Tokenizer(BASES["bytes"]), 300)
    assert vocabulary.special == [256, 257, 258, 259, 260]
    assert vocabulary.tokens[261:] == [b""] * 39
    assert sorted(vocabulary.tokens[:256]) == [bytes([n]) for n in range(256)]
    assert vocabulary.first is None
    assert vocabulary.whole


def test_the_first_token_of_pieces_may_begin_with_a_space() -> None:
    tokenizer = Tokenizer(CASES["metaspace"])
    first = make_vocabulary(tokenizer, tokenizer.size).first
    assert first is not None
    names = [tokenizer.backend.id_to_token(n) for n in range(tokenizer.size)]
    found = {name: int(n) for name, n in zip(names, first, strict=True)}
    assert found["▁"] == found["▁▁"] == NOTHING  # Metaspace takes both away
    assert found["▁a"] == names.index("a")
    assert found["a"] == names.index("a")


def test_a_vocabulary_of_words_is_not_whole() -> None:
    tokenizer = Tokenizer(CASES["word pieces"])
    assert not make_vocabulary(tokenizer, tokenizer.size).whole


def test_an_apostrophe_cannot_be_said_where_words_are_cleaned() -> None:
    tokenizer = Tokenizer(CASES["word pieces"], config=None)
    tokenizer._cleans_up = True
    tokens = make_vocabulary(tokenizer, tokenizer.size).tokens
    names = [tokenizer.backend.id_to_token(n) for n in range(tokenizer.size)]
    assert tokens[names.index("'")] == tokens[names.index("n't")] == b""
    assert tokens[names.index(".")] == b"."


def test_texts_that_are_cleaned_afterwards_are_refused() -> None:
    tokenizer = Tokenizer(CASES["metaspace"])
    tokenizer._cleans_up = True
    with pytest.raises(OptionError, match="clean_up_tokenization_spaces"):
        make_vocabulary(tokenizer, tokenizer.size)


@pytest.mark.parametrize(
    ("decoder", "told"),
    [
        (decoders.CTC(), "decodes by CTC"),
        (decoders.Replace(Regex("a+"), "b"), "regular expression"),
    ],
)
def test_tokens_without_bytes_of_their_own_are_refused(
    decoder: decoders.Decoder, told: str
) -> None:
    tokenizer = Tokenizer(unigram(decoder))
    with pytest.raises(OptionError, match=told):
        make_vocabulary(tokenizer, tokenizer.size)


def test_more_logits_than_tokens() -> None:
    """Rows are padded in many models."""
    tokenizer = Tokenizer(bare())
    vocabulary = make_vocabulary(tokenizer, 8)
    tokens, first = vocabulary.tokens, vocabulary.first
    assert tokens == [b" a", b" b", b" c", *[b""] * 5]
    assert json.loads(CASES["no decoder"])["decoder"] is None
    assert first is not None
    assert first.tolist() == [NONE] * 8
