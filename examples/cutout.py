# Somebody without the background. Fetches Xenova/modnet from the hub once: about 7 MB.
import intab
from PIL import Image

pipe = await intab.pipeline("background-removal", "Xenova/modnet")
print("A picture with a person in it, please: it stays on this device.")
picture = await intab.image()
person = await pipe(picture)
intab.show(person)

wall = Image.new("RGB", person.size, "seagreen")
wall.paste(person, mask=person)
intab.show(wall)
