#!/usr/bin/env bash
# transformers 4.57.6: pipeline("text2text-generation") has 4 beams, whatever the model's own
# generation_config.json says: the pipeline's default generation config goes over the model's where that
# was made. summarization and translation are the same class. A call's own num_beams holds.
# In intab: app/intab/engine/tasks/text_to_text.py has 4 beams too, so that answers are equal.
#
# Needs Python 3.11 or newer, pip, and some 6 GB for torch. Passes while it is so, fails when it changes.
# Seen on 2026-11-29:
#   num_beams 1 in generation_config.json: the pipeline has 4
#   num_beams 2 in generation_config.json: the pipeline has 4
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  transformers==4.57.6 numpy==2.4.6 torch==2.15.0

cat > run.py <<'PY'
import json
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GenerationConfig, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration, pipeline

WORDS = ["<pad>", "</s>", "<unk>", *"abcdefgh"]
SIZES = {
    "d_ff": 16,
    "d_kv": 8,
    "d_model": 16,
    "decoder_start_token_id": 0,
    "num_heads": 2,
    "num_layers": 1,
    "vocab_size": len(WORDS),
}
torch.manual_seed(0)
tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(
    tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
).save_pretrained("model")
T5ForConditionalGeneration(T5Config(**SIZES)).save_pretrained("model")


def beams(said):
    """The beams of a pipeline whose model's generation_config.json says so many."""
    settings = {"decoder_start_token_id": 0, "eos_token_id": 1, "num_beams": said, "pad_token_id": 0}
    Path("model/generation_config.json").write_text(json.dumps(settings))
    assert GenerationConfig.from_pretrained("model").num_beams == said
    return pipeline("text2text-generation", model="model", device="cpu").generation_config.num_beams


found = {said: beams(said) for said in (1, 2, 6)}
print("transformers", transformers.__version__)
for said, taken in found.items():
    print(f"  num_beams {said} in generation_config.json: the pipeline has {taken}")
so = set(found.values()) == {4}
print("As told: four beams, whatever the model's file says." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error PYTHONUTF8=1 venv/bin/python run.py
