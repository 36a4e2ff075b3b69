"""What image-text-to-text is asked: chats with pictures in them, or pictures and a text, and the
text in which each picture has so many tokens as the model sees in it.

The pictures' tokens are those of transformers' Idefics3Processor and SmolVLMProcessor:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/idefics3/processing_idefics3.py
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from intab.engine.media.tiles import Tiles
from intab.engine.tasks.batches import is_stream
from intab.engine.text.chat_template import Message, check_messages
from intab.errors import OptionError, PromptError

# Where a part of a message may have its picture, as in transformers.
_SOURCES = ("image", "url", "path", "base64")
_NAMES = ("images", "text")


@dataclass(frozen=True)
class Asked:
    """One prompt: a text or a chat, as it was given, and its pictures in their order."""

    prompt: str | Sequence[Message]
    pictures: Sequence[Any] = ()

    @property
    def chat(self) -> list[Message]:
        """The messages, without pictures; none for a text."""
        return [] if isinstance(self.prompt, str) else [_plain(one) for one in self.prompt]


def arranged(inputs: Sequence[Any], options: dict[str, Any], token: str) -> tuple[Any, bool]:
    """The prompt of a call, a list or a generator of them, and whether the answers to a list stand
    side by side; what names the inputs is taken out of `options`. `token` is a picture's.
    OptionError, PromptError."""
    if len(inputs) > len(_NAMES):
        raise OptionError(f"image-text-to-text takes images and a text, not {len(inputs)} inputs.")
    given: dict[str, Any] = dict(zip(_NAMES, inputs, strict=False))
    for name in _NAMES:
        if name in options and name in given:
            raise OptionError(f"{name} is given twice.")
        given[name] = options.pop(name, given.get(name))
    images, text = given["images"], given["text"]
    if text is None:
        return (images if is_stream(images) else _each(images)), False
    if images is None:
        return (text if is_stream(text) else _each(text)), _are_texts(text)
    if isinstance(text, str):
        return Asked(text, _listed(images)), False
    if not _are_texts(text):
        raise OptionError(
            "Put the pictures into the messages: {'role': 'user', 'content': [{'type': 'image', "
            "'image': picture}, {'type': 'text', 'text': ...}]}."
        )
    return _dealt(_listed(images), text, token), True


def _each(given: Any) -> Any:
    """A prompt, or several."""
    several = isinstance(given, list | tuple) and given and not _is_chat(given)
    return [asked(one) for one in given] if several else asked(given)


def asked(given: Any) -> Asked:
    """A prompt as a user gives it; PromptError."""
    if isinstance(given, Asked):
        return given
    if isinstance(given, str):
        return Asked(given)
    if _is_chat(given):
        check_messages(given)
        return Asked(list(given), [*chain.from_iterable(map(_pictures, given))])
    if isinstance(given, Mapping) and isinstance(given.get("text"), str):
        pictures = given.get("images", given.get("image"))
        return Asked(given["text"], [] if pictures is None else _listed(pictures))
    raise PromptError(
        "A prompt is a list of messages, a text, images= and text=, or a dict of these two, not "
        f"{type(given).__name__}."
    )


def _is_chat(given: Any) -> bool:
    first = given[0] if isinstance(given, list | tuple) and given else None
    return isinstance(first, Mapping) and "role" in first


def _are_texts(given: Any) -> bool:
    return (
        isinstance(given, list | tuple) and bool(given) and all(isinstance(t, str) for t in given)
    )


def _listed(pictures: Any) -> list[Any]:
    if not isinstance(pictures, list | tuple):
        return [pictures]
    return [*chain.from_iterable(map(_listed, pictures))]


def _dealt(pictures: list[Any], texts: Sequence[str], token: str) -> list[Asked]:
    """Each text with as many of the pictures as it has places for."""
    left = iter(pictures)
    found = [Asked(text, [*islice(left, text.count(token))]) for text in texts]
    if rest := [*left]:
        raise PromptError(
            f"Pictures without a place in the texts: {len(rest)}. Write {token} into them, one for "
            "each picture."
        )
    return found


def _pictures(message: Message) -> list[Any]:
    """What a message shows; PromptError for what is neither text nor picture."""
    found = []
    for part in map(_as_image, _parts(message)):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind not in ("text", "image"):
            raise PromptError(f'A message has parts of type "text" and "image", not {kind!r}.')
        if kind == "image":
            found.append(_source(part))
    return found


def _parts(message: Message) -> Sequence[Any]:
    content = message.get("content")
    return content if isinstance(content, list | tuple) else ()


def _as_image(part: Any) -> Any:
    """A part as transformers writes it, of one that has its picture as OpenAI writes it."""
    if not isinstance(part, Mapping) or part.get("type") != "image_url":
        return part
    said = part.get("image_url")
    return {"type": "image", "url": said.get("url") if isinstance(said, Mapping) else said}


def _source(part: Mapping[str, Any]) -> Any:
    name = next((name for name in _SOURCES if part.get(name) is not None), None)
    if name is None:
        raise PromptError(
            f'A part of type "image" has its picture under {", ".join(_SOURCES)}, and here under '
            "none of them."
        )
    if name != "base64":
        return part[name]
    try:
        return base64.b64decode(part[name], validate=True)
    except (binascii.Error, TypeError, ValueError) as exc:
        raise PromptError(f"What is under base64 cannot be decoded ({exc}).") from exc


def _plain(message: Message) -> Message:
    """Without pictures, which a chat template has no use for."""
    if not (parts := _parts(message)):
        return message
    kept = [{k: v for k, v in _as_image(part).items() if k not in _SOURCES} for part in parts]
    return {**message, "content": kept}


@dataclass(frozen=True)
class Marks:
    """The tokens around what the model sees: `length` times `image` for each tile, after one of
    `around`, and the name of its place or `whole`."""

    length: int
    image: str = "<image>"
    around: str = "<fake_token_around_image>"
    whole: str = "<global-img>"

    @classmethod
    def of(cls, length: int, said: Mapping[str, Any]) -> Marks:
        """Those that tokenizer_config.json names, else the usual ones."""
        names = ("image_token", "fake_image_token", "global_image_token")
        tokens = [said.get(name) for name in names]
        usual = (cls.image, cls.around, cls.whole)
        chosen = [t if isinstance(t, str) else u for t, u in zip(tokens, usual, strict=True)]
        return cls(length, *chosen)

    def written(self, text: str, seen: Sequence[Tiles]) -> str:
        """A text in which each picture's token has become all of its tokens; PromptError if there
        are not as many of one as of the other."""
        first, *rest = text.split(self.image)
        if len(rest) != len(seen):
            raise PromptError(
                f"Pictures: {len(seen)}; places for them in the text ({self.image}): {len(rest)}. "
                "Write one for each."
            )
        return first + "".join(self._of(one) + t for one, t in zip(seen, rest, strict=True))

    def _of(self, tiles: Tiles) -> str:
        shown = self.image * self.length
        whole = self.around + self.whole + shown + self.around
        if not tiles.rows:
            return whole
        places = range(1, tiles.rows + 1), range(1, tiles.columns + 1)
        lines = [
            "".join(f"{self.around}<row_{row}_col_{column}>{shown}" for column in places[1])
            for row in places[0]
        ]
        return "\n".join([*lines, "", whole])
