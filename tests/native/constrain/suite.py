"""The JSON-Schema-Test-Suite, as the sources of `jsonschema` carry it: what is taken, what refused.

What a schema allows is a choice of ours among valid texts: keys come in the order of the schema,
whole numbers without a point. A valid instance that is refused is counted by such a reason; an
invalid one that is accepted is a fault.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, permutations, product
from pathlib import Path
from typing import Any

from intab.errors import OptionError
from tests.engine.support.constrained import TOKENIZER, started
from tests.native.constrain.judging import accepts

MOST_ORDERS = 200
Group = dict[str, Any]
_NAMED = re.compile(r"Unimplemented keys: (\[.*?\])|Unknown format: (\S+)|(oneOf|minProperties)")
_REASONS = {
    "not present": "a schema of another address",
    "nsatisfiable": "nothing satisfies it",
    "not disjoint": "patternProperties that overlap",
    "regex parse error": "a pattern that is no regular expression here",
    "float range": "a bound beyond 64 bits",
    "too many digits": "multipleOf with too many digits",
}


@dataclass
class Verdict:
    """Attributes:
    right: how many valid instances were accepted, and how many invalid ones refused.
    wrong: invalid instances that were accepted.
    narrow: valid ones that were refused, by the reason.
    taken: how many schemas were taken.
    refused: how many were not, by what they name.
    """

    right: Counter[bool] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    narrow: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """What is printed."""
        yield (
            f"{self.taken} schemas taken, {self.refused.total()} refused: {self.right[True]} valid "
            f"instances accepted, {self.right[False]} invalid ones refused, {len(self.wrong)} "
            f"invalid ones accepted, {self.narrow.total()} valid ones refused"
        )
        yield from (f"  wrong: {one}" for one in self.wrong)
        yield from (f"  valid, refused: {count} {name}" for name, count in self.narrow.items())
        yield from (f"  refused: {count} {name}" for name, count in self.refused.most_common())


def groups(folder: Path) -> Iterator[tuple[str, Group]]:
    """All groups of a draft's folder, and the names of their files."""
    for path in sorted(folder.rglob("*.json")):
        for group in json.loads(path.read_text("utf-8")):
            yield path.relative_to(folder).as_posix(), group


def judge(found: Verdict, file: str, group: Group) -> None:
    """Count what comes of one schema and its instances."""
    if not isinstance(group["schema"], dict):
        found.refused["true or false as the whole schema"] += 1
        return
    try:
        start = started(json_schema=group["schema"])
    except OptionError as exc:
        found.refused[_reason(str(exc))] += 1
        return
    found.taken += 1
    for test in group["tests"]:
        text = json.dumps(test["data"], ensure_ascii=False)
        accepted = accepts(start, TOKENIZER, text)
        if accepted == test["valid"]:
            found.right[accepted] += 1
        elif accepted:
            found.wrong.append(f"{file}: {group['description']}: {test['description']}: {text}")
        else:
            found.narrow[_narrow(start, file, test["data"])] += 1


def _reason(error: str) -> str:
    if match := _NAMED.search(error):
        keys = json.loads(match[1]) if match[1] else [match[2] or match[3]]
        return "/".join(sorted(keys)) if match[1] else f"{'format ' if match[2] else ''}{keys[0]}"
    return next((why for part, why in _REASONS.items() if part in error), error[:80])


def _narrow(start: Any, file: str, data: Any) -> str:
    """Why a valid instance was refused."""
    if any(accepts(start, TOKENIZER, text) for text in _others(data)):
        return "another order of keys, or whole numbers with a point"
    if file == "format.json":
        return "formats hold, and are no remark"
    return file.removeprefix("optional/")


def _others(data: Any) -> Iterator[str]:
    """The same value with its keys in other orders, and whole numbers without a point."""
    values = islice(_orders(data), MOST_ORDERS)
    return (json.dumps(one, ensure_ascii=False) for one in values)


def _orders(data: Any) -> Iterator[Any]:
    if isinstance(data, dict):
        for keys in permutations(data):
            for values in product(*([*_orders(data[key])] for key in keys)):
                yield dict(zip(keys, values, strict=True))
    elif isinstance(data, list):
        yield from map(list, product(*([*_orders(one)] for one in data)))
    else:
        whole = isinstance(data, float) and data.is_integer() and abs(data) <= 2**53
        yield int(data) if whole else data
