# Hear how sure the model is: one tone a token, the higher, the more surprising.
import intab
import numpy as np

RATE = 16_000  # samples a second
model = await intab.load(MODEL)
prompt = "The little bird opened its wings and"
answer = await model.generate(prompt, max_new_tokens=40, seed=8, logprobs=True)
time = np.arange(int(0.18 * RATE)) / RATE
fading = np.exp(-12 * time)


def tone(logprob):
    """A note of the pentatonic scale: a fifth of it for each factor of e."""
    notes = [0, 2, 4, 7, 9]
    step = min(int(-2 * logprob), 14)
    pitch = 220 * 2 ** ((12 * (step // 5) + notes[step % 5]) / 12)
    return 0.6 * fading * np.sin(2 * np.pi * pitch * time)


print(f"{prompt}{answer}")
intab.show(np.concatenate([tone(one.logprob) for one in answer.logprobs]), rate=RATE)
