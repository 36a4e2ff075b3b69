"""Records the self-test of a folder that is there again, with the prompts of today.

    python -m intab.convert.renewing models/default

Nothing but `self_test` in its intab.json changes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from intab.convert.checkpoint import read_json
from intab.convert.describing import write_json
from intab.convert.proving import answer, read_prompts, self_test
from intab.convert.reading import read_tokenizer
from intab.convert.running import Runner
from intab.engine.hub.manifest import parse_manifest
from intab.engine.hub.variants import make_variants


def renew(folder: Path) -> None:
    """Run each dtype's graph natively and write what it answers."""
    described, config = read_json(folder, "intab.json"), read_json(folder, "config.json")
    manifest = parse_manifest(described)
    prompts = read_prompts(read_tokenizer(folder), config)
    answers = {
        dtype: answer(Runner(folder / files[0], manifest.options_for(dtype), config), prompts)
        for dtype, files in make_variants(manifest).dtypes.items()
    }
    write_json(folder / "intab.json", {**described, "self_test": self_test(prompts, answers)})


if __name__ == "__main__":
    renew(Path(sys.argv[1]))
