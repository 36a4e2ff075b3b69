"""What holding an answer to a schema costs a step: masks over a JSON answer, token by token.

Runs in the page and in CPython (`python -m bench.masks`). Vocabularies are the default model's,
with pairs of its tokens up to the size of SmolLM2's and Qwen's.
"""

import json
from time import perf_counter

import numpy as np

import intab
from intab.engine.constrain.library import compiled
from intab.engine.generation.options import GenerationOptions
from intab.engine.text.tokenizer import Tokenizer

SIZES, ROUNDS, LEAST = (49_152, 151_936), 5, 256
PLACE = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "kind": {"enum": ["town", "village", "river", "mountain"]},
        "founded": {"type": "integer", "minimum": 0, "maximum": 2100},
        "height": {"type": "number"},
        "seen": {"type": "string", "minLength": 10, "maxLength": 10},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 8},
        "near": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/place"}]},
    },
    "required": ["name", "kind", "founded", "height", "seen", "tags", "near"],
    "additionalProperties": False,
}
SCHEMA = {"type": "array", "items": {"$ref": "#/$defs/place"}, "$defs": {"place": PLACE}}
WIDE = {
    "type": "object",
    "properties": {f"property_{n}": [*PLACE["properties"].values()][n % 6] for n in range(50)},
    "required": [f"property_{n}" for n in range(0, 50, 2)],
    "additionalProperties": False,
}


def place(name, kind, founded, near=None):
    """One of the answer's objects."""
    seen, tags = f"20{founded % 100:02}-05-17", [f"by the {kind}", "old walls", "a good market"]
    height = founded / 7
    known = {"name": name, "kind": kind, "founded": founded, "height": height, "seen": seen}
    return {**known, "tags": tags, "near": near}


ANSWER = json.dumps(
    [
        place("Ulm", "town", 854, place("Danube", "river", 10)),
        place("Little Harbour by the Sea", "village", 1203),
        place("Blue Mountain", "mountain", 1999, place("Fox Hollow", "village", 1740)),
    ]
)


def grown(known, size):
    """A tokenizer with that many tokens."""
    state = json.loads(known.backend.to_str())
    vocabulary, merges = state["model"]["vocab"], state["model"]["merges"]
    plain = [token for token in vocabulary if token.isalpha() or token[0] == "\u0120"]
    added = {token["content"] for token in state["added_tokens"]}
    pairs = ((one, other) for one in plain for other in plain)
    count = 1 + max([*vocabulary.values(), *(token["id"] for token in state["added_tokens"])])
    while count < size:
        one, other = next(pairs)
        if one + other not in vocabulary and one + other not in added:
            vocabulary[one + other] = count
            merges.append([one, other])
            count += 1
    return Tokenizer(json.dumps(state))


def since(begun):
    """Milliseconds."""
    return (perf_counter() - begun) * 1000


def held(tokenizer, size, schema):
    """A compiled schema, and how long that took."""
    begun = perf_counter()
    constraint = GenerationOptions.make({"json_schema": schema}, {}).constraint
    return compiled(constraint, tokenizer, size, [0]), since(begun)


def walk(start, ids, logits):
    """The milliseconds of each mask, and of each token that is taken."""
    matcher, masks, taken = start.matcher(), [], []
    for token in ids:
        begun = perf_counter()
        matcher.mask([], logits)
        masks.append(since(begun))
        assert np.isfinite(logits[token])
        logits[:] = 0
        begun = perf_counter()
        matcher.accept(token)
        taken.append(since(begun))
    return masks, taken


def measure(known, size):
    """All figures of a vocabulary, in milliseconds."""
    tokenizer = grown(known, size)
    _, table = held(tokenizer, size, {"type": "null"})
    start, compiling = held(tokenizer, size, SCHEMA)
    _, wide = held(tokenizer, size, WIDE)
    ids, logits = tokenizer.encode(ANSWER, add_special_tokens=False), np.zeros(size, np.float32)
    rounds = [walk(start, ids, logits) for _ in range(ROUNDS)]
    masks = np.array([one for one, _ in rounds])
    taken = np.array([other for _, other in rounds])
    return {
        "tokens of the answer": len(ids),
        "vocabulary, once": table,
        "a schema": compiling,
        "a schema of 50 properties": wide,
        "mask, median": float(np.median(masks)),
        "mask, 99th percentile": float(np.percentile(masks, 99)),
        "mask, longest": float(masks.max()),
        "token taken, median": float(np.median(taken)),
        "mask and token, median": float(np.median(masks + taken)),
        "mask and token, 99th percentile": float(np.percentile(masks + taken, 99)),
    }


async def all_sizes():
    """The figures of each size."""
    model = await intab.load("default")
    await model.generate("A", choices=["x"])  # fetches the library
    return {f"{size:,}": measure(model.tokenizer, size) for size in SIZES}
