"""Answers of a model that are held to a schema, an expression, choices or a grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from intab.engine.generation.streamer import Generation
from intab.engine.model import Model
from intab.engine.types import Logits
from intab.errors import OptionError, RunError
from tests.engine.support.constrained import TOKENIZER, make_toy
from tests.engine.support.networks import EOS

NAMES = {
    "type": "object",
    "properties": {
        "name": {"enum": ["Ada", "Bob", "Eve"]},
        "age": {"type": "integer", "minimum": 0, "maximum": 99},
        "tags": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}
ASKED: dict[str, dict[str, Any]] = {
    "json_schema": {"json_schema": NAMES},
    "regex": {"regex": r"(ab|c){3,6}\d?"},
    "choices": {"choices": ["north", "north-east", "south", "nowhere"]},
    "grammar": {"grammar": 'start: "(" start ")" | /[a-c]{1,3}/'},
}
asked = pytest.mark.parametrize("options", ASKED.values(), ids=ASKED)


def fits(options: dict[str, Any], answer: Generation) -> None:
    """The answer is whole, or is the beginning of one."""
    if answer.finish_reason == "length":
        return
    [[name, value]] = options.items()
    if name == "json_schema":
        found = answer.json()
        assert answer.parsed == found
        assert list(found) == ["name", "age", "tags"]
        assert found["name"] in ("Ada", "Bob", "Eve")
        assert 0 <= found["age"] <= 99
        assert all(isinstance(tag, bool) for tag in found["tags"])
        return
    assert answer.parsed == answer.text
    if name == "choices":
        assert answer.text in value
    else:
        pattern = value if name == "regex" else r"\(*[a-c]{1,3}\)*"
        assert re.fullmatch(pattern, answer.text)


@asked
@pytest.mark.parametrize("seed", [None, *range(6)])
async def test_one_answer(options: dict[str, Any], seed: int | None) -> None:
    sampled = {} if seed is None else {"seed": seed, "temperature": 1.5, "do_sample": True}
    model, _ = make_toy()
    answer = await model.generate("A", max_new_tokens=100, **options, **sampled)
    assert answer.finish_reason in ("stop", "eos", "length")
    fits(options, answer)


async def test_the_end_of_a_schema_is_the_end_of_the_answer() -> None:
    model, _ = make_toy()
    answer = await model.generate("A", json_schema=NAMES, max_new_tokens=150, seed=3)
    assert answer.finish_reason == "stop"
    assert answer.ids[-1] != EOS
    assert TOKENIZER.decode(answer.ids) == answer.text


async def test_a_cut_answer_is_a_beginning() -> None:
    model, _ = make_toy()
    whole = await model.generate("A", json_schema=NAMES, max_new_tokens=150, seed=3)
    for most in range(1, len(whole.ids)):
        cut = await model.generate("A", json_schema=NAMES, max_new_tokens=most, seed=3)
        assert cut.finish_reason == "length"
        assert whole.text.startswith(cut.text)
        assert len(cut.ids) == most
    with pytest.raises(RunError, match="max_new_tokens"):
        cut.json()
    with pytest.raises(RunError, match="max_new_tokens"):
        cut.parsed  # noqa: B018


async def test_no_answer_is_cut_within_a_character() -> None:
    model, _ = make_toy()
    texts = [
        (await model.generate("A", choices=["\U0001f600é", "éé"], max_new_tokens=most)).text
        for most in range(1, 7)
    ]
    assert all("\ufffd" not in text for text in texts)
    assert texts[0] == ""
    assert texts[-1] in ("\U0001f600é", "éé")


@asked
@pytest.mark.parametrize("can_batch", [True, False], ids=["side by side", "one by one"])
async def test_a_batch_is_what_each_is_alone(options: dict[str, Any], can_batch: bool) -> None:
    model, _ = make_toy(can_batch=can_batch)
    prompts = ["A", "something", "b"]
    sampled = {"seed": 5, "max_new_tokens": 60}
    together = await model.generate(prompts, **options, **sampled)
    alone = [await model.generate(prompt, **options, **sampled) for prompt in prompts]
    assert [one.ids for one in together] == [one.ids for one in alone]
    for answer in together:
        fits(options, answer)


@asked
async def test_several_answers(options: dict[str, Any]) -> None:
    model, _ = make_toy()
    found = await model.generate(
        "A", num_return_sequences=5, max_new_tokens=60, seed=2, temperature=2, **options
    )
    assert len({one.ids for one in found}) > 1
    for answer in found:
        fits(options, answer)


@asked
@pytest.mark.parametrize("sampled", [{}, {"do_sample": True, "seed": 1}], ids=["best", "sampled"])
async def test_beams(options: dict[str, Any], sampled: dict[str, Any]) -> None:
    model, _ = make_toy()
    found = await model.generate(
        "A", num_beams=4, num_return_sequences=2, max_new_tokens=60, **options, **sampled
    )
    scores = [one.score or 0 for one in found]
    assert scores == sorted(scores, reverse=True)
    for answer in found:
        fits(options, answer)


async def test_beams_find_the_likeliest_choice() -> None:
    """Scores are sums of the model's log-probabilities, so all choices can be scored by hand."""
    model, _ = make_toy()
    words = ["ax", "by", "cz", "dw"]
    scores = {word: await score(model, word) for word in words}
    beams = await model.generate("A", choices=words, num_beams=4, length_penalty=0.0)
    assert beams.text == max(words, key=lambda word: scores[word])
    assert beams.score == pytest.approx(scores[beams.text], abs=1e-4)
    assert beams.finish_reason == "stop"


async def score(model: Model, word: str) -> float:
    told = await model.generate("A", choices=[word], logprobs=True)
    assert told.logprobs is not None
    return sum(one.logprob for one in told.logprobs)


async def test_more_beams_than_choices() -> None:
    model, _ = make_toy()
    found = await model.generate("A", choices=["yes", "no"], num_beams=5, num_return_sequences=2)
    assert {one.text for one in found} <= {"yes", "no"}


@asked
async def test_guesses_change_nothing(options: dict[str, Any]) -> None:
    model, _ = make_toy()
    prompt = 'north-east "Ada" ababab ((( "name": "Ada", "age": 1'
    alone = await model.generate(prompt, prompt_lookup_num_tokens=0, max_new_tokens=80, **options)
    guessed = await model.generate(prompt, prompt_lookup_num_tokens=8, max_new_tokens=80, **options)
    assert guessed.ids == alone.ids
    fits(options, guessed)


@pytest.mark.parametrize("guesses", [0, 8])
async def test_forced_tokens_go_in_together(guesses: int) -> None:
    model, network = make_toy()
    text = "nowhere else but here "
    answer = await model.generate(
        "A", choices=[f"{text}1{text}x", f"{text}2{text}y"], prompt_lookup_num_tokens=guesses
    )
    assert len(answer.text) == 2 * len(text) + 2
    [session] = network.sessions
    # The prompt with the first text; what was chosen ends the answer with what follows.
    assert [len(step[0]) for step in session.steps] == [1 + len(text)]
    assert answer.finish_reason == "stop"
    assert answer.metrics.new_tokens == len(answer.ids)


async def test_forced_tokens_between_choices_are_one_run_each() -> None:
    model, network = make_toy()
    answer = await model.generate("A", json_schema=NAMES, max_new_tokens=150)
    [session] = network.sessions
    assert len(session.steps) < len(answer.ids) - 25
    fed = [token for step in session.steps for token in step[0]]
    assert fed == [*model.encode("A"), *answer.ids][: len(fed)]


async def test_log_probabilities_of_forced_tokens_are_those_of_the_model() -> None:
    model, _ = make_toy()
    told = await model.generate("A", choices=["forced"], logprobs=True, top_logprobs=2)
    assert told.text == "forced"
    assert told.logprobs is not None
    assert [one.id for one in told.logprobs] == list(told.ids)
    plain = await model.generate("A", max_new_tokens=1, logprobs=True, top_logprobs=2)
    assert plain.logprobs is not None
    assert told.logprobs[0].top == plain.logprobs[0].top


async def test_a_stop_string_ends_it_earlier() -> None:
    model, _ = make_toy()
    answer = await model.generate("A", choices=["one two", "one six"], stop=" ")
    assert (answer.text, answer.finish_reason) == ("one", "stop")


async def test_processors_choose_among_what_is_allowed() -> None:
    model, _ = make_toy()
    [d] = TOKENIZER.encode("d")

    def prefer(ids: list[int], logits: Logits) -> Logits:
        logits[d] = 1000
        return logits

    answer = await model.generate("A", choices=["ab", "cd", "dc"], logits_processors=[prefer])
    assert answer.text == "dc"


async def test_processors_that_forbid_all_are_told() -> None:
    model, _ = make_toy()
    tokens = TOKENIZER.encode("ab")
    for beams in (1, 2):
        with pytest.raises(RunError, match="No token is left"):
            await model.generate("A", choices=["a", "b"], suppress_tokens=tokens, num_beams=beams)


async def test_a_chat_is_held_to_each_answers_own() -> None:
    model, _ = make_toy()
    chat = model.chat(max_new_tokens=30)
    first = await chat.send("a", choices=["yes", "no"])
    second = await chat.send("b", regex=r"\d\d")
    assert first.text in ("yes", "no")
    assert re.fullmatch(r"\d\d", second.text)
    assert [one["content"] for one in chat.messages[1::2]] == [first.text, second.text]


async def test_a_chat_is_as_it_was_after_a_refusal() -> None:
    model, _ = make_toy()
    chat = model.chat(max_new_tokens=30)
    with pytest.raises(OptionError, match="uniqueItems"):
        await chat.send("a", json_schema={"type": "array", "uniqueItems": True})
    assert chat.messages == []
    assert (await chat.send("a", choices=["yes"])).text == "yes"


async def test_chunks_are_the_answer_as_it_is_written() -> None:
    model, _ = make_toy()
    chunks = [chunk async for chunk in model.stream("A", json_schema=NAMES, max_new_tokens=150)]
    whole = await model.generate("A", json_schema=NAMES, max_new_tokens=150)
    assert "".join(map(str, chunks)) == whole.text
    assert [chunk.constraint for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)


async def test_an_answer_becomes_an_object() -> None:
    @dataclass
    class Answer:
        mood: Literal["good", "bad"]
        sure: bool

    model, _ = make_toy()
    answer = await model.generate("A", json_schema=Answer)
    assert isinstance(answer.parsed, Answer)
    assert answer.json() == vars(answer.parsed)


async def test_a_model_without_an_end_token() -> None:
    model, _ = make_toy()
    model._defaults = {k: v for k, v in model._defaults.items() if k != "eos_token_id"}
    answer = await model.generate("A", regex="[ab]{2}c*", max_new_tokens=8)
    assert re.fullmatch("[ab]{2}c{6}", answer.text)
    assert answer.finish_reason == "length"
    assert (await model.generate("A", choices=["x"])).finish_reason == "stop"


async def test_least_lengths_hold_as_far_as_the_grammar_goes() -> None:
    model, _ = make_toy()
    answer = await model.generate("A", regex="[ab]{1,20}", min_new_tokens=6)
    assert len(answer.ids) >= 6
    assert (await model.generate("A", choices=["abc"], min_new_tokens=6)).text == "abc"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"regex": "a", "choices": ["a"]}, "regex and choices both say"),
        ({"json_schema": {}, "json_object": True}, "json_schema and json_object both say"),
        ({"choices": ["a"], "forced_eos_token_id": 3}, "choices and forced_eos_token_id both say"),
        ({"choices": []}, "choices must be a list"),
    ],
)
async def test_options_that_exclude_each_other(options: dict[str, Any], told: str) -> None:
    model, _ = make_toy()
    with pytest.raises(OptionError, match=told):
        await model.generate("A", **options)


async def test_files_of_a_model_hold_no_answer_to_a_form() -> None:
    model, _ = make_toy()
    model._defaults = {**model._defaults, "regex": "z", "forced_eos_token_id": 3}
    answer = await model.generate("A", choices=["ab", "ac"], max_new_tokens=2)
    assert answer.text in ("ab", "ac")


async def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = make_toy()
    monkeypatch.setattr("intab.engine.constrain.library.is_here", lambda: False)
    with pytest.raises(OptionError, match="choices needs llguidance, which is not installed"):
        await model.generate("A", choices=["a"])
