"""Write suite.json, a slice of the JSON-Schema-Test-Suite that tests read offline:

python -m tests.native.constrain.make_suite
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.native.constrain.proof import fetched
from tests.native.constrain.suite import groups

SLICE = Path(__file__).with_name("suite.json")
FILES = {
    *("additionalProperties", "allOf", "anyOf", "const", "enum", "exclusiveMaximum", "format"),
    *("if-then-else", "items", "maxItems", "minLength", "minimum", "multipleOf", "not", "oneOf"),
    *("pattern", "patternProperties", "prefixItems", "properties", "required", "type"),
    *("uniqueItems", "optional/format/date", "optional/format/time"),
}


def main() -> None:
    """Keep what is judged of the files above."""
    folder, kept = fetched(), dict[str, list[object]]()
    for file, group in groups(folder):
        if file.removesuffix(".json") in FILES and isinstance(group["schema"], dict):
            group["schema"].pop("$schema", None)
            tests = [
                {name: test[name] for name in ("description", "data", "valid")}
                for test in group["tests"]
            ]
            one = {"description": group["description"], "schema": group["schema"], "tests": tests}
            kept.setdefault(file, []).append(one)
    licence = (folder.parents[1] / "LICENSE").read_text("utf-8")
    lines = [f'"licence": {json.dumps(licence)}']
    for file, found in kept.items():
        rows = ",\n".join(json.dumps(group, separators=(",", ":")) for group in found)
        lines.append(f"{json.dumps(file)}: [\n{rows}\n]")
    SLICE.write_text("{" + ",\n".join(lines) + "}\n", "utf-8")


if __name__ == "__main__":
    main()
