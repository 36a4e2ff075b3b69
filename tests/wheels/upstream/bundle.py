"""What upstream's tests need in the page, as one zip: the tests, pytest, and files to work on."""

from __future__ import annotations

import json
import tarfile
import zipfile
from importlib.metadata import files
from pathlib import Path

from tests.wheels.interpreter import MATERIAL, ROOT, SCRATCH
from wheels.builder import recipe, sources

PACKAGES = ["pytest", "pluggy", "iniconfig", "packaging", "pygments", "tqdm"]
HERE = Path(__file__).parent
DATA = "hf-internal-testing/tokenizers-test-data"


def make() -> Path:
    """Write the zip and return it."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    path = SCRATCH / "upstream.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        _add_tests(bundle)
        _add_packages(bundle)
        _add_hub(bundle)
        for name in ("runner.py", "huggingface_hub.py"):
            bundle.write(HERE / name, name)
        bundle.writestr("datasets.py", '"""Imported by upstream\'s tests, used by none here."""\n')
    return path


def _add_tests(bundle: zipfile.ZipFile) -> None:
    wanted = recipe.load(ROOT / "wheels" / "recipes" / "tokenizers")
    sdist = sources.fetch_sdist(wanted, ROOT / "build" / "wheels" / "downloads")
    prefix = f"tokenizers-{wanted.version}/bindings/"
    with tarfile.open(sdist) as tar:
        for member in tar:
            inside = member.name.removeprefix(prefix)
            is_test = inside.startswith("python/tests/") or inside == "python/pytest.ini"
            if member.isfile() and is_test and (content := tar.extractfile(member)):
                bundle.writestr(inside, content.read())


def _add_packages(bundle: zipfile.ZipFile) -> None:
    for package in PACKAGES:
        for file in files(package) or []:
            if file.suffix == ".py" or file.match("*.dist-info/*"):
                bundle.write(file.locate(), str(file))


def _add_hub(bundle: zipfile.ZipFile) -> None:
    """Files of the right kind; tests that need upstream's own are in excluded.toml."""
    folder = MATERIAL / "tokenizers"
    gpt2 = json.loads((folder / "gpt2" / "tokenizer.json").read_text(encoding="utf-8"))
    merges = "#version: 0.2\n" + "\n".join(_merge(pair) for pair in gpt2["model"]["merges"])
    story = (MATERIAL / "corpora" / "fairytaleqa.jsonl").read_text(encoding="utf-8")
    files = {
        f"{DATA}/bert-base-uncased-vocab.txt": "bert-base-uncased/vocab.txt",
        f"{DATA}/roberta-base-vocab.json": "gpt2/vocab.json",
        "gpt2/tokenizer.json": "gpt2/tokenizer.json",
        "hf-internal-testing/gpt-oss-20b/tokenizer.json": "smollm2/tokenizer.json",
    }
    for name, ours in files.items():
        bundle.write(folder / ours, f"hub/{name}")
    bundle.writestr(f"hub/{DATA}/roberta-base-merges.txt", merges)
    bundle.writestr(f"hub/{DATA}/small.txt", story[:100_000])
    bundle.writestr(f"hub/{DATA}/big.txt", story[:400_000])


def _merge(pair: str | list[str]) -> str:
    return pair if isinstance(pair, str) else " ".join(pair)
