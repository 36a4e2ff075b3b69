# Search your text by meaning. Fetches Xenova/all-MiniLM-L6-v2 from the hub once: 23 MB.
import intab
import numpy as np

try:
    from pyscript import storage  # what stays in this browser
except ImportError:
    storage = None

TEXT = """The kettle began to whistle in the kitchen.
Snow had covered the road to the village.
Her brother repaired bicycles in an old barn.
The doctor told him to stay in bed for a week.
At night the harbour was full of small lights.
Nobody had paid the rent since spring."""

pipe = await intab.pipeline("sentence-similarity", "Xenova/all-MiniLM-L6-v2")
lines = TEXT.splitlines()
kept = await storage("vectors of my text") if storage else {}
new = [line for line in lines if line not in kept]
for line, vector in zip(new, await pipe.encode(new)):
    kept[line] = vector.tolist()
if storage:
    await kept.sync()
print(f"{len(new)} of {len(lines)} lines were read just now, the others before.")

while question := (await intab.input("What are you looking for? ")).strip():
    [near] = pipe.similarity(await pipe.encode(question), [kept[line] for line in lines])
    for at in np.argsort(-near)[:3]:
        print(f"{near[at]:5.2f}  {lines[at]}")
