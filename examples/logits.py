# A logits processor sees every token's score before one is chosen, and may change it.
import intab

model = await intab.load(MODEL)
comma = model.tokenizer.token_id(",")


def no_commas(ids, logits):
    """Forbid the comma: ids are the tokens so far, logits one number for each token."""
    logits[comma] = -float("inf")
    return logits


prompt = "One day, Tom and his friend went to the park."
print(prompt, end="")

async for chunk in model.stream(
    prompt,
    max_new_tokens=80,
    seed=4,
    logits_processors=[no_commas],
):
    print(chunk, end="")
