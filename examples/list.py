# A prompt is a string: build it with Python.
import intab

model = await intab.load(MODEL)

animals = ["cat", "bear", "tiny mouse"]
places = ["the garden", "the dark forest", "a big house"]

for animal, place in zip(animals, places, strict=True):
    prompt = f"Once there was a {animal} who lived in {place}. One day, the {animal}"
    answer = await model.generate(prompt, max_new_tokens=60, seed=2, stop=".")
    print(f"{prompt}{answer}.")
    print(f"    ({answer.metrics.decode_rate:.0f} tokens a second)\n")
