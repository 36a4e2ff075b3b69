#!/usr/bin/env bash
# T5 1.1, flan-T5 and what is made of them: transformers 4 tells by `tie_word_embeddings: false` in
# config.json that logits are not scaled by d_model ** -0.5. transformers 5 reads that, saves the config as
# `tie_word_embeddings: true` with `scale_decoder_outputs: false`, a key that transformers 4 does not know.
# So a flan-T5 that was fine-tuned and saved by 5.24.0 has other logits in 4.57.6: without an error its own
# lm_head is dropped for the embedding, and all is scaled. Whoever reads the old key alone, as exporters do,
# scales too: greedy text may stay the same, beams, sampling and scores do not.
# In intab: app/intab/convert/pairs/t5.py reads both keys, and takes a head that is in the file.
#
# Needs Python 3.11 or newer, pip, and some 6 GB for torch. Passes while it is so, fails when it changes.
# Seen on 2026-11-30:
#   5.24.0 saves {'tie_word_embeddings': True, 'scale_decoder_outputs': False}
#   5.24.0 reads that: the same logits
#   4.57.6 reads that: others; with tie_word_embeddings false again: the same
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv new
new/bin/pip install --quiet --disable-pip-version-check transformers==5.24.0 numpy==2.4.6 torch==2.15.0
python3 -m venv old
old/bin/pip install --quiet --disable-pip-version-check transformers==4.57.6 numpy==2.4.6
ls -d "$folder"/new/lib/python3*/site-packages > "$(ls -d old/lib/python3*/site-packages)/torch.pth" # its torch

cat > run.py <<'PY'
import json
import logging
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5ForConditionalGeneration

logging.disable(logging.WARNING)
MODEL, FILE = Path("model"), Path("model/config.json")


def logits():
    model = T5ForConditionalGeneration.from_pretrained(MODEL).eval()
    with torch.no_grad():
        return model(input_ids=torch.tensor([[3, 4, 1]]), decoder_input_ids=torch.tensor([[0, 5]])).logits.numpy()


def make():
    """A model as flan-T5 is: with a head of its own, and saved by transformers 5."""
    sizes = {"d_ff": 16, "d_kv": 8, "d_model": 16, "num_heads": 2, "num_layers": 1, "vocab_size": 20}
    torch.manual_seed(0)
    config = T5Config(**sizes, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
    T5ForConditionalGeneration(config).save_pretrained(MODEL)
    tensors = load_file(MODEL / "model.safetensors")
    save_file({**tensors, "lm_head.weight": torch.randn(20, 16)}, MODEL / "model.safetensors", {"format": "pt"})
    T5ForConditionalGeneration.from_pretrained(MODEL).save_pretrained(MODEL)
    saved = json.loads(FILE.read_text())
    said = {key: saved[key] for key in ("tie_word_embeddings", "scale_decoder_outputs")}
    print(transformers.__version__, "saves", said)
    assert said == {"tie_word_embeddings": True, "scale_decoder_outputs": False}
    FILE.write_text(json.dumps({**saved, "tie_word_embeddings": False, "scale_decoder_outputs": False}))
    wanted = logits()
    FILE.write_text(json.dumps(saved))
    assert np.array_equal(logits(), wanted)
    print(transformers.__version__, "reads that: the same logits")
    np.save("wanted.npy", wanted)


def read():
    wanted, saved = np.load("wanted.npy"), json.loads(FILE.read_text())
    assert not np.allclose(logits(), wanted, atol=0.1)
    FILE.write_text(json.dumps({**saved, "tie_word_embeddings": False}))
    assert np.allclose(logits(), wanted, atol=1e-4)
    print(transformers.__version__, "reads that: others; with tie_word_embeddings false again: the same")


make() if sys.argv[1] == "make" else read()
PY
new/bin/python run.py make 2>/dev/null
old/bin/python run.py read 2>/dev/null
echo "As told."
