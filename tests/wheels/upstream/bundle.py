"""What upstream's tests need in the page, as one zip: the tests, pytest, and files to work on."""

from __future__ import annotations

import json
import tarfile
import zipfile
from importlib.metadata import files
from pathlib import Path

from tokenizers import Tokenizer, decoders, models

from tests.wheels import families, texts
from tests.wheels.interpreter import ROOT, SCRATCH
from wheels.builder import recipe, sources

PACKAGES = ["pytest", "pluggy", "iniconfig", "packaging", "pygments", "tqdm"]
HERE = Path(__file__).parent
# The words that upstream's tests encode, some at the ids that the tests name.
BERT_WORDS = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1029: "?"}
BERT_WORDS |= {2003: "is", 2026: "my", 2171: "name", 2198: "john", 3940: "pair"}
BERT_WORDS |= {5: "i", 6: "love", 7: "hugging", 8: "##face", 9: "do", 10: "you", 11: "georges"}
THAI = "\u00e0\u00b8"  # the bytes E0 B8, as ByteLevel writes them
ROBERTAS_LINES = [" My name is John"] * 200
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
    lines = list(texts.own())
    story = "\n".join(lines)
    model = json.loads(families.gpt_2(lines + ROBERTAS_LINES).to_str())["model"]
    merges = "#version: 0.2\n" + "\n".join(" ".join(pair) for pair in model["merges"])
    files = {
        f"{DATA}/bert-base-uncased-vocab.txt": "\n".join(_berts_words()),
        f"{DATA}/roberta-base-vocab.json": json.dumps(model["vocab"]),
        f"{DATA}/roberta-base-merges.txt": merges,
        f"{DATA}/small.txt": story,
        f"{DATA}/big.txt": story * 4,
        "gpt2/tokenizer.json": _gpt_2(),
        "hf-internal-testing/gpt-oss-20b/tokenizer.json": families.smollm(lines).to_str(),
    }
    for name, content in files.items():
        bundle.writestr(f"hub/{name}", content)


def _berts_words() -> list[str]:
    return [BERT_WORDS.get(at, f"[unused{at}]") for at in range(max(BERT_WORDS) + 1)]


def _gpt_2() -> str:
    """Bytes at the ids that GPT-2 has them at, and its first two bytes of a Thai letter."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = [*map(chr, printable), *(chr(256 + at) for at in range(len(others)))]
    vocabulary = {letter: at for at, letter in enumerate(letters)} | {THAI: 19567}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[(THAI[0], THAI[1])]))
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer.to_str()
