# The model runs in this tab. Change the prompt, press Run. (MODEL is what the chat uses.)
import intab

model = await intab.load(MODEL)

prompt = "Once upon a time, a little fox found a red balloon."
print(prompt, end="")

async for chunk in model.stream(
    prompt,
    max_new_tokens=120,
    temperature=0.7,
    repetition_penalty=1.1,
):
    print(chunk, end="")
