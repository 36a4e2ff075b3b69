#!/usr/bin/env bash
# transformers 5.24.0: Phi3Config refuses rope_scaling of type "su", the first name of "longrope", as
# Phi-3's first checkpoints have it: with original_max_position_embeddings beside rope_scaling, not
# inside. It renames "su" to "longrope" only after it has looked whether to put that number inside, so
# that its own check then misses it. The same settings of type "longrope" are taken.
# In intab: app/intab/convert/rotary.py takes the number from beside for both names.
#
# Needs Python 3.11 or newer and pip; no torch. Passes while it is so, fails when it changes.
# Seen on 2026-11-28, for "su":
#   KeyError: "Missing required keys in `rope_parameters` for 'rope_type'='longrope':
#   {'original_max_position_embeddings'}"
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  transformers==5.24.0 huggingface_hub==2.4.0 numpy==2.4.6

cat > run.py <<'PY'
import transformers
from transformers import Phi3Config

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "max_position_embeddings": 131072,
    "num_attention_heads": 4,
    "num_hidden_layers": 1,
    "num_key_value_heads": 4,
    "original_max_position_embeddings": 4096,
    "pad_token_id": 0,
    "vocab_size": 64,
}


def original(kind, **more):
    """The original context that the rotary settings end up with, or the error."""
    scaling = {"type": kind, "short_factor": [1.0] * 4, "long_factor": [2.0] * 4, **more}
    try:
        return Phi3Config(**SIZES, rope_scaling=scaling).rope_parameters["original_max_position_embeddings"]
    except KeyError as error:
        return f"KeyError: {error}"


inside = {"original_max_position_embeddings": 4096}
found = {"longrope": original("longrope"), "su": original("su"), "su, inside": original("su", **inside)}
print("transformers", transformers.__version__)
for name, result in found.items():
    print(f"  {name}: {result}")
refused = "KeyError" in str(found["su"]) and "original_max_position_embeddings" in str(found["su"])
so = refused and found["longrope"] == found["su, inside"] == 4096
print('As told: "su" is refused, "longrope" is taken.' if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error venv/bin/python run.py
