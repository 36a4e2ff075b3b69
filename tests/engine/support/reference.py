"""Our answers to the cases of tests/golden/generation.json, and how far they are from the recorded.

The file runs as it is inside a page, so it imports nothing but intab and numpy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from intab.engine.generation.logits_processors import make_processors
from intab.engine.generation.next_token import process, warpers
from intab.engine.generation.options import GenerationOptions
from intab.engine.generation.sampling import softmax
from intab.engine.model import Model
from intab.engine.runtime.decoder import Decoder


async def differences(model: Model, recorded: dict[str, Any]) -> list[str]:
    """What is not as recorded, a line each; ids must be equal, scores within 1e-4.

    A negative length_penalty makes scores of hundreds: those within 1e-5 of themselves.
    """
    found = await batch(model, recorded)
    for case in recorded["beams"]:
        found += await beams(model, case, recorded["max_new_tokens"])
    for case in recorded["sampled"]:
        found += await sampled(model, case)
    return found


async def batch(model: Model, recorded: dict[str, Any]) -> list[str]:
    """Greedy answers, side by side and alone."""
    options: dict[str, Any] = {
        "do_sample": False,
        "max_new_tokens": recorded["max_new_tokens"],
        "eos_token_id": recorded["eos_token_id"],
    }
    prompts, wanted = recorded["batch"]["prompts"], recorded["batch"]["ids"]
    together = [list(one.ids) for one in await model.generate(prompts, **options)]
    alone = [list((await model.generate(prompt, **options)).ids) for prompt in prompts]
    return [
        f"{name}, {prompt!r}: {found} instead of {ids}"
        for name, answers in (("batch", together), ("greedy", alone))
        for prompt, found, ids in zip(prompts, answers, wanted, strict=True)
        if found != ids
    ]


async def beams(model: Model, case: dict[str, Any], new_tokens: int) -> list[str]:
    """One search."""
    options = {"num_return_sequences": 1, "do_sample": False, **case["options"]}
    found = await model.generate(case["prompt"], max_new_tokens=new_tokens, **options)
    ids, scores = [list(one.ids) for one in found], [one.score for one in found]
    if ids == case["ids"] and np.allclose(scores, case["scores"], rtol=1e-5, atol=1e-4):
        return []
    return [f"{options}, {case['prompt']!r}: {ids} {scores} instead of {case}"]


async def sampled(model: Model, case: dict[str, Any]) -> list[str]:
    """What each token of a recorded answer could have been drawn from."""
    options = GenerationOptions.make({"do_sample": True, **case["options"]}, {})
    ids = model.encode(case["prompt"])
    processors, warping = make_processors(options, len(ids)), warpers(options)
    network: Decoder = model._open_decoder()
    session, lines, new = network.session(), list[str](), ids
    for token, step in zip(case["ids"], case["steps"], strict=True):
        row = process(ids, (await session.step([new]))[0, -1], processors)
        for warp in warping:
            row = warp(row)
        lines += _compared(row, step, f"{case['options']}, {len(ids)} ids")
        ids, new = [*ids, token], [token]
    session.close()
    return lines


def _compared(row: Any, step: dict[str, Any], where: str) -> list[str]:
    kept, wanted = int(np.isfinite(row).sum()), np.array(step["probabilities"])
    probabilities = softmax(row)[step["ids"]]
    near = np.allclose(probabilities, wanted, rtol=0, atol=1e-5)
    # A token at the very edge of a filter may fall on either side of it.
    if near and abs(kept - step["kept"]) <= 1:
        return []
    return [f"{where}: {kept} kept with {probabilities.tolist()} instead of {step}"]
