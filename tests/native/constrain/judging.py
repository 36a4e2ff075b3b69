"""Whether answers are right, by the libraries that programs would ask: `jsonschema` and `re`."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation, localcontext
from random import Random
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from intab.engine.constrain.library import Start
from intab.engine.model import Model
from intab.engine.text.tokenizer import Tokenizer
from intab.errors import OptionError
from tests.native.constrain.drawing import expression, schema
from tests.native.constrain.random_model import pushed, random_model

MODELS = 20  # sets of weights; each answers every twentieth question
MOST_TOKENS = 120
# What is refused, and why that is right: no answer is valid, or the library says that it cannot.
REFUSALS = ("nsatisfiable", "circular references", "intersection stack", "no answer can begin")
FORMATS = FormatChecker(Draft202012Validator.FORMAT_CHECKER.checkers.keys() - {"regex"})


def _is_moment(value: Any) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value.upper()))


def _is_time(value: Any) -> bool:
    return not isinstance(value, str) or _is_moment(f"2000-01-01T{value}")


FORMATS.checks("date-time", ValueError)(_is_moment)
FORMATS.checks("time", ValueError)(_is_time)


def exact(text: str) -> Any:
    """JSON with decimal numbers: 6.1 is a multiple of 0.1, which it is not as a float."""
    return json.loads(text, parse_float=_decimal)


def _decimal(text: str) -> Decimal | float:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond its own bounds
        return float(text)


def is_valid(asked: Any, text: str) -> bool:
    """Whether a text is JSON that `jsonschema` finds valid, formats included."""
    with warnings.catch_warnings(), localcontext(prec=1000):
        warnings.simplefilter("ignore")  # Python's remarks on sets in patterns
        validator = Draft202012Validator(exact(json.dumps(asked)), format_checker=FORMATS)
        return bool(validator.is_valid(exact(text)))


def accepts(start: Start, tokenizer: Tokenizer, text: str) -> bool:
    """Whether a whole text may be written, token by token."""
    matcher = start.matcher()
    size = len(start.vocabulary.tokens)
    for token in tokenizer.encode(text):
        if matcher.ended or not matcher.allowed(size)[token]:
            return False
        matcher.accept(token)
    return matcher.ended or bool(matcher.allowed(size)[start.vocabulary.special].any())


@dataclass
class Count:
    """What came of many questions: how many answers were finished, cut, refused by name, wrong."""

    finished: int = 0
    cut: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.finished:,} finished, all right but {len(self.wrong)}; {self.cut:,} cut by "
            f"max_new_tokens; {self.refused:,} refused by name"
        )


def models(count: int) -> list[tuple[Model, dict[int, float]]]:
    """Models of random weights, each with the bias that makes ends likely."""
    found = [random_model(seed) for seed in range(min(MODELS, count))]
    return [(model, pushed(model.tokenizer)) for model in found]


async def judge_schemas(count: int) -> Count:
    """Answers to `count` pairs of a schema and a seed."""
    found, known = Count(), models(count)
    for seed in range(count):
        asked = schema(Random(seed))
        model, bias = known[seed % len(known)]
        answer = await _answer(found, model, bias, seed, json_schema=asked)
        if answer is not None and not is_valid(asked, answer):
            found.wrong.append(f"{seed}: {json.dumps(asked)} {answer}")
    return found


async def judge_expressions(count: int) -> Count:
    """Answers to `count` pairs of a regular expression and a seed."""
    import re

    found, known = Count(), models(count)
    for seed in range(count):
        asked = expression(Random(seed))
        model, bias = known[seed % len(known)]
        answer = await _answer(found, model, bias, seed, regex=asked)
        if answer is not None and not re.fullmatch(asked, answer):
            found.wrong.append(f"{seed}: {asked!r} {answer!r}")
    return found


async def _answer(
    found: Count, model: Model, bias: dict[int, float], seed: int, **asked: Any
) -> str | None:
    """The text of an answer that is finished."""
    try:
        answer = await model.generate(
            "A",
            seed=seed,
            temperature=1.5,
            max_new_tokens=MOST_TOKENS,
            logit_bias=bias,
            **asked,
        )
    except OptionError as exc:
        found.refused += 1
        if not any(word in str(exc) for word in REFUSALS):
            found.wrong.append(f"{seed}: {asked} {exc}")
        return None
    if answer.finish_reason == "length":
        found.cut += 1
        return None
    found.finished += 1
    return str(answer.text)
