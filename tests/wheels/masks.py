"""What llguidance allows after each token of random texts; the same source runs natively and in a
page, and must give the same."""

GRAMMARS = {
    "object": '%json {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"enum": '
    '["x", "yy"]}}, "required": ["a"]}',
    "array": '%json {"type": "array", "items": {"type": ["number", "null"]}, "minItems": 1}',
    "reference": '%json {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": '
    '{"n": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}}, "required": ["n"], '
    '"additionalProperties": false}}}',
    "date": '%json {"type": "string", "format": "date-time"}',
    "expression": r"/[a-c]{2,5}(\d+|é)?/",
    "unicode": r"/\p{L}+ \p{Greek}{3}/",
    "choices": '"yes" | "no" | "maybe"',
    "numbers": '%json {"type": "number", "minimum": -1.5, "maximum": 12.25}',
}

# `grammars` is a dict, by name; the value of the last line is what is compared.
CODE = """
import hashlib
import random

import llguidance


class Bytes:
    eos_token_id, bos_token_id, special_token_ids = 256, None, [256]
    tokens = [bytes([value]) for value in range(256)] + [b"<end>", b"ab", b'": ', b"true", b"  "]

    def __call__(self, text):
        return list(text.encode() if isinstance(text, str) else text)


table = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Bytes()))


def told(grammar, seed):
    rng, digest, ids = random.Random(seed), hashlib.sha256(), []
    matcher = llguidance.LLMatcher(table, "start: " + grammar, log_level=0)
    while len(ids) < 60 and not matcher.is_stopped():
        mask = matcher.compute_bitmask()
        assert not matcher.is_error(), matcher.get_error()
        digest.update(mask)
        allowed = [n for n in range(261) if mask[n // 8] >> n % 8 & 1]
        ids.append(rng.choice(allowed))
        digest.update(bytes(str(matcher.compute_ff_tokens()), "ascii"))
        matcher.consume_token(ids[-1])
    return [ids, matcher.stop_reason(), digest.hexdigest()]


masks = {name: [told(text, seed) for seed in range(5)] for name, text in grammars.items()}
"""
