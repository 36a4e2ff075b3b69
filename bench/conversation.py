"""The second turn of a conversation of 600 tokens: its first token, against a full prefill.

    make bench ARGS=conversation

Both in the page, in turn, with the default model (as many tokens as its context holds, if fewer),
from the call to the first chunk: rendering and tokenizing included. Both give the same first token.
"""

from __future__ import annotations

import json

from playwright.sync_api import Browser

from bench.report import Comparison
from tests.browser.visitor import Visitor

TARGET = 0.2
TOKENS = 600
PROGRAM = """
import json
from time import perf_counter

import intab

model = await intab.load("default")
tokens = min({tokens}, model.context_length - 40)
greedy = {{"do_sample": False, "max_new_tokens": 8}}
text = "One day, the little fox went to the forest."
while len(model.encode([{{"role": "user", "content": text}}])) < tokens - 40:
    text += " She saw a bird."


async def first(stream):
    start = perf_counter()
    async for chunk in stream:
        seconds = perf_counter() - start
        await stream.aclose()
        return seconds, chunk.ids[0]


samples = {{"second turn": [], "full prefill": []}}
for _ in range({rounds} + 1):
    chat = model.chat(**greedy)
    await chat.send(text)
    asked = [*chat.messages, {{"role": "user", "content": "And then?"}}]
    again, kept = await first(chat.stream("And then?"))
    anew, computed = await first(model.stream(asked, **greedy))
    assert kept == computed
    samples["second turn"].append(again)
    samples["full prefill"].append(anew)
    chat.close()
print(json.dumps([len(model.encode(asked)), {{name: s[1:] for name, s in samples.items()}}]))
"""


def measure(browser: Browser, address: str, rounds: int) -> Comparison:
    """Seconds to the first token of both, after one round that warms up."""
    visitor = Visitor(browser.new_page()).open(address)
    printed = visitor.run(PROGRAM.format(tokens=TOKENS, rounds=rounds))
    tokens, samples = json.loads(printed)
    name = f"second turn of a conversation of {tokens} tokens, to its first token"
    return Comparison(name, "s", samples, ("second turn", "full prefill"), TARGET)
