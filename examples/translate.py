# To German as you type. Fetches Xenova/opus-mt-en-de from the hub once: about 105 MB.
import intab
import re

pipe = await intab.pipeline("translation_en_to_de", "Xenova/opus-mt-en-de")
text = intab.controls(text="The old house stands by the sea. Who lives there now?").text

for sentence in re.split(r"(?<=[.!?])\s+", text):
    async for piece in pipe.stream(sentence):
        print(piece, end="")
    print()
