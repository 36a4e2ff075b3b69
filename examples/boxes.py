# Things in a picture of yours. Fetches Xenova/yolos-tiny from the hub once: about 7 MB.
import intab
from PIL import ImageDraw

pipe = await intab.pipeline("object-detection", "Xenova/yolos-tiny")
picture = await intab.image()  # choose one, drop it here or paste it
found = await pipe(picture, threshold=0.8)

pen = ImageDraw.Draw(picture)
for one in found:
    box = tuple(one["box"].values())
    pen.rectangle(box, outline="red", width=3)
    pen.text(box[:2], f" {one['label']} {one['score']:.0%}", fill="red")
intab.show(picture)
print(f"{len(found)} things:", ", ".join(one["label"] for one in found))
