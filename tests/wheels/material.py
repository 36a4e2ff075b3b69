"""Tokenizers, templates and texts of others, which are not in the repository.

    make proof MATERIAL=FOLDER      compares with all of them

FOLDER has tokenizers/NAME/tokenizer.json, vectors/chat_templates.json, vectors/llama.cpp/*.inp and
*.out, and corpora/*.jsonl. Their licences do not all let them be passed on with the project, so
`make test` has made ones of the same kinds, and nothing that it runs imports this module.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if not os.environ.get("INTAB_MATERIAL"):
    sys.exit("Say where the files of others are: make proof MATERIAL=FOLDER")
MATERIAL = Path(os.environ["INTAB_MATERIAL"]).resolve()
if not (MATERIAL / "tokenizers").is_dir():
    sys.exit(
        f"There is no folder `tokenizers` in {MATERIAL}; name another: make proof MATERIAL=FOLDER"
    )

TOKENIZERS, CORPORA = MATERIAL / "tokenizers", MATERIAL / "corpora"
LLAMA_CPP = MATERIAL / "vectors" / "llama.cpp"
