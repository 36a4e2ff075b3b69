# Draw an emoji: it comes out of noise, seen every few steps. Another seed, another one.
import intab

pipe = await intab.pipeline("text-to-image", "emoji")
chosen = intab.controls(prompt="grinning face", seed=(0, 99, 3), steps=(4, 50, 20))
print(f"{chosen.prompt}, seed {chosen.seed}: what the model sees in the noise,")
print(f"every 5 of {chosen.steps} steps, and then the picture, four times as large.")


def preview(images):
    """Called while the picture is made."""
    intab.show(images[0])


found = await pipe(
    chosen.prompt,
    num_inference_steps=chosen.steps,
    guidance_scale=5,
    seed=chosen.seed,
    on_preview=preview,
    preview_steps=5,
)
intab.show(found.images[0].resize((256, 256)))
