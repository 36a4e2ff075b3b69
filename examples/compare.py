# Two models, one prompt: the story-teller, and the one you chose in the chat's menu.
import intab

prompt = "Once upon a time, a brave girl found a map."
rows = []

for name in dict.fromkeys(["default", MODEL]):  # one row, if you chose none
    model = await intab.load(name)
    answer = await model.generate(prompt, max_new_tokens=40, seed=3)
    rows.append(
        {
            "model": name,
            "runs on": f"{model.device}, {model.dtype}",
            "tokens a second": round(answer.metrics.decode_rate),
            "answer": answer.text,
        }
    )

intab.show(rows)
