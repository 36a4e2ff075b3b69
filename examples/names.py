# Names marked in a text. Fetches Xenova/bert-base-NER from the hub once: 109 MB.
import intab
from html import escape

TEXT = (
    "Ada Lovelace met Charles Babbage in London in June 1833. "
    "Years later the BBC made a film about them; it was shown from Paris to Tokyo."
)
COLOURS = {"PER": "#ffd7a8", "LOC": "#bfe8c5", "ORG": "#b9d6f7", "MISC": "#e3c9f2"}

pipe = await intab.pipeline("ner", "Xenova/bert-base-NER")
found = await pipe(TEXT, aggregation_strategy="first")


class Marked:
    """The text, with a tint behind each name."""

    def _repr_html_(self):
        html, end = "", 0
        for one in found:
            style = f"background: {COLOURS.get(one['entity_group'], '#ddd')}; color: #000"
            html += escape(TEXT[end : one["start"]])
            end = one["end"]
            html += f'<mark style="{style}">{escape(TEXT[one["start"] : end])}</mark>'
        return f"<p>{html}{escape(TEXT[end:])}</p>"


intab.show(Marked())
intab.show([{**one, "score": round(float(one["score"]), 3)} for one in found])
