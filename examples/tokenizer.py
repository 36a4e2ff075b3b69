# What the model sees of a text: pieces of words, each with a number.
import intab

model = await intab.load(MODEL)
text = intab.controls(text="A dragonfly flew over 12 unbelievable houses.").text
tokenizer = model.tokenizer

ids = model.encode(text) if text else []
pieces = [tokenizer.decode([token], skip_special_tokens=False) for token in ids]
print(f"{len(text)} characters, {len(ids)} tokens (it knows {tokenizer.size:,}):")
print("|".join(pieces))
intab.show([{"id": token, "piece": repr(piece)} for token, piece in zip(ids, pieces)])
