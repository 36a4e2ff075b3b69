# One conversation, three ways on: a fork keeps what was computed and goes on by itself.
import intab

model = await intab.load(MODEL)
chat = model.chat(max_new_tokens=60, do_sample=False)

print("> Write a story about a cat.")
print(await chat.send("Write a story about a cat."))

for words in ("Continue this story.", "Who was in the story?", "How did the cat feel?"):
    branch = chat.fork()
    print(f"\n> {words}")
    answer = await branch.send(words)
    print(answer)
    kept, asked = answer.metrics.cached_tokens, answer.metrics.prompt_tokens
    print(f"    ({kept} of the prompt's {asked} tokens were computed before)")
    branch.close()
