"""The metadata of a GGUF file by name, each value of the type that is asked for.

keys = Keys(path, metadata, "llama")
keys.size("embedding_length")       # llama.embedding_length, a whole number from 1 on
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from intab.convert.config import LARGEST
from intab.errors import ConvertError


@dataclass(frozen=True)
class Keys:
    """Metadata; names without a dot-ended prefix of their own are those of the architecture."""

    path: Path
    metadata: Mapping[str, Any]
    architecture: str
    read: set[str] = field(default_factory=set)

    def __contains__(self, name: str) -> bool:
        return self.full(name) in self.metadata

    def full(self, name: str) -> str:
        """The name as the file has it."""
        general = name.startswith(("general.", "tokenizer."))
        return name if general else f"{self.architecture}.{name}"

    def get(self, name: str) -> Any:
        """A value of any type, None if there is none."""
        self.read.add(self.full(name))
        return self.metadata.get(self.full(name))

    def size(self, name: str, otherwise: int | None = None) -> int:
        """A whole number from 1 on; of a list whose entries are one and the same, that one."""
        value = self.get(name)
        if value is None and otherwise is not None:
            return otherwise
        if isinstance(value, list) and value and all(one == value[0] for one in value):
            value = value[0]
        if type(value) is int and 1 <= value <= LARGEST:
            return value
        if isinstance(value, list):
            raise ConvertError(
                f"{self.path} has layers that differ from each other ({self.full(name)}), which no "
                "graph of ours computes."
            )
        raise self.wrong(name, f"a whole number from 1 to {LARGEST:,}")

    def count(self, name: str) -> int:
        """A whole number from 0 on, 0 if there is none."""
        value = self.get(name)
        if value is None or (type(value) is int and 0 <= value <= LARGEST):
            return value or 0
        raise self.wrong(name, f"a whole number from 0 to {LARGEST:,}")

    def number(self, name: str, otherwise: float | None = None) -> float:
        """A finite number, in the fewest digits that say it."""
        value = self.get(name)
        if value is None and otherwise is not None:
            return otherwise
        if type(value) not in (int, float) or not math.isfinite(value):
            raise self.wrong(name, "a number")
        # Files have 32 bits: 1e-06 became 9.999999974752427e-07.
        with np.errstate(over="ignore"):
            short = np.float32(value)
        return float(str(short)) if short == value else float(value)

    def text(self, name: str) -> str:
        """A text, "" if there is none."""
        value = self.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        raise self.wrong(name, "a text")

    def flag(self, name: str, otherwise: bool) -> bool:
        """True or false."""
        value = self.get(name)
        if value is None or isinstance(value, bool):
            return otherwise if value is None else value
        raise self.wrong(name, "true or false")

    def items(self, name: str, kind: type | tuple[type, ...]) -> list[Any] | None:
        """A list whose entries are of a type, None if there is none."""
        value = self.get(name)
        if value is None:
            return None
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if isinstance(value, list) and all(type(one) in kinds for one in value):
            return value
        raise self.wrong(name, f"a list of {kinds[0].__name__}")

    def wrong(self, name: str, right: str) -> ConvertError:
        """The error for a value of another type, or for one that is missing."""
        if self.full(name) not in self.metadata:
            return ConvertError(f"{self.path} has no {self.full(name)}: take another file.")
        shown = str(self.metadata[self.full(name)])
        shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
        return ConvertError(f"{self.full(name)} in {self.path} must be {right}, not {shown}.")
