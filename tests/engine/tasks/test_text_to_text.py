"""Pipelines over an encoder-decoder in numpy: options, defaults, shapes, and how it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from intab.engine.generation.options import GenerationOptions
from intab.engine.hub.manifest import Manifest
from intab.engine.hub.roles import ENCODER_DECODER
from intab.engine.hub.variants import Variants, make_variants
from intab.engine.io.protocols import silent
from intab.engine.model_config import ModelConfig
from intab.engine.runtime.candidates import Candidate
from intab.engine.runtime.graphs import Graph
from intab.engine.tasks.base import Parts
from intab.engine.tasks.pipeline import Card
from intab.engine.tasks.registry import find_task
from intab.engine.tasks.text_to_text import TextToText, TextToTextPipeline
from intab.engine.text.assets import Texts
from intab.engine.text.special_tokens import TokenFiles
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import (
    ContextLengthError,
    DeviceError,
    ModelClosedError,
    OptionError,
    UnsupportedModelError,
)
from tests.engine.conftest import byte_tokenizer_json
from tests.engine.support.networks import EOS
from tests.engine.support.reading import KeepingFunction, make_decoder, make_encoder

CONFIG = {"decoder_start_token_id": 0, "eos_token_id": EOS, "model_type": "t5"}
CANDIDATE = Candidate("fake", "fp32", "")
PAIR = ("encoder_model", "decoder_model", "decoder_with_past_model")


class Runtime:
    """Opens the networks that a test made."""

    def __init__(self, networks: Mapping[str, Any]) -> None:
        self.networks = networks

    async def open_keeping(self, graph: Graph[Any], device: str) -> Any:
        return self.networks[graph.name]

    async def open(self, graph: Graph[Any], device: str) -> Any:
        return self.networks[graph.name]


def variants_of(devices: Mapping[str, str] | None = None) -> Variants:
    manifest = Manifest({}, {role: {"fp32": (f"onnx/{role}.onnx",)} for role in PAIR})
    found = make_variants(manifest, ENCODER_DECODER)
    return Variants(manifest, found.parts, devices or {})


def networks_of() -> dict[str, Any]:
    further = make_decoder(past=True, hidden=False)
    return dict(zip(PAIR, (make_encoder(), make_decoder(past=False), further), strict=True))


async def opened(
    name: str = "text2text-generation",
    config: Mapping[str, Any] = CONFIG,
    generation: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    networks: Mapping[str, Any] | None = None,
) -> TextToTextPipeline:
    settings = dict(settings or {})
    tokenizer = Tokenizer(byte_tokenizer_json(), TokenFiles(settings), config)
    texts = Texts(tokenizer, config, generation or {}, settings, {})
    made = networks or networks_of()
    graphs = {role: Graph(role, cast("Any", None)) for role in made}
    parts: Parts[Any] = Parts(graphs, texts, {}, variants_of(), CANDIDATE)
    task = find_task(name)
    assert isinstance(task, TextToText)
    pipe = await task.open(cast("Any", Runtime(made)), parts, silent)
    built = pipe.build(Card("toy", "fp32", "why"))
    assert built is pipe
    return pipe


async def test_one_text_several_and_a_generator() -> None:
    pipe = await opened()
    alone = [await pipe(text, max_new_tokens=6) for text in ("abc", "x")]
    assert await pipe(["abc", "x"], max_new_tokens=6) == [one for [one] in alone]
    assert await pipe(["abc", "x"], max_new_tokens=6, batch_size=2) == [one for [one] in alone]
    many = pipe((text for text in ("abc", "x")), max_new_tokens=3)
    assert [list(one[0]) async for one in many] == [["generated_text"]] * 2
    assert (await pipe("abc", max_new_tokens=3))[0].keys() == {"generated_text"}
    greedy = await pipe("abc", max_new_tokens=6, num_beams=1, return_tensors=True)
    assert len(greedy[0]["generated_token_ids"]) == 7
    assert (pipe.task, pipe.device, pipe.lost) == ("text2text-generation", "fake", False)
    assert "text2text-generation 'toy', fp32 on fake" in repr(pipe)


async def test_greedy_in_a_batch_is_as_alone() -> None:
    pipe = await opened()
    options: dict[str, Any] = {"max_new_tokens": 9, "num_beams": 1, "return_tensors": True}
    alone = [(await pipe(text, **options))[0] for text in ("abcdef", "x", "yz")]
    assert await pipe(["abcdef", "x", "yz"], batch_size=3, **options) == alone


async def test_a_start_that_the_caller_chooses() -> None:
    pipe = await opened()
    [one] = await pipe("abc", decoder_start_token_id=5, return_tensors=True, max_new_tokens=3)
    assert one["generated_token_ids"][0] == 5
    for wrong, says in ((-1, "0 or more"), (10**6, "the vocabulary ends at"), ("x", "whole")):
        with pytest.raises(OptionError, match=says):
            await pipe("abc", decoder_start_token_id=wrong)


async def test_a_stream_is_the_greedy_answer() -> None:
    pipe = await opened("summarization")
    chunks = [str(chunk) async for chunk in pipe.stream("abc", max_new_tokens=6)]
    [one] = await pipe("abc", max_new_tokens=6, num_beams=1)
    assert "".join(chunks) == one["summary_text"]
    with pytest.raises(OptionError, match="one answer with one beam"):
        pipe.stream("abc", num_beams=3)
    await pipe.close()
    await pipe.close()
    with pytest.raises(ModelClosedError):
        pipe.stream("abc")
    assert pipe.device == "nothing (closed)"


@pytest.mark.parametrize(
    ("generation", "params", "wanted"),
    [
        ({}, {}, {"max_new_tokens": 256, "num_beams": 4}),
        ({"num_beams": 6, "max_new_tokens": 9}, {}, {"max_new_tokens": 256, "num_beams": 4}),
        ({"max_length": 20}, {}, {"max_new_tokens": 256, "max_length": None}),
        ({"max_length": 30}, {}, {"max_length": 30, "num_beams": 4}),
        ({}, {"max_length": 30, "num_beams": 2}, {"max_new_tokens": 256, "num_beams": 2}),
    ],
)
async def test_whose_defaults_hold(
    generation: dict[str, Any], params: dict[str, Any], wanted: dict[str, Any]
) -> None:
    config = {**CONFIG, "task_specific_params": {"summarization": params}}
    said = {"decoder_start_token_id": 0, "eos_token_id": EOS, **generation}
    pipe = await opened("summarization", config, said)
    made = GenerationOptions.make({}, pipe.defaults)
    assert {name: getattr(made, name) for name in wanted} == wanted
    assert made.eos_token_id == (EOS,)


async def test_prefixes_are_of_a_task() -> None:
    params = {
        "translation_en_to_fr": {"prefix": "fr: "},
        "translation_en_to_de": {"prefix": "de: "},
    }
    config = {**CONFIG, "prefix": "any: ", "task_specific_params": params}
    found = {
        name: (await opened(name, config)).prefix
        for name in ("summarization", "translation", "translation_en_to_de")
    }
    assert found == {
        "summarization": "any: ",
        "translation": "fr: ",
        "translation_en_to_de": "de: ",
    }


async def test_a_source_that_is_too_long() -> None:
    config = {**CONFIG, "model_type": "bart", "max_position_embeddings": 8}
    pipe = await opened(config=config)
    with pytest.raises(ContextLengthError, match="has 9 tokens, the model takes 8"):
        await pipe("a" * 9)
    short = await pipe("a" * 8, max_new_tokens=3)
    assert await pipe("a" * 9, max_new_tokens=3, truncation=True) == short
    [told] = await pipe("a", num_beams=1, return_tensors=True)
    assert len(told["generated_token_ids"]) <= 8


async def test_what_cannot_be_asked() -> None:
    pipe = await opened()
    for options, says in (
        ({"truncation": 3}, "truncation must be"),
        ({"stop_sequence": ""}, "no token in it"),
        ({"prompt_lookup_num_tokens": 2}, "decoders alone"),
        ({"return_tensors": "pt"}, "return_tensors must be True or False"),
        ({"suppress_tokens": [999]}, "the vocabulary ends at 256"),
    ):
        with pytest.raises(OptionError, match=says):
            await pipe("abc", **options)
    with pytest.raises(OptionError, match="takes one input"):
        pipe("a", "b")
    found = await pipe("abc", num_beams=1, stop_sequence="q", max_new_tokens=3)
    assert len(found) == 1


async def test_models_and_graphs_that_do_not_fit() -> None:
    task = TextToText("summarization")
    for architecture, says in (
        ("WhisperForConditionalGeneration", "reads sound"),
        ("BertForMaskedLM", "does not write text from text"),
    ):
        with pytest.raises(UnsupportedModelError, match=says):
            task.check(ModelConfig({"architectures": [architecture]}))
    config = ModelConfig({})
    task.check_candidate(variants_of(), CANDIDATE, config)
    with pytest.raises(DeviceError, match="choose fake for both"):
        task.check_candidate(variants_of({"decoder_with_past_model": "gpu"}), CANDIDATE, config)
    with pytest.raises(OptionError, match="There is no task 'translation_en'"):
        find_task("translation_en")


async def test_a_model_that_does_not_run_is_given_back() -> None:
    made = networks_of()
    other = networks_of()["decoder_with_past_model"]
    other._function = lambda feeds: {k: v * 2 for k, v in _decoded(made, feeds).items()}
    with pytest.raises(DeviceError, match="other logits for three ids"):
        await opened(networks={**made, "decoder_with_past_model": other})
    assert made["encoder_model"].closed
    made = networks_of()
    await made["decoder_model"].close()
    with pytest.raises(DeviceError, match="does not run on fake"):
        await opened(networks=made)
    with pytest.raises(UnsupportedModelError, match="no decoder"):
        await opened(networks={"encoder_model": make_encoder()})
    with pytest.raises(UnsupportedModelError, match="No decoder_start_token_id"):
        await opened(config={"eos_token_id": EOS, "model_type": "t5"})


def _decoded(made: Mapping[str, Any], feeds: Any) -> Any:
    further = made["decoder_with_past_model"]
    assert isinstance(further, KeepingFunction)
    return further._function(feeds)
