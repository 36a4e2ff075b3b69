"""Pictures of one pipeline, and what each step took: runs in the page.

Memory and the page's thread are looked at from outside while the program waits for a line.
"""

from itertools import pairwise
from time import perf_counter

import intab

STEPS, GUIDANCE, FEW = 20, 5.0, 5


def since(begun):
    """Seconds."""
    return perf_counter() - begun


async def picture(pipe, seed, **more):
    """Seconds of a picture, and milliseconds of each of its steps but the first."""
    times = []

    def on_step(*_):
        times.append(perf_counter())
        return {}

    begun = perf_counter()
    found = await pipe(
        "a red apple",
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        seed=seed,
        callback_on_step_end=on_step,
        **more,
    )
    steps = [1000 * (later - time) for time, later in pairwise(times)]
    return found, since(begun), steps


async def measure(many):
    """Seconds to load and of each of many pictures, milliseconds of steps, and of steps whose
    UNet computes nothing."""
    begun = perf_counter()
    pipe = await intab.pipeline("text-to-image", "emoji")
    found = {"load": since(begun), "seconds": [], "steps": [], "idle": []}
    for seed in range(many):
        if seed == FEW:
            await intab.input("few")
        _, seconds, steps = await picture(pipe, seed)
        found["seconds"].append(seconds)
        found["steps"] += steps
    await intab.input("many")
    made, _, _ = await picture(pipe, 1, on_preview=show_first, preview_steps=2)
    intab.show(made)
    await intab.input("seen")
    await pipe.close()
    idle = await intab.pipeline("text-to-image", "idle")
    for seed in range(FEW):
        found["idle"] += (await picture(idle, seed))[2]
    return found


def show_first(images):
    """As a program shows a preview."""
    intab.show(images[0])
