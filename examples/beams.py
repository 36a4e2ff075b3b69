# Beam search keeps the best beginnings side by side. Their scores are log-probabilities.
import intab

model = await intab.load(MODEL)
prompt = "The king looked at the sea and said"

answers = await model.generate(
    prompt,
    max_new_tokens=16,
    num_beams=5,
    num_return_sequences=5,
    do_sample=False,
)
intab.show([{"score": answer.score, "answer": answer.text} for answer in answers])

greedy = await model.generate(prompt, max_new_tokens=16, do_sample=False)
print(f"Greedy, the likeliest token each time:\n{prompt}{greedy}")
