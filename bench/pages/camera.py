"""What bench/camera.py runs in the page: a classifier looks through the camera."""

from time import perf_counter

import intab

pipe = await intab.pipeline("image-classification", "squeezenet", device="wasm", dtype="fp32")


async def seconds(warm, count):
    """How long `count` frames take, after some others."""
    seen, began = 0, perf_counter()
    async for frame in intab.camera():
        if seen == warm:
            began = perf_counter()
        if seen == warm + count:
            return perf_counter() - began
        await pipe(frame, top_k=1)
        seen += 1
    return 0.0  # never: a camera has no end
