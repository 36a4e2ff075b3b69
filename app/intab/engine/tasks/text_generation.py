"""text-generation: a decoder that continues text, which `intab.load` gives as a Model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intab.engine.hub.roles import DECODER, EMBEDDER, Need
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, OnProgress
from intab.engine.model import Model
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.decoder import Decoder
from intab.engine.runtime.first_alone import COARSE, FirstAlone
from intab.engine.runtime.graphs import DecoderGraphs
from intab.engine.runtime.protocols import Runtime
from intab.engine.runtime.recompute import recompute_where_needed
from intab.engine.runtime.single_step import made_right
from intab.engine.tasks.base import Card, Parts
from intab.engine.tasks.heads import use_of
from intab.engine.tasks.self_test import FirstRuns, try_out
from intab.engine.tasks.webgpu_checks import check_bounds
from intab.engine.text.assets import Texts
from intab.errors import DeviceError, UnsupportedModelError


@dataclass(frozen=True)
class Generator:
    """A decoder that runs, the texts that belong to it, and what its first runs told."""

    decoder: Decoder
    texts: Texts
    first: FirstRuns

    def build(self, card: Card) -> Model:
        """The model."""
        coarse = COARSE if isinstance(self.decoder, FirstAlone) else ""
        return Model(
            card.name,
            card.dtype,
            "; ".join(filter(None, (card.reason, coarse))),
            self.decoder,
            self.texts,
            card.setting,
            rows_agree=self.first.rows_agree,
            vocabulary=self.first.vocabulary,
        )


class TextGeneration:
    """A Task."""

    name = "text-generation"
    graph = "a decoder of text"
    needs: Sequence[Need] = DECODER
    texts: Sequence[str] = ()
    tokenizer = True
    config = True

    def check(self, config: ModelConfig) -> None:
        """UnsupportedModelError unless the config is a decoder's that writes text."""
        check_architecture(config)

    def check_candidate(
        self, variants: Variants, candidate: Candidate, config: ModelConfig
    ) -> None:
        """DeviceError for what is known to be wrong on WebGPU."""
        check_one_device(variants, candidate)
        check_bounds(candidate, variants.manifest, config)

    async def open(self, runtime: Runtime[B], parts: Parts[B], report: OnProgress) -> Generator:
        """The decoder, checked by its manifest's self-test."""
        graph, *others = parts.graphs.values()
        graphs = DecoderGraphs(graph, parts.texts.config, parts.names, *others)
        parts.graphs.clear()
        name = graph.name
        decoder = await runtime.open_decoder(graphs, parts.candidate.device)
        del graph, others, graphs  # their bytes, which the network has made its own
        try:
            await parts.settle()
            decoder = recompute_where_needed(await made_right(decoder, name))
        except BaseException:
            await decoder.close()
            raise
        first = await try_out(decoder, parts, report)
        int8 = parts.variants.manifest.multiplies_int8(parts.candidate.dtype)
        if int8 and decoder.plan.all_rows and not first.rows_agree:
            decoder = FirstAlone(decoder)
        return Generator(decoder, parts.texts, first)


TEXT_GENERATION = TextGeneration()


def check_architecture(config: Mapping[str, Any]) -> None:
    """UnsupportedModelError unless the config is a decoder's that writes text."""
    told = ModelConfig.of(config)
    names = told.architectures
    causal = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
    if told.is_encoder_decoder:
        raise UnsupportedModelError(
            "This model cannot continue text: it is an encoder-decoder. Load it for its task, such "
            'as intab.pipeline("text2text-generation", ...), or choose a decoder (…ForCausalLM).'
        )
    if names and not any(name.endswith(causal) for name in names):
        raise UnsupportedModelError(
            f"This model cannot continue text: its architecture is {names[0]}{use_of(names[0])}. "
            "Choose a decoder (…ForCausalLM)."
        )


def check_one_device(variants: Variants, candidate: Candidate) -> None:
    """DeviceError if the graph that embeds is to run elsewhere than its decoder."""
    device = variants.devices.get(EMBEDDER, candidate.device)
    if device != candidate.device:
        raise DeviceError(
            f"{EMBEDDER} runs in one step with the decoder, on {candidate.device}: "
            f"leave {EMBEDDER} out of device, or choose {device} for both."
        )
