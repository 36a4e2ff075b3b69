"""automatic-speech-recognition: speech becomes text, by a model that gives a letter for each moment
(ctc.py), or by Whisper, which listens and writes (whisper.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from intab.engine.hub.roles import SPEECH, Need
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.protocols import Runtime
from intab.engine.tasks.base import Parts, Ready
from intab.engine.tasks.heads import check_heads
from intab.engine.tasks.opening import check_decoders, open_reader
from intab.engine.tasks.speech.ctc import CtcRecognition
from intab.engine.tasks.speech.features import TEXTS, MelFeatures, read_features
from intab.engine.tasks.speech.whisper import WhisperPipeline
from intab.errors import UnsupportedModelError

_CTC = CtcRecognition()
_WHISPER = "WhisperForConditionalGeneration"


class SpeechRecognition:
    """A Task."""

    name = _CTC.name
    graph = _CTC.graph
    needs: Sequence[Need] = SPEECH
    texts: Sequence[str] = TEXTS
    tokenizer = False
    config = True

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError for a model that does not listen."""
        check_heads(_CTC.does, (*_CTC.heads, _WHISPER), config)

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """DeviceError for decoders on two devices."""
        check_decoders(variants, candidate)

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> Ready[Any]:
        """The pipeline, which is tried once."""
        architecture = ModelConfig.of(parts.texts.config).architecture
        writes = architecture == _WHISPER if architecture else "encoder_model" in parts.graphs
        if not writes:
            return await _CTC.open(runtime, parts, report)
        if "encoder_model" not in parts.graphs:
            raise UnsupportedModelError(
                "The folder has no encoder_model.onnx, by which Whisper listens: add it to onnx/."
            )
        features = read_features(parts.texts)
        if not isinstance(features, MelFeatures):
            raise UnsupportedModelError(
                "preprocessor_config.json is not Whisper's: take the one that belongs to the model."
            )
        if not parts.texts.tokenizer.size:
            raise UnsupportedModelError(
                "The folder has no tokenizer.json, by which tokens become text: add it."
            )
        log_mel = features.log_mel
        frames = log_mel.n_samples // log_mel.hop_length
        probe = np.zeros((1, log_mel.feature_size, frames), np.float32)
        model = await open_reader(runtime, parts, report, {"input_features": probe})
        return WhisperPipeline(self.name, model, features, runtime)
