# Write a story together: you write a line, the model goes on. An empty line ends it.
import intab

model = await intab.load(MODEL)
text = "One day, a small boat came to the island."
print(text)

while line := (await intab.input("How does it go on? ")).strip():
    text += f" {line}"
    async for chunk in model.stream(text, max_new_tokens=40, stop=".", truncation=True):
        print(chunk, end="")
        text += str(chunk)
    text += "."
    print(".")

print(f"\nOur story:\n{text}")
