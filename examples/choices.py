# Questions that it answers with one of three words. It is small: see how often it errs.
import intab

model = await intab.load(MODEL)
animals = [" a dog", " a cat", " a bird"]
places = [" the park", " the beach", " the zoo"]
stories = (
    ("Tim had a little dog. The dog ran to the park and Tim ran too.", "dog", "park"),
    ("Sue saw a bird at the beach. The bird was blue and it sang.", "bird", "beach"),
    ("Mia took her cat to the zoo. The cat was afraid of the big lion.", "cat", "zoo"),
    ("Ben and his mom went to the beach. They found a cat in the sand.", "cat", "beach"),
)
right = 0

for story, animal, place in stories:
    print(story)
    for question, choices, wanted in (
        ("The animal in the story was", animals, animal),
        ("They all went to", places, place),
    ):
        text = f"{story} {question}"
        answer = await model.generate(text, choices=choices, do_sample=False)
        is_right = answer.text.endswith(wanted)
        right += is_right
        print(f"    {question}{answer}", "(right)" if is_right else "(wrong)")

print(f"\n{right} of {2 * len(stories)} right; guessing would get 1 in 3.")
