"""Text to ids and back; a stream's text is the whole's text."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders
from tokenizers import Tokenizer as Backend
from tokenizers.models import BPE, WordPiece

from intab.engine.text.special_tokens import TokenFiles
from intab.engine.text.tokenizer import StreamDecoder, Tokenizer
from intab.errors import ManifestError, PromptError, RunError
from tests.engine.conftest import byte_tokenizer_json
from tests.engine.support.networks import EOS

TOKENIZER = Tokenizer(byte_tokenizer_json())


@given(st.text())
def test_round_trip(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def sentence_piece() -> Tokenizer:
    """As Llama 2 and Phi-3 have it: pieces with ▁ for the space, and bytes for what has none."""
    tokens = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokens += ["▁", "▁a", "a", "cat", "é", "▁é", "\ufffd", "日"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    backend = Backend(BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    backend.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)])
    backend.add_special_tokens([AddedToken("<s>", special=True)])
    return Tokenizer(backend.to_str())


def word_piece(cleanup: bool = True) -> Tokenizer:
    """As BERT has it: spaces between words, none before ##parts and closing punctuation; these
    taken away by the decoder, or as transformers does it, in the text."""
    tokens = ["[UNK]", "cat", "##s", "##", ".", ",", "n't", "'", "do", "é"]
    backend = Backend(WordPiece({t: n for n, t in enumerate(tokens)}, unk_token="[UNK]"))
    backend.decoder = decoders.WordPiece(cleanup=cleanup)
    backend.add_special_tokens([AddedToken("[SEP]", special=True)])
    files = TokenFiles({"clean_up_tokenization_spaces": not cleanup})
    return Tokenizer(backend.to_str(), files)


def metaspace() -> Tokenizer:
    """As T5 and XLM-R have it: no space before the first piece."""
    tokens = ["<unk>", "▁a", "a", "▁", "日"]
    backend = Backend(BPE({t: n for n, t in enumerate(tokens)}, [], unk_token="<unk>"))
    backend.decoder = decoders.Metaspace()
    return Tokenizer(backend.to_str())


KINDS = {
    "byte-level": TOKENIZER,
    "byte fallback": sentence_piece(),
    "WordPiece": word_piece(),
    "cleaned up": word_piece(cleanup=False),
    "Metaspace": metaspace(),
}


class Forgetful(StreamDecoder):
    """Forgets so often that short sequences show it."""

    window, overlap = 4, 2


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_a_stream_is_the_whole(kind: str, data: st.DataObject) -> None:
    tokenizer = KINDS[kind]
    ids = data.draw(st.lists(st.integers(0, tokenizer.size - 1), max_size=40))
    skip = data.draw(st.booleans())
    for decoder in (StreamDecoder(tokenizer, skip), Forgetful(tokenizer, skip)):
        text = "".join(map(decoder.push, ids)) + decoder.flush()
        assert text == tokenizer.decode(ids, skip)


def test_a_long_stream_forgets_and_is_still_the_whole() -> None:
    text = "Once upon a time there was a fox 🦊. " * 40
    decoder = StreamDecoder(TOKENIZER)
    assert "".join(map(decoder.push, TOKENIZER.encode(text))) == text
    assert len(decoder._ids) <= decoder.window + 1


def test_bytes_are_held_until_their_run_ends() -> None:
    """A byte more may make the whole run invalid, and then even its first character is lost."""
    tokenizer = KINDS["byte fallback"]
    c3, a9, e2, cat = (tokenizer.token_id(t) for t in ("<0xC3>", "<0xA9>", "<0xE2>", "cat"))
    assert None not in (c3, a9, e2, cat)

    def stream(*ids: int | None) -> list[str]:
        decoder = StreamDecoder(tokenizer)
        return [*(decoder.push(token) for token in ids if token is not None), decoder.flush()]

    assert stream(c3, a9, cat) == ["", "", "écat", ""]
    assert stream(c3, a9, e2, cat) == ["", "", "", "\ufffd\ufffd\ufffdcat", ""]
    assert stream(c3, a9) == ["", "", "é"]


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


def test_half_a_surrogate_pair() -> None:
    with pytest.raises(PromptError, match="half of a surrogate pair"):
        TOKENIZER.encode("a\ud83d")


class PanicError(BaseException):
    """As a panic of the library's Rust arrives: no Exception."""


class Panicking:
    """A backend whose calls panic, or are cancelled."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def encode(self, *_: object, **__: object) -> None:
        raise self.error

    decode = encode


@pytest.mark.parametrize("error", [PanicError("called `unwrap()`"), ValueError("no")])
def test_a_panic_of_the_library_is_an_error_of_ours(error: BaseException) -> None:
    tokenizer = Tokenizer(byte_tokenizer_json())
    tokenizer.backend = cast(Any, Panicking(error))
    with pytest.raises(PromptError, match="The tokenizer failed on this text"):
        tokenizer.encode("a")
    with pytest.raises(RunError, match="The tokenizer failed on the answer's ids"):
        tokenizer.decode([1])


def test_whoever_stops_a_program_is_not_taken_for_a_panic() -> None:
    tokenizer = Tokenizer(byte_tokenizer_json())
    tokenizer.backend = cast(Any, Panicking(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        tokenizer.encode("a")
    with pytest.raises(KeyboardInterrupt):
        tokenizer.decode([1])


def test_a_tokenizer_that_panics_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(json: str) -> None:
        raise PanicError("index out of bounds")

    library = SimpleNamespace(Tokenizer=SimpleNamespace(from_str=read))
    monkeypatch.setattr("intab.engine.text.tokenizer.tokenizers", library)
    with pytest.raises(ManifestError, match=r"tokenizer\.json cannot be read \(index out"):
        Tokenizer("{}")


@pytest.mark.parametrize(("settings", "length"), [({}, 2), ({"as_written": True}, 3)])
def test_a_tokenizer_that_is_as_written_gets_no_pieces_of_a_class(
    settings: dict[str, bool], length: int
) -> None:
    """Qwen's class normalizes text, which turns these two characters into one of two bytes."""
    tokenizer = Tokenizer(byte_tokenizer_json(), TokenFiles(settings), {"model_type": "qwen2"})
    assert len(tokenizer.encode("e\u0301")) == length
