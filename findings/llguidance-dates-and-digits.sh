#!/usr/bin/env bash
# llguidance 1.9.1 (Python): what a JSON schema allows by it, jsonschema with its format checker may refuse. A
# `date` may be February the 29th of any year, a `time` may have a leap second in any minute, and `\D` and `\W`
# of a `pattern` take the digits and letters of other scripts (as in ECMAScript, which JSON Schema names; Python's
# `re`, by which jsonschema judges, counts those among `\d` and `\w`).
# In intab: app/intab/engine/constrain/dialect.py writes such schemas so that all readings agree.
#
# Needs Python 3.11 or newer and pip. Passes while it is so, fails when it changes.
# Seen on 2026-11-30:
#   "2023-02-29" as {"format": "date"}: llguidance takes it, jsonschema refuses it
#   "12:30:60Z" as {"format": "time"}: llguidance takes it, jsonschema refuses it
#   "٣" as {"pattern": "^\\D$"}: llguidance takes it, jsonschema refuses it
#   "ä" as {"pattern": "^\\W$"}: llguidance takes it, jsonschema refuses it
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check llguidance==1.9.1 'jsonschema[format]==4.26.0'

cat > run.py <<'PY'
import json

import jsonschema
from llguidance import LLMatcher, LLTokenizer

CASES = [
    ("2023-02-29", {"format": "date"}),
    ("12:30:60Z", {"format": "time"}),
    ("\u0663", {"pattern": r"^\D$"}),
    ("\u00e4", {"pattern": r"^\W$"}),
]
tokenizer = LLTokenizer("byte")


def takes(text, schema):
    """Whether the text in JSON is a whole answer by the schema."""
    matcher = LLMatcher(tokenizer, LLMatcher.grammar_from_json_schema(json.dumps(schema)), log_level=0)
    tokens = tokenizer.tokenize_bytes(json.dumps(text, ensure_ascii=False).encode())
    return matcher.validate_tokens(tokens) == len(tokens) and matcher.consume_tokens(tokens) and matcher.is_accepting()


def is_valid(text, schema):
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(text)


so = True
for text, wanted in CASES:
    schema = {"type": "string", **wanted}
    found = takes(text, schema), is_valid(text, schema)
    words = ["takes" if one else "refuses" for one in found]
    print(f'"{text}" as {json.dumps(wanted)}: llguidance {words[0]} it, jsonschema {words[1]} it')
    so = so and found == (True, False)
print("As told." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
venv/bin/python run.py
