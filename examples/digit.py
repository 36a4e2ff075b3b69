# A digit that you draw: 19,210 numbers, which came with this site, say which it is.
import intab
import numpy as np
from PIL import Image, ImageOps

network = await intab.network("digits")
print("Draw a digit, as large as you can. An empty drawing ends it.")

while True:
    drawn = await intab.canvas("A digit, please", size=(240, 240), ink="white", pen=28)
    ink = drawn.convert("L")
    if not ink.getbbox():
        break
    ink = ink.crop(ink.getbbox())
    square = ImageOps.pad(ink, (max(ink.size), max(ink.size)))
    small = square.resize((8, 8), Image.Resampling.BOX)  # all that the network sees
    intab.show(small.resize((160, 160), Image.Resampling.NEAREST))

    pixels = np.asarray(small, np.float32)[None] / 255
    shares = (await network.run({"pixels": pixels}))["shares"][0]
    for digit in np.argsort(-shares)[:3]:
        print(f"{digit} {shares[digit]:6.1%} {'#' * round(40 * shares[digit])}")
