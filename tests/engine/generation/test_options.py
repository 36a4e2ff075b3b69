"""Options: transformers' names, checked ranges, defaults of the model, no silence."""

from typing import Any

import pytest

from intab.engine.generation.options import GenerationOptions
from intab.errors import OptionError

make = GenerationOptions.make


def test_defaults() -> None:
    options = make({}, {})
    assert options == GenerationOptions()
    assert options.greedy


def test_the_caller_wins_over_the_model() -> None:
    options = make({"top_k": 3}, {"top_k": 50, "temperature": 0.5, "transformers_version": "5"})
    assert (options.top_k, options.temperature) == (3, 0.5)


def test_none_means_the_default() -> None:
    assert make({"top_k": None}, {"top_k": 50}).top_k == 50


@pytest.mark.parametrize(
    ("passed", "defaults", "greedy"),
    [
        ({}, {"do_sample": True}, False),
        ({"do_sample": False}, {"do_sample": True, "temperature": 0.7}, True),
        ({"temperature": 0.7}, {}, False),
        ({"seed": 1}, {}, False),
        ({"temperature": 0}, {"do_sample": True}, True),
        ({"temperature": 0, "do_sample": False}, {}, True),
        ({"do_sample": True}, {}, False),
        ({"temperature": 0, "seed": 3}, {}, True),
        ({"do_sample": False, "seed": 3}, {"do_sample": True}, True),
    ],
)
def test_when_it_samples(passed: dict[str, Any], defaults: dict[str, Any], greedy: bool) -> None:
    assert make(passed, defaults).greedy is greedy


@pytest.mark.parametrize("name", ["temperature", "top_k", "top_p", "min_p"])
def test_an_option_without_effect_is_an_error(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name} has no effect with do_sample=False"):
        make({name: 1, "do_sample": False}, {})


def test_temperature_zero_leaves_nothing_to_the_other_options() -> None:
    with pytest.raises(OptionError, match="top_p has no effect with temperature=0"):
        make({"temperature": 0, "top_p": 0.9}, {})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("max_new_tokens", 0, "1 or more, not 0"),
        ("max_new_tokens", 2.5, "whole number"),
        ("max_new_tokens", True, "whole number"),
        ("temperature", -0.1, "0 or more"),
        ("temperature", float("nan"), "0 or more"),
        ("temperature", float("inf"), "0 or more"),
        ("temperature", "hot", "a number"),
        ("temperature", [0.5, 0.6], "a number"),
        ("temperature", 1j, "a number"),
        ("top_k", -1, "0 or more"),
        ("top_p", 1.1, "from 0 to 1"),
        ("seed", -1, "0 or more"),
        ("min_p", 1.5, "from 0 to 1"),
        ("typical_p", 0, "above 0"),
        ("repetition_penalty", 0, "more than 0"),
        ("presence_penalty", 3, "from -2 to 2"),
        ("max_time", 0, "more than 0"),
        ("stop", [""], "none of them empty"),
        ("stop", 3, "string or a list of strings"),
        ("bad_words_ids", [[]], "none of them empty"),
        ("bad_words_ids", "x", "list of lists"),
        ("logit_bias", [1], "dict from token ids to numbers"),
        ("logit_bias", {1: float("inf")}, "finite numbers"),
        ("logit_bias", {-1: 0}, "token id"),
        ("sequence_bias", 5, r"a list of \[token ids, finite number\]"),
        ("sequence_bias", [[1, 2.0]], "token ids, finite number"),
        ("sequence_bias", [[[], 2.0]], "token ids, finite number"),
        ("sequence_bias", [[[1], 2.0, 3]], "token ids, finite number"),
        ("sequence_bias", [[[-1], 2.0]], "token id"),
        ("sequence_bias", [[[1], float("nan")]], "finite number"),
        ("sequence_bias", {1: 2.0}, "token ids, finite number"),
        ("exponential_decay_length_penalty", 1.5, "a list of two"),
        ("exponential_decay_length_penalty", (1.5, 2), "a whole number, 0 or more"),
        ("exponential_decay_length_penalty", (-1, 2), "a whole number, 0 or more"),
        ("exponential_decay_length_penalty", (1, 0), "a number, more than 0"),
        ("exponential_decay_length_penalty", (1,), "a list of two"),
        ("renormalize_logits", 1, "True or False"),
        ("remove_invalid_values", "yes", "True or False"),
        ("do_sample", 1, "True or False"),
        ("eos_token_id", [1, -1], "token id"),
        ("eos_token_id", "x", "token id"),
        ("logits_processors", 5, "functions"),
    ],
)
def test_out_of_range_names_the_option_and_the_range(name: str, value: Any, says: str) -> None:
    with pytest.raises(OptionError, match=f"{name} must be .*{says}"):
        make({name: value}, {})


def test_unknown_options_are_errors_with_a_hint() -> None:
    with pytest.raises(OptionError, match="'max_tokens': did you mean max_new_tokens"):
        make({"max_tokens": 5}, {})
    with pytest.raises(OptionError, match=r"'zzz': the options are max_new_tokens, "):
        make({"zzz": 5}, {})


def test_one_or_many_ends() -> None:
    assert make({"eos_token_id": 3}, {}).eos_token_id == (3,)
    assert make({}, {"eos_token_id": [3, 4]}).eos_token_id == (3, 4)


def test_at_least_more_than_at_most() -> None:
    with pytest.raises(
        OptionError, match=r"min_new_tokens \(9\) is more than max_new_tokens \(3\)"
    ):
        make({"min_new_tokens": 9, "max_new_tokens": 3}, {})


@pytest.mark.parametrize(
    "passed",
    [
        {"suppress_tokens": [1, 10]},
        {"bad_words_ids": [[1], [2, 10]]},
        {"logit_bias": {10: 1}},
        {"sequence_bias": [[[1], 1.0], [[2, 10], 1.0]]},
        {"forced_eos_token_id": 10},
    ],
)
def test_token_ids_beyond_the_vocabulary(passed: dict[str, Any]) -> None:
    make(passed, {}).check_tokens(11)
    with pytest.raises(OptionError, match="has the token id 10, but the vocabulary ends at 9"):
        make(passed, {}).check_tokens(10)


def test_a_bias_by_sequences_as_files_and_as_python_have_it() -> None:
    wanted = (((1, 2), 0.5), ((3,), -2.0))
    assert make({"sequence_bias": [[[1, 2], 0.5], [[3], -2]]}, {}).sequence_bias == wanted
    assert make({"sequence_bias": {(1, 2): 0.5, (3,): -2.0}}, {}).sequence_bias == wanted
    twice = [[[1], 0.5], [[1], 1.5]]  # the last one counts, as in transformers
    assert make({"sequence_bias": twice}, {}).sequence_bias == (((1,), 1.5),)
    assert make({"sequence_bias": []}, {}).sequence_bias == ()


def test_one_function_is_a_list_of_one() -> None:
    assert make({"logits_processors": max}, {}).logits_processors == (max,)
