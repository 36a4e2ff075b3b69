# How likely was each token? Point at one: it shows what else might have come.
import intab

model = await intab.load(MODEL)

answer = await model.generate(
    "Once upon a time, a little fox found a red balloon.",
    max_new_tokens=60,
    temperature=0.9,
    seed=3,
    top_logprobs=5,
)
intab.show(answer)
print("\nThe redder, the more surprising. In numbers, the first six:")
intab.show(
    [
        {"token": repr(one.text), "log-probability": one.logprob, "best": one.top[0].text}
        for one in answer.logprobs[:6]
    ]
)
