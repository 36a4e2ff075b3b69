"""automatic-speech-recognition: speech becomes text, by a model that gives a letter for each moment
(ctc.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intab.engine.hub.roles import Need
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import Parts, Ready
from intab.engine.tasks.heads import check_heads
from intab.engine.tasks.speech.ctc import CtcRecognition
from intab.engine.tasks.speech.features import TEXTS

_CTC = CtcRecognition()


class SpeechRecognition:
    """A Task."""

    name = _CTC.name
    graph = _CTC.graph
    needs: Sequence[Need] = _CTC.needs
    texts: Sequence[str] = TEXTS
    tokenizer = False
    config = True

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError for a model that does not listen."""
        check_heads(_CTC.does, _CTC.heads, config)

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """Nothing is known against any."""

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> Ready[Any]:
        """The pipeline, which is tried once."""
        return await _CTC.open(runtime, parts, report)
