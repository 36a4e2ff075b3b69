"""generation_config.json: what it asks for is done, or told of."""

import warnings
from typing import Any

import pytest

from intab.engine.generation.generation_config import read_defaults, unsupported
from intab.engine.generation.options import GenerationOptions
from intab.errors import ManifestError, OptionError
from tests.engine.conftest import Maker


def test_what_it_asks_for_is_done() -> None:
    config = {
        "num_beams": 3,
        "length_penalty": 2.0,
        "early_stopping": True,
        "repetition_penalty": 1.2,
        "stop_strings": ["###"],
        "sequence_bias": [[[1, 2], 0.5]],
        "exponential_decay_length_penalty": [4, 1.5],
        "renormalize_logits": True,
        "remove_invalid_values": True,
        "eos_token_id": [1, 2],
        "transformers_version": "5.23.0",
        "bos_token_id": 0,
    }
    options = GenerationOptions.make({}, read_defaults(config, 9))
    assert (options.num_beams, options.length_penalty, options.early_stopping) == (3, 2.0, True)
    assert options.repetition_penalty == 1.2
    assert options.stop == ("###",)
    assert options.eos_token_id == (1, 2)
    assert options.sequence_bias == (((1, 2), 0.5),)
    assert options.exponential_decay_length_penalty == (4, 1.5)
    assert options.renormalize_logits
    assert options.remove_invalid_values


def test_the_end_token_of_another_file() -> None:
    assert read_defaults({"eos_token_id": None}, 9)["eos_token_id"] == 9


@pytest.mark.parametrize(
    ("config", "lost"),
    [
        ({"guidance_scale": 1.5}, ["guidance_scale=1.5"]),
        ({"guidance_scale": 1.0, "num_beam_groups": 1, "min_length": 0}, []),
        ({"constraints": None, "token_healing": False}, []),
        ({"dola_layers": "high", "top_h": 0.3}, ["top_h=0.3", "dola_layers='high'"]),
    ],
)
def test_what_is_not_supported(config: dict[str, Any], lost: list[str]) -> None:
    assert unsupported(config) == lost


async def test_it_is_told_of_and_the_model_works(make_model: Maker) -> None:
    with pytest.warns(UserWarning, match=r"asks for guidance_scale=2.*may differ"):
        model, _ = make_model("fine", generation={"guidance_scale": 2})
    assert str(await model.generate("x")) == "fine"


def test_silence_where_nothing_is_lost() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_defaults({"guidance_scale": 1, "temperature": 0.5}, None)


def test_what_is_out_of_range() -> None:
    with pytest.raises(ManifestError, match="num_beams must be"):
        read_defaults({"num_beams": 0}, None)


@pytest.mark.parametrize(
    "config",
    [
        {"top_k": -1, "do_sample": False},
        {"temperature": "0.7"},
        {"typical_p": 0},
        {"top_p": 1.5, "do_sample": True},
        {"epsilon_cutoff": -1, "do_sample": True},
        {"no_repeat_ngram_size": -1},
        {"eos_token_id": -1},
        {"suppress_tokens": [-1]},
        {"begin_suppress_tokens": 300},
        {"forced_bos_token_id": 300},
        {"bad_words_ids": [[300, 1]]},
        {"sequence_bias": [[[1, 300], 2.0]]},
    ],
)
async def test_what_changes_nothing_is_told_and_left_out(
    config: dict[str, Any], make_model: Maker
) -> None:
    """transformers 5.24 answers with all of them."""
    with pytest.warns(UserWarning, match=f"asks for {next(iter(config))}=.*changes nothing"):
        model, _ = make_model("fine", generation={"eos_token_id": 256, **config})
    assert str(await model.generate("x", do_sample=False)) == "fine"


def test_ids_that_are_there_are_kept() -> None:
    with pytest.warns(UserWarning, match="suppress_tokens"):
        found = read_defaults({"suppress_tokens": [-1, 5, 9], "eos_token_id": 8}, None, 9)
    assert found == {"suppress_tokens": [5], "eos_token_id": 8}


@pytest.mark.parametrize("name", ["num_beams", "num_return_sequences", "prompt_lookup_num_tokens"])
def test_a_folder_cannot_ask_for_all_memory(name: str) -> None:
    with pytest.raises(ManifestError, match=f"{name} must be 1,000 at most, not 1,000,000,000"):
        read_defaults({name: 10**9, "do_sample": True}, None)


@pytest.mark.parametrize(
    "config",
    [
        {"top_k": -1, "do_sample": True},
        {"typical_p": 0, "do_sample": True},
        {"temperature": "0.7", "do_sample": True},
        {"max_new_tokens": 0},
        {"max_length": "8"},
        {"bad_words_ids": 5},
        {"suppress_tokens": ["x"]},
        {"eos_token_id": {}},
        {"repetition_penalty": 0},
        {"sequence_bias": [[[1], "x"]]},
        {"sequence_bias": [[], 1]},
        {"exponential_decay_length_penalty": 5},
    ],
)
def test_what_transformers_refuses_is_an_error(config: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match=r"generation_config\.json is not valid: "):
        read_defaults(config, None, 9)


async def test_lengths_that_count_the_prompt(make_model: Maker) -> None:
    model, _ = make_model("fine words", generation={"max_length": 8})
    assert len((await model.generate("Hello")).ids) == 3
    assert len((await model.generate("Hello", max_new_tokens=5)).ids) == 5
    assert len((await model.generate("Hello", max_length=6)).ids) == 1
    with pytest.raises(OptionError, match="The prompt has 8 tokens and max_length, which counts"):
        await model.generate("Hello Hi")


async def test_the_number_of_new_tokens_wins(make_model: Maker) -> None:
    model, _ = make_model("fine words", generation={"max_new_tokens": 4})
    with pytest.warns(UserWarning, match=r"Both max_new_tokens \(=4\) and max_length \(=6\)"):
        assert len((await model.generate("Hello", max_length=6)).ids) == 4
    with pytest.warns(UserWarning, match="min_new_tokens takes precedence"):
        options = GenerationOptions.make({"min_new_tokens": 1, "min_length": 9}, {})
    assert options.for_prompt(5).min_new_tokens == 1


def test_the_least_length_is_that_of_prompt_and_answer() -> None:
    options = GenerationOptions.make({"max_new_tokens": 4}, {"min_length": 7})
    assert options.for_prompt(5).min_new_tokens == 2
    assert options.for_prompt(1).min_new_tokens == 4  # transformers goes no further either
    assert options.for_prompt(9).min_new_tokens == 0
    assert GenerationOptions.make({"max_new_tokens": 3}, {"min_new_tokens": 9}).min_new_tokens == 3


async def test_an_end_that_the_model_never_gives_is_none(make_model: Maker) -> None:
    model, _ = make_model("fine", generation={"eos_token_id": [256, 999], "min_new_tokens": 2})
    assert str(await model.generate("x")) == "fine"
