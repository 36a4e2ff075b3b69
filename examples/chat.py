# A conversation about a story: what was computed for one turn is kept for the next.
import intab

model = await intab.load(MODEL)
chat = model.chat(max_new_tokens=30, do_sample=False)

story = """One day, Mia went to the park. Mia saw a red boat on the pond.
A boy named Ben had a blue kite. The wind took the kite, and Ben was sad."""
first = f"{story}\n\nQuestion: Where did Mia go?"

for words in (first, "What did Mia see?", "How did Ben feel?"):
    print(f"> {words}")
    async for chunk in chat.stream(words):
        print(chunk, end="")
    print("\n")

# What the model has read and written, by its own chat template:
print(model.render_chat(chat.messages, add_generation_prompt=False))
