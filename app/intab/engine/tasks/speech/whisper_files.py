"""What a Whisper model's generation_config.json says beside the options of generating.

transformers asks in many places whether a key is there at all; here what is not there is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intab.engine.io.untrusted import shown
from intab.engine.model_config import ModelConfig
from intab.errors import ManifestError

TASKS = ("translate", "transcribe")


@dataclass(frozen=True)
class WhisperFiles:
    """Its tokens and sizes; `config` and `said` are config.json and generation_config.json."""

    config: ModelConfig
    said: Mapping[str, Any]
    start: int

    @property
    def no_timestamps(self) -> int | None:
        """The token after which no times are written."""
        return self._id("no_timestamps_token_id")

    @property
    def first_time(self) -> int:
        """The token of 0.00 seconds; those of other times follow it."""
        last = self.no_timestamps
        return int(self.config.get("vocab_size") or 0) + 1 if last is None else last + 1

    @property
    def multilingual(self) -> bool | None:
        """Whether it knows several languages; None if that is not said."""
        told = self.said.get("is_multilingual")
        return told if isinstance(told, bool) else None

    @property
    def languages(self) -> dict[str, int] | None:
        """Ids by tokens such as "<|en|>"."""
        return self._ids("lang_to_id")

    @property
    def tasks(self) -> dict[str, int] | None:
        """Ids of "transcribe" and "translate"."""
        return self._ids("task_to_id")

    @property
    def language(self) -> str | None:
        """The language of sounds if a call names none, as fine-tuned models have it; None: it is
        listened for."""
        return self._text("language") if self.languages else None

    @property
    def task(self) -> str | None:
        """The task if a call names none."""
        return self._text("task") if self.tasks else None

    @property
    def previous(self) -> int | None:
        """The token before a prompt."""
        found = self._id("prev_sot_token_id")
        suppressed = self.said.get("suppress_tokens")
        if found is None and isinstance(suppressed, list) and len(suppressed) >= 2:
            return int(suppressed[-2])
        return found

    @property
    def heads(self) -> list[tuple[int, int]] | None:
        """The layers and heads of attention that follow the sound."""
        told = self.said.get("alignment_heads")
        if told is None:
            return None
        try:
            return [(int(layer), int(head)) for layer, head in told]
        except (TypeError, ValueError) as exc:
            raise _wrong("alignment_heads", "a list of pairs of numbers", told) from exc

    @property
    def forced(self) -> Sequence[tuple[int, int | None]]:
        """Places and tokens that an older file asks for."""
        told = self.said.get("forced_decoder_ids")
        told = self.config.get("forced_decoder_ids") if told is None else told
        try:
            return [(int(at), None if token is None else int(token)) for at, token in told or ()]
        except (TypeError, ValueError) as exc:
            raise _wrong("forced_decoder_ids", "a list of pairs of numbers", told) from exc

    @property
    def frames(self) -> int:
        """Frames of features that the encoder takes, of which two make one place."""
        return 2 * self.places

    @property
    def places(self) -> int:
        """What the encoder gives."""
        return self._size("max_source_positions", 1500)

    @property
    def most(self) -> int:
        """The most tokens of an answer, with what it begins with."""
        return self._size("max_target_positions", 448)

    def _size(self, name: str, default: int) -> int:
        value = self.config.get(name)
        return value if isinstance(value, int) and value > 0 else default

    def _id(self, name: str) -> int | None:
        value = self.said.get(name)
        if value is not None and (not isinstance(value, int) or value < 0):
            raise _wrong(name, "a token id", value)
        return value

    def _text(self, name: str) -> str | None:
        value = self.said.get(name)
        if value is not None and not isinstance(value, str):
            raise _wrong(name, "a text", value)
        return value

    def _ids(self, name: str) -> dict[str, int] | None:
        value = self.said.get(name)
        if value is None:
            return None
        if not isinstance(value, Mapping) or not all(isinstance(n, int) for n in value.values()):
            raise _wrong(name, "an object of token ids by name", value)
        return {str(key): number for key, number in value.items()}


def _wrong(name: str, what: str, value: object) -> ManifestError:
    return ManifestError(
        f"generation_config.json is not valid: {name} must be {what}, not {shown(value)}."
    )
