"""Prompts with pictures, as the recorded calls of image-text-to-text have them."""

from __future__ import annotations

from typing import Any

from tests.golden.make_cutouts import picture


def shown(prompt: Any, names: list[str]) -> Any:
    """A prompt with the pictures of these names in it; a text stays as it is."""
    pictures = iter(picture(name, 3) for name in names)
    if isinstance(prompt, str):
        return prompt
    return [
        {**message, "content": [
            {**part, "image": next(pictures)} if part["type"] == "image" else part
            for part in message["content"]]}
        if isinstance(message["content"], list) else message
        for message in prompt
    ]  # fmt: skip


def told(found: Any) -> Any:
    """Answers without pictures: an answer's text or its last message."""
    texts = [one["generated_text"] for one in found]
    return [text if isinstance(text, str) else text[-1] for text in texts]
