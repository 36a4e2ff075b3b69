# A picture of its choices: a row for each token, the likeliest left; bright is likely.
import intab
import numpy as np

model = await intab.load(MODEL)
prompt = "Tom and Sue went to the zoo. They saw"
rows = []


def look(ids, logits):
    """Keep the 40 largest probabilities; change nothing."""
    shares = np.exp(logits - logits.max())
    rows.append(np.sort(shares / shares.sum())[::-1][:40])
    return logits


answer = await model.generate(prompt, max_new_tokens=40, seed=1, logits_processors=[look])
print(f"{prompt}{answer}")

bright = np.sqrt(np.array(rows))[:, :, None]
night, light = np.array([0.07, 0.09, 0.2]), np.array([1.0, 0.83, 0.35])
picture = night + bright * (light - night)
intab.show(picture.repeat(8, axis=0).repeat(8, axis=1))
