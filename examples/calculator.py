# Sums by a tool. Fetches onnx-community/Qwen3-0.6B-ONNX from the hub once: about 620 MB.
import intab
from operator import add, mul, sub, truediv
from typing import Literal

DO = {"+": add, "-": sub, "*": mul, "/": truediv}


def calculate(a: float, sign: Literal["+", "-", "*", "/"], b: float) -> float:
    """Calculate with two numbers, exactly.

    Args:
        a: The first number.
        sign: What is done with them.
        b: The second number.
    """
    return DO[sign](a, b)


model = await intab.load("onnx-community/Qwen3-0.6B-ONNX")
quick = {"enable_thinking": False}
chat = model.chat(tools=[calculate], max_new_tokens=200, chat_template_kwargs=quick)
question = "A box holds 437 screws. How many are in 86 boxes?"
while question:
    print(question)
    answer = await chat.run(question)
    for result in answer.tool_results:
        print("   ", *result.call.arguments.values(), "=", result.error or result.value)
    print("   ", answer.content.strip())
    question = (await intab.input("Your question? ")).strip()
