"""Prompts with pictures, as the recorded calls of image-text-to-text have them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
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


def altered(source: Path, folder: Path, files: Mapping[str, Mapping[str, Any]]) -> Path:
    """A copy of a model's folder with other settings in its files; None takes one out."""
    shutil.copytree(source, folder)
    for name, more in files.items():
        file = folder / name
        said = json.loads(file.read_text("utf-8")) if file.exists() else {}
        kept = {key: value for key, value in {**said, **more}.items() if value is not None}
        file.write_text(json.dumps(kept), "utf-8")
    return folder
