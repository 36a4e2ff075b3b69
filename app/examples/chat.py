# A conversation: what was computed for one turn is kept for the next.
import intab

model = await intab.load("default")
chat = model.chat(max_new_tokens=80, temperature=0.7, repetition_penalty=1.1)

for words in ("Write a story about a cat in two sentences.", "Continue this story."):
    print(f"> {words}")
    async for chunk in chat.stream(words):
        print(chunk, end="")
    print("\n")

# What the model has read and written, by its own chat template:
print(model.render_chat(chat.messages, add_generation_prompt=False))
