"""Ask the pinned onnxruntime-web for its kernels and write app/intab/convert/kernels.json.

make site && python -m tools.kernels
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from tools.kernels.asking import PACKAGE, ROOT, ask
from tools.kernels.attributes import left_out
from tools.kernels.merging import merged
from tools.kernels.probes import IR, NEWEST, OLDEST, Probe, Signature, probes, signatures

TABLE = ROOT / "app" / "intab" / "convert" / "kernels.json"
DEVICES = ("wasm", "webgpu")


def main() -> None:
    asked = list(probes(signatures()))
    print(f"{len(asked)} nodes")
    answers = {device: ask(device, asked) for device in DEVICES}
    write(TABLE, list(entries(asked, answers)), left_out())


def entries(asked: list[Probe], answers: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    """What is known of each version of each operator that differs from the one before."""
    rows = zip(asked, *(answers[device] for device in DEVICES), strict=True)
    before: dict[str, Any] = {}
    for signature, group in groupby(rows, key=lambda row: row[0].signature):
        entry = describe(signature, list(group))
        known = {**entry, "since": before.get("since")}
        if known != before:
            yield entry
            before = entry


def describe(signature: Signature, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """The choices of types with a kernel on each device, and those that no model could be made
    of: of these nothing is known."""
    found = {
        device: merged(probe.types for probe, *told in rows if told[place] == "")
        for place, device in enumerate(DEVICES)
    }
    unclear = merged(probe.types for probe, *told in rows if not {"", "missing"} & set(told))
    return {
        "operator": signature.label,
        "since": signature.since,
        "inputs": [kind for kind, _ in signature.inputs],
        "outputs": [kind for kind, _ in signature.outputs],
        **found,
        "unclear": unclear,
    }


def write(path: Path, found: list[dict[str, Any]], ignored: dict[str, Any]) -> None:
    """One version of an operator a line, so that a change of onnxruntime-web reads well."""
    version = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    head = {"onnxruntime-web": version, "ir": IR, "opsets": [OLDEST, NEWEST], "left_out": ignored}
    lines = ",\n".join(json.dumps(entry) for entry in found)
    text = f'{json.dumps(head, indent=1)[:-2]},\n "operators": [\n{lines}\n]}}\n'
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
