"""The second turn of a conversation of 600 tokens: its first token, against a full prefill.

    python -m bench.conversation --rounds 7

Both in the page, in turn, with the default model (as many tokens as its context holds, if fewer),
from the call to the first chunk: rendering and tokenizing included. Both give the same first token.
"""

from __future__ import annotations

import argparse
import json

from playwright.sync_api import Browser, sync_playwright

from bench.report import Comparison, keep
from tests.browser.conftest import launch_args, serve_command
from tests.browser.visitor import Visitor
from tests.conftest import ROOT

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


def main() -> None:
    """Measure over the assembled site, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with sync_playwright() as playwright, serve_command(ROOT / "build" / "site") as address:
        browser = playwright.chromium.launch(**launch_args())
        comparison = measure(browser, address, rounds)
        keep(comparison, f"Chromium {browser.version}")
        browser.close()
    print("\n".join(comparison.lines()))


if __name__ == "__main__":
    main()
