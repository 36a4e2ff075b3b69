# Good or bad? As you type. Fetches a DistilBERT for that from the hub once: 67 MB.
import intab

NAME = "Xenova/distilbert-base-uncased-finetuned-sst-2-english"

pipe = await intab.pipeline("sentiment-analysis", NAME)
text = intab.controls(text="The food was cold, but the people were lovely.").text

print(text)
for one in await pipe(text, top_k=None, truncation=True):
    bar = "#" * round(40 * one["score"])
    print(f"{one['label']:>10} {one['score']:6.1%} {bar}")

print("\nSentence by sentence, or what stands between commas:")
parts = [part.strip() for part in text.replace(".", ",").split(",") if part.strip()]
for part, one in zip(parts, await pipe(parts, truncation=True)):
    print(f"{one['label']:>10} {one['score']:6.1%} {part}")
