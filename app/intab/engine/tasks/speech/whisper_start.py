"""The tokens that Whisper's answers begin with: language, task, and whether times are written.

Which they are, and what wins, is as in `_retrieve_init_tokens` of transformers 5.24:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/whisper/generation_whisper.py
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from intab.engine.tasks.speech.languages import code_of
from intab.engine.tasks.speech.whisper_files import TASKS, WhisperFiles
from intab.errors import OptionError, UnsupportedModelError

Detect = Callable[[], Awaitable[int]]  # listens for the language, and gives its token


@dataclass(frozen=True)
class Wanted:
    """What a call asks for, checked against the model by `check`."""

    language: str | None = None
    task: str | None = None
    multilingual: bool | None = None

    def or_told(self, files: WhisperFiles) -> Wanted:
        """With what generation_config.json says in the place of what a call leaves open."""
        language = files.language if self.language is None else self.language
        task = files.task if self.task is None else self.task
        return Wanted(language, task, self.multilingual)

    def check(self, files: WhisperFiles) -> None:
        """OptionError for what the model does not know."""
        several = files.multilingual if self.multilingual is None else self.multilingual
        if several is False and (self.task is not None or self.language is not None):
            raise OptionError("The model knows English alone: leave language and task out.")
        wanted = self.or_told(files)
        if wanted.language is not None:
            language_id(files, wanted.language)
        wanted._check_task(files)

    def _check_task(self, files: WhisperFiles) -> None:
        if self.task is not None:
            if self.task not in TASKS:
                raise OptionError(f"task must be one of {', '.join(TASKS)}, not {self.task!r}.")
            if self.task not in (files.tasks or {}):
                raise OptionError(
                    "The model's generation_config.json has no task_to_id with "
                    f"{self.task!r}: leave task out."
                )


def language_id(files: WhisperFiles, language: str) -> int:
    """The token of a language; OptionError."""
    known = files.languages
    if known is None:
        raise OptionError(
            "The model's generation_config.json has no lang_to_id: leave language out."
        )
    name = language.lower()
    token = name if name in known else f"<|{code_of(language)}|>"
    if token not in known:
        some = ", ".join(each.strip("<|>") for each in list(known)[:8])
        raise OptionError(
            f"The model knows no language {language!r}; it knows {some}"
            f"{' and others' if len(known) > 8 else ''}."
        )
    return known[token]


async def begin(files: WhisperFiles, wanted: Wanted, detect: Detect, *, times: bool) -> list[int]:
    """The tokens before an answer."""
    unset = wanted.task is None and wanted.language is None
    tokens: list[int | None] = [files.start, *(_forced(files) if unset else ())]
    if wanted.language is not None:
        tokens[1:2] = [language_id(files, wanted.language)]
    elif files.languages and tokens[1:2] in ([], [None]):
        tokens[1:2] = [await detect()]
    tasks = files.tasks
    if wanted.task is not None and tasks:
        tokens = [t for t in tokens if t not in tasks.values()] + [tasks[wanted.task]]
    elif wanted.language is not None and tasks and "transcribe" in tasks:
        tokens += [] if set(tokens) & set(tasks.values()) else [tasks["transcribe"]]
    last = files.no_timestamps
    if not times and last is not None and tokens[-1] != last:
        tokens.append(last)
    elif times and last is not None and tokens[-1] == last:
        tokens.pop()
    return [token for token in tokens if token is not None]


def _forced(files: WhisperFiles) -> list[int | None]:
    forced = files.forced
    if not forced or forced[0][0] != 1:
        return []
    if [at for at, _ in forced] != list(range(1, len(forced) + 1)):
        raise UnsupportedModelError(
            "forced_decoder_ids in generation_config.json leaves places out: name each from 1 on."
        )
    return [token for _, token in forced]
