"""Text to ids and back; a stream's text is the whole's text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.tokenizer import StreamDecoder, Tokenizer
from intab.errors import ManifestError
from tests.engine.conftest import EOS, VOCABULARY, byte_tokenizer_json

TOKENIZER = Tokenizer(byte_tokenizer_json())


@given(st.text())
def test_round_trip(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(st.lists(st.integers(0, VOCABULARY - 1)))
def test_a_stream_is_the_whole(ids: list[int]) -> None:
    decoder = StreamDecoder(TOKENIZER)
    assert "".join(map(decoder.push, ids)) + decoder.flush() == TOKENIZER.decode(ids)


@given(st.text())
def test_no_half_characters(text: str) -> None:
    decoder = StreamDecoder(TOKENIZER)
    parts = [decoder.push(token) for token in TOKENIZER.encode(text)]
    assert "".join(parts) + decoder.flush() == text
    if "\ufffd" not in text:
        assert "\ufffd" not in "".join(parts)


def test_special_tokens_are_known_but_not_text() -> None:
    assert TOKENIZER.encode("a<|end|>")[-1] == EOS
    assert TOKENIZER.decode([EOS]) == ""
    assert TOKENIZER.decode([EOS], skip_special_tokens=False) == "<|end|>"
    assert TOKENIZER.token_id("<|end|>") == EOS
    assert TOKENIZER.token_id("<|nothing|>") is None


def test_training_time_truncation_and_padding_are_off() -> None:
    backend = TOKENIZER.backend.from_str(byte_tokenizer_json())
    backend.enable_truncation(2)
    backend.enable_padding(length=8)
    assert Tokenizer(backend.to_str()).decode(Tokenizer(backend.to_str()).encode("abcd")) == "abcd"


@pytest.mark.parametrize("text", ["", "{}", "<html>", '{"model": {"type": "Nothing"}}'])
def test_a_damaged_file(text: str) -> None:
    with pytest.raises(ManifestError, match=r"tokenizer\.json cannot be read"):
        Tokenizer(text)
