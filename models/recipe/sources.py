"""Where the recipe's texts come from, and whether they are there.

The texts are not in the repository: some of their licences ask to be passed on with them. What each
file holds, by whom, from which commit of which repository and under which licence, is in
docs/model.md; here is what the recipe reads.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "build" / "corpora"  # unless --data names another folder

# JSON, one object a line: docs/model.md has the keys.
FILES = {
    "stories.jsonl": "TinyStories, three children's libraries, fairy tales, classics",
    "stories-heldout.jsonl": "the TinyStories validation stories, and 1% of the others",
    "novels.jsonl": "classic novels",
    "fairytaleqa.jsonl": "FairytaleQA's questions",
}


def missing(data: Path) -> str:
    """One sentence on what is not there and what to do; empty if all is."""
    absent = [f"{name} ({what})" for name, what in FILES.items() if not (data / name).exists()]
    if not absent:
        return ""
    return (
        f"The recipe's texts are not all in {data}, which lacks {', '.join(absent)}; "
        "docs/model.md says where each comes from; name another folder: make model DATA=FOLDER"
    )


if __name__ == "__main__":
    import sys

    # `make model` asks before it installs torch.
    sys.exit(missing(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA))
