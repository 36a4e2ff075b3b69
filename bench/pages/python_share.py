"""A stream over a network that answers at once: what is left is Python's share of a decode step.

The logits cross from JavaScript as they do from onnxruntime-web: a promise of a Float32Array.
"""

import json
from time import perf_counter
from types import SimpleNamespace

import js
import numpy as np
from pyodide.ffi import to_js

import intab
from intab.browser.decoder import OnnxSession
from intab.engine.generation.decode import stream
from intab.engine.generation.metrics import Meter
from intab.engine.generation.options import GenerationOptions
from intab.engine.runtime.decoder_plan import DecoderPlan
from intab.engine.runtime.network import TensorInfo

VOCABULARY, PROMPT, TOKENS, ROUNDS = 49152, 64, 256, 9
OPTIONS = {
    "top_k": 50,
    "top_p": 0.9,
    "temperature": 0.8,
    "repetition_penalty": 1.2,
    "max_new_tokens": TOKENS,
    "seed": 1,
}
rows = np.random.default_rng(0).normal(scale=3, size=(16, VOCABULARY)).astype(np.float32)
js_rows = [to_js(row) for row in rows]


class Instant:
    """The JavaScript side of a session, without a computation."""

    steps = 0

    def step(self, *_):
        self.steps += 1
        return js.Promise.resolve(js_rows[self.steps % len(js_rows)])

    def close(self):
        pass


async def measure(tokenizer, **options):
    """Milliseconds a token."""
    plan = DecoderPlan(
        TensorInfo("input_ids", "int64", ()), None, None, None, None, None, (), True, False
    )
    network = SimpleNamespace(check_open=lambda: None)
    session = OnnxSession(SimpleNamespace(network=network, plan=plan), Instant(), 1)
    chosen = GenerationOptions.make({**options, "max_new_tokens": TOKENS}, {})
    ids = list(range(PROMPT))
    start = perf_counter()
    async for _ in stream(session, tokenizer, ids, chosen, Meter(PROMPT)):
        pass
    return (perf_counter() - start) * 1000 / TOKENS


model = await intab.load("default")
samples = {"greedy": [], "sampled": []}
for _ in range(ROUNDS):
    samples["greedy"].append(await measure(model.tokenizer))
    samples["sampled"].append(await measure(model.tokenizer, **OPTIONS))
print(json.dumps(samples))
