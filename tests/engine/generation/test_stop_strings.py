"""Stop strings are found across pieces and never leak."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.generation.stop_strings import StopFinder, StoppedText, ends_with_a_stop
from intab.engine.text.tokenizer import Tokenizer
from tests.engine.conftest import Maker
from tests.engine.support.tokenizer_cases import folder
from tests.engine.text.test_special_tokens import GOLDEN, load
from tests.engine.text.test_tokenizer import KINDS

SPECIAL = load(folder("both"))


def join(pieces: list[str], stops: list[str]) -> tuple[str, bool]:
    """What comes out of a finder that is given the pieces."""
    finder, out = StopFinder(stops), ""
    for number, piece in enumerate(pieces):
        text, found = finder.push(piece, last=number == len(pieces) - 1)
        out += text
        if found:
            return out, True
    return out, False


def test_a_stop_across_pieces() -> None:
    assert join(["one #", "#", "# two"], ["###"]) == ("one ", True)


def test_what_only_began_like_a_stop_is_passed_on() -> None:
    assert join(["a##", "b"], ["###"]) == ("a##b", False)
    assert join(["a##"], ["###"]) == ("a##", False)


def test_the_first_of_several() -> None:
    assert join(["ab\\nUser: x"], ["User:", "\\n"]) == ("ab", True)


@given(st.lists(st.text("ab", max_size=4), min_size=1), st.lists(st.text("ab", min_size=1)))
def test_like_looking_at_the_whole(pieces: list[str], stops: list[str]) -> None:
    """Cut anywhere, the text ends where it first holds a stop that is complete."""
    whole = "".join(pieces)
    text, found = join(pieces, stops)
    assert found == any(stop in whole for stop in stops)
    assert whole.startswith(text)
    assert not any(stop in text for stop in stops)
    if not found:
        assert text == whole


def write(
    tokenizer: Tokenizer,
    ids: list[int],
    stops: list[str],
    skip: bool = True,
    prompt: Sequence[int] = (),
) -> tuple[str, int | None]:
    """The text that comes out, and after how many ids a stop string was found."""
    text, out = StoppedText(tokenizer, stops, skip, prompt), ""
    for number, token in enumerate(ids):
        piece, found = text.push(token, last=number == len(ids) - 1)
        out += piece
        if found:
            return out, number + 1
    return out, None


@pytest.mark.parametrize("case", GOLDEN["stops"], ids=str)
def test_stops_with_special_tokens_as_in_transformers(case: dict[str, Any]) -> None:
    ids, stop = case["ids"], case["stop"]
    text, tokens = write(SPECIAL, ids, [stop])
    shown, end = write(SPECIAL, ids, [stop], skip=False)
    assert tokens == end == case["tokens"]
    if tokens is None:
        assert (text, shown) == (SPECIAL.decode(ids), SPECIAL.decode(ids, False))
    else:
        full = SPECIAL.decode(ids[:tokens], skip_special_tokens=False)
        assert shown == full[: full.index(stop)]
        assert text == without_special(shown)


@pytest.mark.parametrize("case", GOLDEN["prompted"], ids=str)
def test_a_stop_may_begin_in_the_prompt_as_in_transformers(case: dict[str, Any]) -> None:
    tokenizer = load(folder(case["case"]))
    prompt, ids, stop = case["prompt"], case["ids"], case["stop"]
    text, tokens = write(tokenizer, ids, [stop], prompt=prompt)
    assert tokens == case["tokens"]
    ends = [ends_with_a_stop(tokenizer, [*prompt, *ids[: n + 1]], [stop]) for n in range(len(ids))]
    assert [*ends, True].index(True) + 1 == (tokens or len(ids) + 1)
    whole = tokenizer.decode(ids)
    assert whole.startswith(text)
    assert tokens or text == whole


def without_special(text: str) -> str:
    """The text without special tokens, nor the beginning of one that it ends with."""
    for token in ("<s>", "<|im_end|>", "<|tool|>"):
        text = text.replace(token, "")
    return text.partition("<")[0]


def test_the_text_ends_where_a_stop_begins_inside_a_special_token() -> None:
    ids = [*SPECIAL.encode("one two"), 259, *SPECIAL.encode("x")]
    for stop in ("<|im_end|>", "two<|im_end|>", "end|>x", "|im"):
        text, _ = write(SPECIAL, ids, [stop])
        assert text == ("one " if stop.startswith("two") else "one two")


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_without_a_stop_nothing_is_lost(kind: str, data: st.DataObject) -> None:
    tokenizer = KINDS[kind]
    ids = data.draw(st.lists(st.integers(0, tokenizer.size - 1), min_size=1, max_size=30))
    skip = data.draw(st.booleans())
    assert write(tokenizer, ids, ["never this"], skip) == (tokenizer.decode(ids, skip), None)


def test_a_space_that_a_decoder_strips_moves_no_stop() -> None:
    """Before "Hello" there is a space in the text with its special token, and none without."""
    tokenizer = load(folder("pieces"))
    ids = [1, *tokenizer.encode("Hello you", add_special_tokens=False)]
    assert tokenizer.decode(ids, False) == "<s> Hello you"
    assert write(tokenizer, ids, ["you"])[0] == "Hello "
    assert write(tokenizer, ids, ["lo"])[0] == "Hel"


async def test_every_kind_of_answer_ends_so(make_model: Maker) -> None:
    model, _ = make_model("fine")
    options: dict[str, Any] = {"stop": ["xf"], "max_new_tokens": 3}
    one = await model.generate("x", **options)
    assert (str(one), len(one.ids), one.finish_reason) == ("", 1, "stop")
    [same, other] = await model.generate(["x", "y"], **options)
    assert (str(same), same.finish_reason) == ("", "stop")
    assert (str(other), other.finish_reason) == ("fin", "length")
    [first, *_] = await model.generate("x", num_beams=2, num_return_sequences=1, **options)
    assert (str(first), first.finish_reason) == ("", "stop")
    assert str(await model.generate("xf", **options)) == "fin"  # it ended before the answer


def test_a_space_that_the_answer_lacks_is_found_and_not_told() -> None:
    """A decoder takes the space of "▁you" away where nothing is before it."""
    tokenizer = load(folder("pieces"))
    prompt = tokenizer.encode("Hello")
    ids = tokenizer.encode("you and", add_special_tokens=False)
    assert write(tokenizer, ids, [" yo"], prompt=prompt)[0] == ""
    assert write(tokenizer, ids, ["o y"], prompt=prompt)[0] == ""
    assert write(tokenizer, ids, ["o z"], prompt=prompt) == ("you and", None)
    assert write(tokenizer, ids, ["o "], prompt=prompt) == ("", 1)
    assert write(tokenizer, ids, ["u "], prompt=prompt)[0] == "yo"
    assert write(tokenizer, ids, [" and"], prompt=prompt)[0] == "you"
