"""The three layers: ids, chunks, the whole; every way a generation ends."""

from typing import Any

import numpy as np
import pytest

from intab.engine.generation.decode import complete, generate_tokens, stream
from intab.engine.generation.metrics import Meter, Metrics, Setting
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.sequence_state import SequenceState, make_end
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits
from intab.errors import OptionError, RunError
from tests.engine.support.networks import EOS, VOCABULARY, FakeSession


def options(**passed: Any) -> GenerationOptions:
    return GenerationOptions.make(passed, {"eos_token_id": EOS})


async def texts(tokenizer: Tokenizer, answer: str, **passed: Any) -> list[tuple[str, str | None]]:
    session = FakeSession(tokenizer.encode(answer))
    chunks = stream(session, tokenizer, [1, 2], options(**passed), Meter(2))
    return [(chunk.text, chunk.finish_reason) async for chunk in chunks]


async def test_the_prompt_goes_in_once_then_token_by_token() -> None:
    session = FakeSession([7, 8])
    state = SequenceState([1, 2, 3], options())
    steps = [step async for step in generate_tokens(session, state)]
    assert [(step.token, step.end) for step in steps] == [(7, None), (8, None), (EOS, "eos")]
    assert state.ids == [1, 2, 3, 7, 8, EOS]
    assert session.steps == [[[1, 2, 3]], [[7]], [[8]]]


async def test_a_step_has_the_row_as_the_model_gave_it() -> None:
    def spoil(ids: list[int], logits: Logits) -> Logits:
        logits[:] = 0
        logits[9] = 1
        return logits

    chosen = options(max_new_tokens=2, logit_bias={7: -9}, logits_processors=[spoil], logprobs=True)
    state = SequenceState([1], chosen)
    steps = [step async for step in generate_tokens(FakeSession([7, 8]), state)]
    assert [step.token for step in steps] == [9, 9]
    assert [int(step.row.argmax()) for step in steps] == [7, 8]
    assert [float(step.row.sum()) for step in steps] == [5, 5]


def test_the_end_is_told_by_token_length_and_time() -> None:
    now = iter([10.0, 11.0, 11.9, 12.0])
    end = make_end(options(max_new_tokens=3, max_time=2), lambda: next(now))
    assert end(EOS, 1) == "eos"
    assert end(7, 3) == "length"
    assert [end(7, 1), end(7, 2), end(7, 2)] == [None, None, "time"]


async def test_it_ends_at_the_end_token(tokenizer: Tokenizer) -> None:
    assert await texts(tokenizer, "hi") == [("h", None), ("i", None), ("", "eos")]


async def test_it_ends_at_the_length(tokenizer: Tokenizer) -> None:
    assert await texts(tokenizer, "hi!", max_new_tokens=2) == [("h", None), ("i", "length")]


async def test_it_ends_at_a_stop_string_across_tokens(tokenizer: Tokenizer) -> None:
    parts = await texts(tokenizer, "one. Two! three", stop=["o!", "###"])
    assert "".join(text for text, _ in parts) == "one. Tw"
    assert parts[-1][1] == "stop"


async def test_what_began_like_a_stop_string_is_not_lost(tokenizer: Tokenizer) -> None:
    parts = await texts(tokenizer, "a##", stop="###")
    assert parts == [("a", None), ("##", "eos")]


async def test_it_ends_when_the_time_is_up(tokenizer: Tokenizer) -> None:
    parts = await texts(tokenizer, "hello", max_time=1e-9)
    assert parts == [("h", "time")]


async def test_an_end_token_waits_for_the_least_number(tokenizer: Tokenizer) -> None:
    session = FakeSession(tokenizer.encode("a"))
    chosen = options(min_new_tokens=3, max_new_tokens=9)
    whole = await complete(stream(session, tokenizer, [1], chosen, Meter(1)))
    assert (len(whole.ids), whole.finish_reason) == (4, "eos")


async def test_penalties_and_bans_reach_the_sampler(tokenizer: Tokenizer) -> None:
    """The script asks for "aaa"; each option forbids the second a in its own way."""
    a = tokenizer.encode("a")[0]
    for passed in (
        {"no_repeat_ngram_size": 1},
        {"bad_words_ids": [[a, a]]},
        {"logit_bias": {a: -9}},
        {"suppress_tokens": a},
        {"begin_suppress_tokens": a},
    ):
        session = FakeSession([a, a, a])
        chosen = options(max_new_tokens=3, **passed)
        whole = await complete(stream(session, tokenizer, [1], chosen, Meter(1)))
        assert whole.ids != (a, a, a), passed


async def test_a_character_comes_whole(tokenizer: Tokenizer) -> None:
    assert await texts(tokenizer, "né") == [("n", None), ("é", None), ("", "eos")]
    assert await texts(tokenizer, "né", max_new_tokens=2) == [("n", None), ("\ufffd", "length")]


async def test_the_whole_has_text_ids_reason_and_figures(tokenizer: Tokenizer) -> None:
    session = FakeSession(ids := tokenizer.encode("héllo"))
    whole = await complete(stream(session, tokenizer, [1], options(), Meter(1)))
    assert (str(whole), whole.finish_reason) == ("héllo", "eos")
    assert whole.ids == (*ids, EOS)
    assert (whole.metrics.prompt_tokens, whole.metrics.new_tokens) == (1, len(ids) + 1)


async def test_sampling_with_a_seed_repeats(tokenizer: Tokenizer) -> None:
    async def once(seed: int) -> str:
        chosen = options(temperature=3.0, max_new_tokens=12, seed=seed)
        chunks = stream(FakeSession([5] * 12), tokenizer, [1], chosen, Meter(1))
        return (await complete(chunks)).text

    assert await once(1) == await once(1)
    assert await once(1) != await once(2)


async def test_processors_see_the_ids_and_change_the_row(tokenizer: Tokenizer) -> None:
    seen: list[list[int]] = []

    def force_a(ids: list[int], logits: Logits) -> Logits:
        seen.append(list(ids))
        logits[tokenizer.encode("a")[0]] = 99
        return logits

    chunks = await texts(tokenizer, "xy", max_new_tokens=2, logits_processors=[force_a])
    assert "".join(text for text, _ in chunks) == "aa"
    assert seen == [[1, 2], [1, 2, tokenizer.encode("a")[0]]]


@pytest.mark.parametrize("answer", [None, np.zeros(3), "text", [["x"]]])
async def test_a_processor_must_return_the_row(tokenizer: Tokenizer, answer: Any) -> None:
    def forgetful(ids: list[int], logits: Logits) -> Any:
        return answer

    with pytest.raises(OptionError, match=f"forgetful returned .*{VOCABULARY} numbers"):
        await texts(tokenizer, "x", logits_processors=[forgetful])


@pytest.mark.parametrize(
    ("value", "says"), [(np.nan, "not finite"), (np.inf, "not finite"), (-np.inf, "No token")]
)
async def test_logits_that_leave_no_choice(tokenizer: Tokenizer, value: float, says: str) -> None:
    def spoil(ids: list[int], logits: Logits) -> Logits:
        logits[:] = value
        return logits

    with pytest.raises(RunError, match=says):
        await texts(tokenizer, "x", logits_processors=[spoil])


async def test_a_stream_without_an_end_is_an_error() -> None:
    async def cut() -> Any:
        from intab.engine.generation.streamer import TextChunk

        yield TextChunk("a", (1,))

    with pytest.raises(RunError, match="before its last chunk"):
        await complete(cut())


def test_the_meter_reports_the_first_token_and_then_by_time() -> None:
    reports: list[Metrics] = []
    # A clock of its own: a browser's may stand still for a tenth of a millisecond and more.
    times = [0.0]
    meter = Meter(4, Setting(reports.append), clock=lambda: times[-1])
    for time in (2.0, 2.1, 2.2):
        times.append(time)
        meter.token()
    assert [report.new_tokens for report in reports] == [1]
    times.append(3.5)
    meter.token()
    assert [report.new_tokens for report in reports] == [1, 4]
    assert [report.time_to_first_token for report in reports] == [2.0, 2.0]
    assert [report.prefill_rate for report in reports] == [2.0, 2.0]
    assert [report.decode_rate for report in reports] == [0.0, 2.0]


def test_rates_of_no_time_at_all_are_zero() -> None:
    meter = Meter(4, clock=lambda: 1.0)
    meter.token()
    meter.token()
    measured = meter.metrics()
    assert (measured.prefill_rate, measured.decode_rate) == (0.0, 0.0)
