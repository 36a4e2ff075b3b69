"""What native onnxruntime makes of the same file in CPython: the limit for a browser here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import intab


def rates(folder: Path, prompts: Sequence[str], tokens: int) -> Iterator[tuple[str, float]]:
    """The figures of each prompt, in the names that compute.py has for them.

    In a thread of its own: Playwright's event loop runs in the caller's.
    """
    with ThreadPoolExecutor(1) as thread:
        yield from thread.submit(asyncio.run, _rates(folder, prompts, tokens)).result()


async def _rates(folder: Path, prompts: Sequence[str], tokens: int) -> list[tuple[str, float]]:
    model = await intab.load(str(folder), dtype="q8")
    settings = {"do_sample": False, "eos_token_id": [], "prompt_lookup_num_tokens": 0}
    found = []
    await model.generate(prompts[0], max_new_tokens=2, **settings)  # what runs for the first time
    for prompt in prompts:
        answer = await model.generate(prompt, max_new_tokens=tokens, **settings)
        found.append((f"prefill at {len(prompt)}", answer.metrics.prefill_rate))
        found.append((f"decode at {len(prompt)}", answer.metrics.decode_rate))
    await model.close()
    return found
