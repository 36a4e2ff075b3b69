"""What image-text-to-text may be asked, and the tokens that pictures have in a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from intab.engine.media.tiles import Tiles
from intab.engine.tasks.seen_prompts import Asked, Marks, arranged, asked
from intab.errors import OptionError, PromptError

CHAT: list[Any] = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": [
        {"type": "image", "url": "a.png"}, {"type": "text", "text": "and"},
        {"type": "image", "base64": "aGk="}]},
]  # fmt: skip
SEEN = Asked(CHAT, ["a.png", b"hi"])
TEXT = Asked("<image> a", ["b.png"])


@pytest.mark.parametrize(
    ("inputs", "options", "wanted", "flat"),
    [
        ([CHAT], {}, SEEN, False),
        ([], {"text": CHAT}, SEEN, False),
        ([], {"images": [CHAT, CHAT]}, [SEEN, SEEN], False),
        ([], {"text": [CHAT]}, [SEEN], False),
        (["b.png", "<image> a"], {}, TEXT, False),
        (["b.png"], {"text": "<image> a"}, TEXT, False),
        ([], {"images": ["b.png"], "text": "<image> a"}, TEXT, False),
        ([{"images": "b.png", "text": "<image> a"}], {}, TEXT, False),
        ([[{"image": "b.png", "text": "<image> a"}]], {}, [TEXT], False),
        ([["b.png", ["c.png"]], ["<image> a", "no", "<image>"]], {},
         [TEXT, Asked("no", []), Asked("<image>", ["c.png"])], True),
        ([], {"text": "no"}, Asked("no"), False),
        ([], {"text": ["no", "none"]}, [Asked("no"), Asked("none")], True),
    ],
)  # fmt: skip
def test_the_ways_to_ask(
    inputs: list[Any], options: dict[str, Any], wanted: Any, flat: bool
) -> None:
    left = {**options, "top_k": 3}
    assert arranged(inputs, left, "<image>") == (wanted, flat)
    assert left == {"top_k": 3}


def test_a_generator_stays_one() -> None:
    def chats() -> Iterator[Any]:
        yield CHAT

    given, flat = arranged([chats()], {}, "<image>")
    assert [asked(one) for one in given] == [SEEN]
    assert flat is False


def test_a_template_gets_no_pictures() -> None:
    kept = [{"type": "image"}, {"type": "text", "text": "and"}, {"type": "image"}]
    assert SEEN.chat == [CHAT[0], {"role": "user", "content": kept}]


def test_pictures_as_openai_has_them() -> None:
    parts = [{"type": "image_url", "image_url": said} for said in ({"url": "a.png"}, "b.png")]
    found = asked([{"role": "user", "content": parts}])
    assert found.pictures == ["a.png", "b.png"]
    assert found.chat == [{"role": "user", "content": [{"type": "image"}, {"type": "image"}]}]
    assert found.prompt == [{"role": "user", "content": parts}]


def message(*parts: Any) -> list[Any]:
    return [{"role": "user", "content": list(parts)}]


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ([], "A prompt is a list of messages, a text, images= and text=, or a dict of these two"),
        ([[]], "not list"),
        ([3], "not int"),
        ([{"images": "a.png"}], "not dict"),
        ([message({"type": "video", "url": "a.mp4"})], "has parts of type .text. and .image., not"),
        ([message("a.png")], "not None"),
        ([[*CHAT, 3]], "Message 2 must be a dict"),
        ([message({"type": "image_url"})], "has its picture under"),
        ([message({"type": "image"})], "has its picture under image, url, path, base64, and here"),
        ([message({"type": "image", "base64": "?"})], "What is under base64 cannot be decoded"),
        ([["a.png", "b.png"], ["<image>", "no"]], "Pictures without a place in the texts: 1"),
    ],
)
def test_what_is_no_prompt(inputs: list[Any], says: str) -> None:
    with pytest.raises(PromptError, match=says):
        arranged(inputs, {}, "<image>")


def test_what_does_not_go_together() -> None:
    with pytest.raises(OptionError, match="Put the pictures into the messages"):
        arranged(["a.png", CHAT], {}, "<image>")
    with pytest.raises(OptionError, match="takes images and a text, not 3 inputs"):
        arranged(["a.png", "<image>", "b"], {}, "<image>")
    with pytest.raises(OptionError, match="text is given twice"):
        arranged(["a.png", "<image>"], {"text": "b"}, "<image>")


def test_the_tokens_of_pictures() -> None:
    marks = Marks.of(2, {"image_token": "<i>", "fake_image_token": "<f>", "global_image_token": 3})
    tiles, whole = Tiles([], 2, 1), Tiles([], 0, 0)
    assert marks.written("a <i>, <i>.", [tiles, whole]) == (
        "a <f><row_1_col_1><i><i>\n<f><row_2_col_1><i><i>\n\n<f><global-img><i><i><f>, "
        "<f><global-img><i><i><f>."
    )
    with pytest.raises(PromptError, match="Pictures: 1; places for them in the text"):
        marks.written("a <image>", [whole])
