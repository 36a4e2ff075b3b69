"""Writes app/intab/convert/defaults.json: what a config.json of each family leaves to its class.

    PYTHONPATH=.:app python -m tests.convert.make_defaults      (needs transformers)

Each field has its default and its type as transformers' config class declares them; `make families`
compares the file with the transformers that is installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from intab.convert import config

TABLE = Path(config.__file__).with_name("defaults.json")


def class_of(kind: str) -> Any:
    """transformers' config class of a `model_type`."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    return CONFIG_MAPPING[kind]


def describe(kind: str) -> dict[str, Any]:
    """A family's class, other names of its fields, rope_theta, `{field: [default, type]}`."""
    from dataclasses import fields

    from transformers import PreTrainedConfig

    made = class_of(kind)
    base = {field.name for field in fields(PreTrainedConfig)}
    own = [field for field in fields(made) if field.name not in base and field.name[0] != "_"]
    own = [field for field in own if field.name in made.__annotations__]
    return {
        "class": made.__name__,
        "aliases": dict(made.attribute_map),
        "theta": made.default_theta,
        "fields": {field.name: [field.default, _spell(field.type)] for field in own},
    }


def _spell(kind: Any) -> str:
    """A type without transformers' own names: RopeParameters is a dict."""
    text = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    if not isinstance(kind, (str, type)):
        text = str(kind)
    parts = [part.rpartition(".")[2].split("[")[0].strip("'> ") for part in text.split("|")]
    known = ["dict" if part == "RopeParameters" else part for part in parts]
    return " | ".join(dict.fromkeys(known))


def make() -> dict[str, Any]:
    """The whole table."""
    import transformers

    families = {kind: describe(kind) for kind in config.KINDS}
    return {"made_with": {"transformers": transformers.__version__}, "families": families}


def write(table: dict[str, Any]) -> None:
    lines = []
    for kind, family in table["families"].items():
        rows = [f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in family["fields"].items()]
        head = json.dumps({key: family[key] for key in ("class", "aliases", "theta")})[:-1]
        lines.append(f'  "{kind}": {head}, "fields": {{\n' + ",\n".join(rows) + "\n  }}")
    head = json.dumps(table["made_with"])
    text = f'{{"made_with": {head}, "families": {{\n' + ",\n".join(lines) + "\n}}\n"
    TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(make())
