#!/usr/bin/env bash
# transformers 5.24.0: AutoTokenizer gives a tokenizer whose tokenizer_config.json names a class such as
# GPT2Tokenizer or CohereTokenizer that class's own normalizer and pre-tokenizer, without a word. Those
# in tokenizer.json are dropped, and ids differ from what `tokenizers` makes of the same file.
# PreTrainedTokenizerFast keeps the file's.
# In intab: app/intab/engine/text/tokenizer_pieces.py does the same, so that ids are those of transformers.
#
# Needs Python 3.11 or newer and pip; no torch. Passes while it is so, fails when it changes.
# Seen on 2026-11-28 for "He 12" (a file that lowers case, and one of them keeps digits single):
#   digits single     tokenizers h e Ġ 1 2    GPT2Tokenizer He Ġ 12
#   digits together   tokenizers h e Ġ 12     CohereTokenizer He Ġ 1 2
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  transformers==5.24.0 tokenizers==0.23.3 huggingface_hub==2.4.0 numpy==2.4.6

cat > run.py <<'PY'
import json
from pathlib import Path

import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer

TEXT = "He 12"


def tokenizer(single):
    """BPE over bytes with two merges; it lowers case, and `single` splits digits first."""
    letters = ["<|endoftext|>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "He", "12"]
    made = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, [("H", "e"), ("1", "2")]))
    made.normalizer = normalizers.Lowercase()
    digits = pre_tokenizers.Digits(individual_digits=single)
    made.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(["<|endoftext|>"])
    return made


def compare(name, single):
    """The file's tokens and those of the class, printed; whether their ids are the same."""
    folder = Path(f"{name}-{single}")
    folder.mkdir()
    tokenizer(single).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name}))
    plain = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(TEXT)
    auto = AutoTokenizer.from_pretrained(folder)
    ids = auto(TEXT)["input_ids"]
    print(f"  single={single}: tokenizers {plain.tokens}, {name} {auto.convert_ids_to_tokens(ids)}")
    return ids == plain.ids


print("transformers", transformers.__version__, repr(TEXT))
kept = [compare("PreTrainedTokenizerFast", single) for single in (True, False)]
rebuilt = [compare("GPT2Tokenizer", True), compare("CohereTokenizer", False)]
so = all(kept) and not any(rebuilt)
print("As told: the named classes drop the file's pieces." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error PYTHONUTF8=1 venv/bin/python run.py
