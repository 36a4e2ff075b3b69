# Messages become a prompt by the model's own chat template.
import intab

model = await intab.load("default")

messages = [
    {"role": "user", "content": "Write a story about a cat in two sentences."},
]
print(model.render_chat(messages))

async for chunk in model.stream(
    messages,
    max_new_tokens=80,
    temperature=0.7,
    repetition_penalty=1.1,
):
    print(chunk, end="")
