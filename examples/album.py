# Search your pictures by words. Fetches a CLIP for that from the hub once: about 153 MB.
import intab

NAME = "Xenova/clip-vit-base-patch32"

pipe = await intab.pipeline("zero-shot-image-classification", NAME)
print("Three pictures, please: they stay on this device.")
pictures = [await intab.image() for _ in range(3)]

while words := (await intab.input("Which picture do you look for? ")).strip():
    found = await pipe(pictures, candidate_labels=[words, "something else"])
    shares = [{x["label"]: x["score"] for x in one}[words] for one in found]
    best = max(range(len(pictures)), key=shares.__getitem__)
    print(f"{words}:", ", ".join(f"picture {i} {x:.0%}" for i, x in enumerate(shares, 1)))
    intab.show(pictures[best])
