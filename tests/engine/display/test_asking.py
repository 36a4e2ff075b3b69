"""Questions and controls: what is drawn, what a change does, what the terminal has."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from intab.engine.display import asking
from intab.engine.display.screen import Screen, use
from intab.engine.generation.next_token import make_picker, needed_logits
from intab.engine.generation.options import GenerationOptions
from intab.errors import OptionError


@pytest.fixture(autouse=True)
def _nothing_changed() -> Iterator[None]:
    yield
    asking._changed.clear()


def test_each_kind_of_control_is_drawn() -> None:
    drawn: list[Mapping[str, Any]] = []
    with use(Screen(draw=drawn.extend)):
        asking.controls(n=(1, 9), t=(0.0, 1.0, 0.3), animal=["fox", "owl"], loud=True, name="Mia")
    assert drawn == [
        {"name": "n", "kind": "range", "low": 1, "high": 9, "step": 1, "whole": True, "value": 5},
        {"name": "t", "kind": "range", "low": 0.0, "high": 1.0, "step": 0.01, "whole": False}
        | {"value": 0.3},
        {"name": "animal", "kind": "choice", "choices": ["fox", "owl"], "value": "fox"},
        {"name": "loud", "kind": "tick", "value": True},
        {"name": "name", "kind": "text", "value": "Mia"},
    ]


def test_an_option_s_slider_begins_with_its_default() -> None:
    controls = asking.controls(temperature=(0, 2), top_p=(0, 1), top_k=(0, 100), min_p=(0.2, 0.4))
    assert dict(controls) == pytest.approx(
        {"temperature": 1.0, "top_p": 1.0, "top_k": 50, "min_p": 0.3}
    )
    assert isinstance(controls.top_k, int)
    assert str(controls).startswith("temperature=1.0, top_p=1.0, top_k=50")


def test_a_change_is_seen_at_once_and_by_the_next_program() -> None:
    controls = asking.controls(temperature=(0, 2), animal=["fox", "owl"])
    asking.change("temperature", 0.5)
    asking.change("animal", "owl")
    assert (controls.temperature, controls.animal) == (0.5, "owl")
    assert asking.controls(temperature=(0, 2)).temperature == 0.5


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [("t", 7, 1.0), ("t", "x", 0.5), ("t", True, 0.5), ("a", "bear", "fox"), ("l", "yes", False)],
)
def test_a_value_that_cannot_be_is_not_taken(name: str, value: Any, kept: Any) -> None:
    controls = asking.controls(t=(0.0, 1.0), a=["fox"], l=False)
    asking.change(name, value)
    assert controls[name] == kept


@pytest.mark.parametrize("given", [(1, 0), (0, 1, 2), (True, 2), (0,), [], [1], 3, ("a", "b")])
def test_what_is_no_control(given: object) -> None:
    with pytest.raises(OptionError, match="The control x must be"):
        asking.controls(x=given)


def test_a_control_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no control 'top_p'"):
        asking.controls(temperature=(0, 2)).top_p  # noqa: B018


def test_a_running_generation_follows_at_its_next_token() -> None:
    """At temperature 0 the best is taken; at 2 the others come as well."""
    controls = asking.controls(temperature=(0, 2, 0))
    options = GenerationOptions.make({**controls, "seed": 1}, {})
    assert not options.greedy
    assert needed_logits(options, []) == 0
    pick, row = make_picker(options), np.array([1.0, 1.1, 1.0], np.float32)
    assert {pick(row) for _ in range(30)} == {1}
    asking.change("temperature", 2.0)
    assert {pick(row) for _ in range(60)} == {0, 1, 2}


def test_the_same_seed_gives_the_same_as_a_plain_number() -> None:
    row = np.linspace(0, 3, 50, dtype=np.float32)
    controls = asking.controls(temperature=(0, 2, 0.7))
    live = make_picker(GenerationOptions.make({**controls, "seed": 3}, {}))
    plain = make_picker(GenerationOptions.make({"temperature": 0.7, "seed": 3}, {}))
    assert [live(row) for _ in range(20)] == [plain(row) for _ in range(20)]


async def test_input_is_awaited_on_the_screen() -> None:
    answer = asyncio.get_running_loop().create_future()
    with use(Screen(ask_later=lambda prompt: answer)):
        task = asyncio.ensure_future(asking.input("Who? "))
        await asyncio.sleep(0)
        answer.set_result("Mia")
        assert await task == "Mia"
