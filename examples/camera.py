# Things that the camera sees. Fetches Xenova/yolos-tiny from the hub once: about 7 MB.
import intab
from time import perf_counter

pipe = await intab.pipeline("object-detection", "Xenova/yolos-tiny")
frames = intab.camera(size=(320, 240))
before = perf_counter()
async for frame in frames:  # Stop ends it
    found = await pipe(frame, threshold=0.8)
    frames.draw(found)
    now = perf_counter()
    labels = ", ".join(one["label"] for one in found)
    print(f"{now - before:.1f} s:", labels or "nothing known")
    before = now
