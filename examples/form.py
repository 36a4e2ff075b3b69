# A filled form. Fetches HuggingFaceTB/SmolLM2-360M-Instruct from the hub once: 370 MB.
import intab
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass
class Order:
    """What the kitchen needs to know: whatever the model thinks, its answer fits this."""

    dish: Literal["pizza", "soup", "salad", "pancakes"]
    portions: Literal[1, 2, 3, 4, 5, 6]
    spicy: bool
    take_away: bool


model = await intab.load("HuggingFaceTB/SmolLM2-360M-Instruct")
said = "Hello, two hot soups please. We eat them here."
while said:
    chat = model.chat("Fill in the order as JSON.", do_sample=False)
    answer = await chat.send(said, json_schema=Order, max_new_tokens=200)
    print(said)
    intab.show([asdict(answer.parsed)])
    said = (await intab.input("Your order? ")).strip()
