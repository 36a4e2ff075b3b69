# Messages become a prompt by the model's own chat template.
import intab

model = await intab.load("default")

messages = [{"role": "user", "content": "Write a story with these three words: dog, rain, cake."}]

print(model.render_chat(messages))
async for chunk in model.stream(messages, max_new_tokens=120, temperature=0.7):
    print(chunk, end="")
