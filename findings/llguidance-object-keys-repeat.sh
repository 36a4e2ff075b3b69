#!/usr/bin/env bash
# llguidance 1.9.1 (Python): by a JSON schema with `minProperties` the same key may come twice, and counts
# twice: {"a":1,"a":2} is a whole answer of {"minProperties": 2}, and has one property for every JSON parser.
# And after a token that does not fit, `compute_bitmask` gives the end token alone, as a finished answer
# does, without an exception: only `is_error()` tells them apart.
# Why it matters: an answer that was held to a schema does not satisfy it, and one that went wrong looks
# like one that is complete.
# In intab: app/intab/engine/constrain/schemas.py refuses such a `minProperties`, matcher.py asks is_error().
#
# Needs Python 3.11 or newer and pip. Passes while it is so, fails when it changes.
# Seen on 2026-11-29: 13 of 13 tokens valid, accepting and stopped; after the wrong token one id in the mask, the end's
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check llguidance==1.9.1

cat > run.py <<'PY'
import json

from llguidance import LLMatcher, LLTokenizer

TEXT = '{"a":1,"a":2}'
schema = {"type": "object", "minProperties": 2, "additionalProperties": {"type": "integer"}}
tokenizer = LLTokenizer("byte")
grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema))

whole = LLMatcher(tokenizer, grammar, log_level=0)
tokens = tokenizer.tokenize_str(TEXT)
valid = whole.validate_tokens(tokens)
whole.consume_tokens(tokens)
print(f"{valid} of {len(tokens)} valid, accepting {whole.is_accepting()}, stopped {whole.is_stopped()}")

wrong = LLMatcher(tokenizer, grammar, log_level=0)
took = wrong.consume_token(ord("x"))
bits = wrong.compute_bitmask()
allowed = [number for number in range(8 * len(bits)) if bits[number // 8] >> number % 8 & 1]
print(f"took x: {took}, is_error: {wrong.is_error()}, allowed then: {allowed}, the end is {tokenizer.eos_token}")

so = (
    valid == len(tokens) and whole.is_accepting() and len(json.loads(TEXT)) == 1
    and not took and wrong.is_error() and allowed == [tokenizer.eos_token]
)
print("As told." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
venv/bin/python run.py
