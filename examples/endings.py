# Four endings of one beginning, written side by side.
import intab

model = await intab.load(MODEL)
prompt = "Lily lost her red hat in the wind. She looked and looked. In the end,"

endings = await model.generate(
    prompt,
    max_new_tokens=50,
    num_return_sequences=4,
    temperature=0.8,
    seed=11,
    stop="\n",
)
for number, ending in enumerate(endings, 1):
    print(f"{number}. {prompt}{ending}\n")
