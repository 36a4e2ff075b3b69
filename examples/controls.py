# Sliders: a change acts on the next token; once the story has ended, on a new one.
import intab

model = await intab.load(MODEL)
chosen = intab.controls(
    temperature=(0, 2, 0.7),
    min_p=(0, 0.5),
    animal=["fox", "owl", "tiny dragon"],
    sad=False,
)

mood, animal = "sad" if chosen.sad else "happy", chosen.animal
prompt = f"Once upon a time there was a {mood} little {animal}. One day, the {animal}"
print(prompt, end="")

async for chunk in model.stream(
    prompt,
    max_new_tokens=100,
    temperature=chosen.temperature,
    min_p=chosen.min_p,
    seed=5,
):
    print(chunk, end="")
