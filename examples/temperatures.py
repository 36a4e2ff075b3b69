# The same beginning, from cautious to wild. One seed: only the temperature differs.
import intab

model = await intab.load(MODEL)
prompt = "The princess opened the door and saw"

for temperature in (0.2, 0.7, 1.2):
    print(f"--- temperature {temperature}")
    print(prompt, end="")
    async for chunk in model.stream(
        prompt,
        max_new_tokens=50,
        temperature=temperature,
        seed=7,
    ):
        print(chunk, end="")
    print("\n")
