# Your own sentences, read by the model: where is it surprised? Red tokens are unlikely.
import intab
import numpy as np

model = await intab.load(MODEL)


async def read(text):
    """The model writes what it must, and says how likely that was."""
    ids = model.encode(text)

    def force(written, logits):
        row = np.full_like(logits, -np.inf)
        row[ids[len(written)]] = 0
        return row

    return await model.generate(
        ids[:1], max_new_tokens=len(ids) - 1, logits_processors=[force], top_logprobs=5
    )


for text in ("The cat sat on the soft bed.", "The cat sat on the loud Tuesday."):
    answer = await read(text)
    mean = np.mean([one.logprob for one in answer.logprobs])
    intab.show(answer)
    print(f"{text} One of {np.exp(-mean):.0f} tokens, on average.")
