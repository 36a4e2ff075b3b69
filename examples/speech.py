# Write down what you say. Fetches Xenova/whisper-tiny.en from the hub once: about 45 MB.
import intab

pipe = await intab.pipeline("automatic-speech-recognition", "Xenova/whisper-tiny.en")
sound, known = intab.microphone(), 0
print("Speak; Stop ends it.")
async for so_far in pipe.stream(sound, num_beams=1):
    sound.draw(so_far)  # what is being said, too: it may still change
    if not so_far.partial:
        for phrase in so_far.chunks[known:]:
            start, end = phrase["timestamp"]
            print(f"{start:5.1f} to {end:5.1f} s:{phrase['text']}")
        known = len(so_far.chunks)
