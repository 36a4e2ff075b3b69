"""A logits processor that remembers: what it remembers is of one answer, one beam, one turn.

`NoTwice` looks at the last id alone; `no_twice` does the same from all ids and remembers nothing,
so its answers are the right ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.sequence_state import SequenceState
from intab.engine.generation.user_processors import forked, is_factory, own_processors
from intab.engine.model import Model, Texts
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.types import Logits, LogitsProcessor
from intab.errors import OptionError
from tests.engine.conftest import CONFIG, TEMPLATE
from tests.engine.support.networks import ToyNetwork, make_plan

PROMPTS = ["Hello", "abc", "a much longer prompt", "x"]
FEW = [3, 50, 83, 128, 200, 216]


class NoTwice:
    """Allows a few tokens, each of them once."""

    def __init__(self) -> None:
        self.seen: list[int] | None = None

    def __call__(self, ids: list[int], logits: Logits) -> Logits:
        self.seen = [] if self.seen is None else [*self.seen, ids[-1]]
        return only(FEW, self.seen, logits)

    def process(self, ids: list[int], logits: Logits) -> Logits:
        return self(ids, logits)


def no_twice(prompt: int) -> LogitsProcessor:
    return lambda ids, logits: only(FEW, ids[prompt:], logits)


def only(allowed: list[int], banned: list[int], logits: Logits) -> Logits:
    row = np.full_like(logits, -np.inf)
    row[allowed] = logits[allowed]
    row[banned] = -np.inf
    return row


FORMS: dict[str, Callable[[], Any]] = {
    "object": NoTwice,
    "method": lambda: NoTwice().process,
    "partial": lambda: partial(NoTwice.__call__, NoTwice()),
    "class": lambda: NoTwice,
    "factory": lambda: lambda: NoTwice(),
    "factory of methods": lambda: lambda: NoTwice().process,
}
form = pytest.mark.parametrize("passed", FORMS.values(), ids=FORMS)


@pytest.fixture(params=[True, False], ids=["side by side", "one by one"])
def model(tokenizer: Tokenizer, request: pytest.FixtureRequest) -> Model:
    network = ToyNetwork(make_plan(can_batch=request.param))
    return Model("toy", "q8", "", network, Texts(tokenizer, CONFIG, {}, {}, {"default": TEMPLATE}))


async def right(model: Model, prompt: str, **options: Any) -> list[tuple[int, ...]]:
    remembers_nothing = no_twice(len(model.encode(prompt)))
    found = await model.generate(
        prompt, max_new_tokens=5, logits_processors=[remembers_nothing], **options
    )
    return [one.ids for one in found] if isinstance(found, list) else [found.ids]


@form
async def test_sequences_of_a_batch(model: Model, passed: Callable[[], Any]) -> None:
    wanted = [ids for prompt in PROMPTS for ids in await right(model, prompt)]
    assert all(len(set(ids)) == 5 for ids in wanted)
    found = await model.generate(PROMPTS, max_new_tokens=5, logits_processors=[passed()])
    assert [one.ids for one in found] == wanted


@form
async def test_answers_to_one_prompt(model: Model, passed: Callable[[], Any]) -> None:
    options: dict[str, Any] = {"num_return_sequences": 4, "seed": 1, "temperature": 3.0}
    wanted = await right(model, "Hello", **options)
    assert len(set(wanted)) > 1
    found = await model.generate("Hello", max_new_tokens=5, logits_processors=[passed()], **options)
    assert [one.ids for one in found] == wanted


@form
@pytest.mark.parametrize("sampling", [{}, {"do_sample": True, "seed": 3, "temperature": 2.0}])
async def test_beams(model: Model, passed: Callable[[], Any], sampling: dict[str, Any]) -> None:
    options: dict[str, Any] = {"num_beams": 4, "num_return_sequences": 4, **sampling}
    wanted = [await right(model, prompt, **options) for prompt in PROMPTS[:2]]
    found = await model.generate(
        PROMPTS[:2], max_new_tokens=5, logits_processors=[passed()], **options
    )
    assert [[one.ids for one in answers] for answers in found] == wanted


async def test_an_object_is_itself_for_one_answer_and_is_left_as_it_was_by_several(
    model: Model,
) -> None:
    watching = NoTwice()
    one = await model.generate("Hello", max_new_tokens=5, logits_processors=[watching])
    assert watching.seen == list(one.ids[:-1])
    untouched = NoTwice()
    await model.generate(PROMPTS, max_new_tokens=5, logits_processors=[untouched])
    await model.generate("Hello", max_new_tokens=5, num_beams=2, logits_processors=[untouched])
    assert untouched.seen is None


async def test_a_factory_makes_one_for_each_turn_of_a_chat(model: Model) -> None:
    chat = model.chat(max_new_tokens=5, logits_processors=[NoTwice])
    answers = [await chat.send("a"), await chat.send("b")]
    assert [len(set(one.ids)) for one in answers] == [5, 5]
    chat.close()


async def test_processors_that_share_something_share_it_in_each_answer(model: Model) -> None:
    class Half:
        def __init__(self, log: list[int]) -> None:
            self.log = log

        def __call__(self, ids: list[int], logits: Logits) -> Logits:
            self.log.append(len(ids))
            logits[len(self.log)] = 99
            return logits

    log: list[int] = []
    found = await model.generate(
        ["x", "y"], max_new_tokens=2, logits_processors=[Half(log), Half(log)]
    )
    assert [one.ids for one in found] == [(1, 3), (1, 3)]
    assert log == []


async def test_a_copy_has_the_same_model_and_tokenizer(model: Model) -> None:
    held = []

    class Holding:
        def __init__(self, model: Model) -> None:
            self.model, self.tokenizer = model, model.tokenizer

        def __call__(self, ids: list[int], logits: Logits) -> Logits:
            held.append((self.model, self.tokenizer))
            return logits

    await model.generate(["x", "y"], max_new_tokens=1, logits_processors=[Holding(model)])
    assert all(pair == (model, model.tokenizer) for pair in held)
    assert len(held) == 2


async def test_an_object_that_cannot_be_copied(model: Model) -> None:
    class Endless:
        def __init__(self) -> None:
            self.tokens = iter(n for n in range(9))

        def __call__(self, ids: list[int], logits: Logits) -> Logits:
            logits[next(self.tokens)] = 99
            return logits

    one = await model.generate("x", max_new_tokens=3, logits_processors=[Endless()])
    assert one.ids == (0, 1, 2)
    with pytest.raises(OptionError, match=r"cannot be copied for each answer.*__deepcopy__"):
        await model.generate(["x", "y"], max_new_tokens=3, logits_processors=[Endless()])
    found = await model.generate(["x", "y"], max_new_tokens=3, logits_processors=[Endless])
    assert [one.ids for one in found] == [(0, 1, 2), (0, 1, 2)]


def make_counting() -> LogitsProcessor:
    calls = 0

    def process(ids: list[int], logits: Logits) -> Logits:
        nonlocal calls
        calls += 1
        logits[calls] = 99
        return logits

    return process


async def test_a_factory_of_functions_is_for_answers_and_not_for_beams(model: Model) -> None:
    found = await model.generate(["x", "y"], max_new_tokens=3, logits_processors=[make_counting])
    assert [one.ids for one in found] == [(1, 2, 3), (1, 2, 3)]
    with pytest.raises(OptionError, match="make_counting made cannot be copied: return an object"):
        await model.generate("x", num_beams=2, logits_processors=[make_counting])


@pytest.mark.parametrize("made", [None, 5])
async def test_a_factory_that_makes_none(model: Model, made: Any) -> None:
    def forgetful() -> Any:
        return made

    with pytest.raises(OptionError, match=f"forgetful .* returned {type(made).__name__}"):
        await model.generate("x", logits_processors=[forgetful])


def test_what_is_a_factory() -> None:
    def optional(ids: Any = None, logits: Any = None) -> Any: ...
    def any_number(*values: Any) -> Any: ...

    factories: list[Any] = [
        NoTwice,
        make_counting,
        lambda: None,
        partial(NoTwice),
        partial(no_twice, 5),
    ]
    processors: list[Any] = [
        NoTwice(),
        NoTwice().process,
        optional,
        any_number,
        max,
        np.add,
        no_twice(5),
    ]
    assert [is_factory(each) for each in factories] == [True] * 5
    assert [is_factory(each) for each in processors] == [False] * 7


def test_a_sequence_alone_has_what_was_passed() -> None:
    passed: list[Any] = [NoTwice(), max]
    assert own_processors(passed) == tuple(passed)
    copy, same = own_processors(passed, several=True)
    assert copy is not passed[0]
    assert same is max
    options = GenerationOptions.make({"logits_processors": NoTwice()}, {})
    assert SequenceState([1], options).ids == [1]


def test_the_first_that_goes_on_keeps_its_processors() -> None:
    one, other = NoTwice(), NoTwice()
    kept = forked([[one], [other]], [1, 1, 0, 1])
    assert [row[0] is other for row in kept] == [True, False, False, False]
    assert kept[2][0] is one
    assert len({id(row[0]) for row in kept}) == 4
