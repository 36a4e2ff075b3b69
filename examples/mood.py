# A model that writes can also read: which of these words would it write next?
import intab
import numpy as np

model = await intab.load(MODEL)
words = [" happy", " sad", " scared", " angry", " tired"]
first = [model.tokenizer.encode(word)[0] for word in words]
scores = {}


def look(ids, logits):
    """Keep what the model thinks of the words; change nothing."""
    chosen = np.exp(logits[first] - logits[first].max())
    scores.update(zip(words, chosen / chosen.sum()))
    return logits


for text in (
    "Ben got a new kite for his birthday.",
    "The dog ran away and did not come back.",
    "It was dark, and there was a loud noise in the forest.",
):
    prompt = f"{text} The child was very"
    await model.generate(prompt, max_new_tokens=1, logits_processors=[look])
    best = sorted(scores.items(), key=lambda pair: -pair[1])
    print(text)
    print("   ", ", ".join(f"{word.strip()} {share:.0%}" for word, share in best))
