"""Stop strings are found across pieces and never leak."""

from hypothesis import given
from hypothesis import strategies as st

from intab.engine.stopping import StopFinder


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
