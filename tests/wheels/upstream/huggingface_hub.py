"""Stands in for huggingface_hub where upstream's tests run: files that were put there before.

A page downloads nothing from the Hub. A test that asks for a file of the right kind (any
vocabulary, any text) gets one of ours; asking for another file is an error.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("/upstream/hub")


def hf_hub_download(repo_id: str, filename: str = "tokenizer.json", **_: object) -> str:
    """The path of the stand-in for this file."""
    path = FOLDER / repo_id / filename
    if not path.exists():
        raise FileNotFoundError(f"{repo_id}/{filename} would have to be downloaded")
    return str(path)
