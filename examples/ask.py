# Ask for a short answer. Fetches Xenova/flan-t5-small from the hub once: about 95 MB.
import intab

EXAMPLES = """What is the capital of France?
Translate to German: My name is Ben.
Is this good or bad? The soup was cold and the waiter was rude."""

pipe = await intab.pipeline("text2text-generation", "Xenova/flan-t5-small")
for question in EXAMPLES.splitlines():
    [answer] = await pipe(question, max_new_tokens=40)
    print(f"{question}\n    {answer['generated_text']}")

while question := (await intab.input("Your question? ")).strip():
    [answer] = await pipe(question, max_new_tokens=40)
    print(f"    {answer['generated_text']}")
