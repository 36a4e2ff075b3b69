"""automatic-speech-recognition: speech becomes text, by a model that gives a letter for each moment
(ctc.py), or by one that listens and writes: Whisper (whisper.py), Moonshine (moonshine.py).
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
from intab.engine.tasks.speech.features import TEXTS, MelFeatures, Values, read_features
from intab.engine.tasks.speech.moonshine import MoonshinePipeline, probe
from intab.engine.tasks.speech.whisper import WhisperPipeline
from intab.errors import UnsupportedModelError

_CTC = CtcRecognition()
_WHISPER = "WhisperForConditionalGeneration"
_MOONSHINE = "MoonshineForConditionalGeneration"


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
        check_heads(_CTC.does, (*_CTC.heads, _WHISPER, _MOONSHINE), config)

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """DeviceError for decoders on two devices."""
        check_decoders(variants, candidate)

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> Ready[Any]:
        """The pipeline, which is tried once."""
        architecture = ModelConfig.of(parts.texts.config).architecture
        writes = architecture in (_WHISPER, _MOONSHINE)
        if not (writes if architecture else "encoder_model" in parts.graphs):
            return await _CTC.open(runtime, parts, report)
        _check_folder(parts)
        features = read_features(parts.texts)
        if architecture == _MOONSHINE and isinstance(features, Values):
            model = await open_reader(runtime, parts, report, probe(features))
            return MoonshinePipeline(self.name, model, features, runtime)
        if architecture == _MOONSHINE or not isinstance(features, MelFeatures):
            raise UnsupportedModelError(
                "preprocessor_config.json is not the model's: take the one that belongs to it."
            )
        log_mel = features.log_mel
        frames = log_mel.n_samples // log_mel.hop_length
        silence = np.zeros((1, log_mel.feature_size, frames), np.float32)
        model = await open_reader(runtime, parts, report, {"input_features": silence})
        return WhisperPipeline(self.name, model, features, runtime)


def _check_folder(parts: Parts[B]) -> None:
    """UnsupportedModelError if a file is missing that such a model has."""
    if "encoder_model" not in parts.graphs:
        raise UnsupportedModelError(
            "The folder has no encoder_model.onnx, by which the model listens: add it to onnx/."
        )
    if not parts.texts.tokenizer.size:
        raise UnsupportedModelError(
            "The folder has no tokenizer.json, by which tokens become text: add it."
        )
