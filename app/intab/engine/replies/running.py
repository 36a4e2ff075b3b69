"""Calls that a program asked to have run: functions called, their results as messages.

Nothing is called but a function of the tools that were given, by its own name, with arguments that
its schema allows. What goes wrong is a text for the model and a `ToolResult` for the program.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, Protocol, TypeVar

from intab.engine.io.untrusted import shown
from intab.engine.replies.arguments import fitted, problem
from intab.engine.replies.results import ToolCall, ToolResult
from intab.errors import OptionError, PromptError

# By name: a function and the schema of its arguments.
Functions = Mapping[str, tuple[Callable[..., Any], Mapping[str, Any]]]


class Chunk(Protocol):
    """A piece of an answer, the last of which has the calls that it asks for."""

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]: ...


C = TypeVar("C", bound=Chunk)


def functions_of(tools: Any, rounds: int) -> Functions:
    """Functions and the schemas of their arguments; PromptError for a tool that is none, and
    OptionError for a number of rounds that is none."""
    from intab.engine.text.tool_schema import get_json_schema  # as rare as tools are

    if not isinstance(rounds, int) or rounds < 0:
        raise OptionError(f"max_tool_rounds must be at least 0, not {rounds!r}.")
    if not tools or isinstance(tools, str) or not all(callable(tool) for tool in tools):
        raise PromptError(
            "run calls functions: make the chat with model.chat(tools=[function, ...]). Calls of "
            "tools that are schemas are in answer.tool_calls of send."
        )
    described = [(tool, get_json_schema(tool)["function"]) for tool in tools]
    return {one["name"]: (tool, one["parameters"]) for tool, one in described}


async def run_call(call: ToolCall, functions: Functions) -> ToolResult:
    """Call the function that a call names; an async one is awaited."""
    if call.name not in functions:
        names = ", ".join(functions)
        return ToolResult(call, error=f"there is no tool {shown(call.name)}; there are: {names}.")
    function, schema = functions[call.name]
    arguments = fitted(call.arguments, schema)
    if wrong := problem(arguments, schema):
        return ToolResult(call, error=f"{call.name} was not called: {wrong}.")
    try:
        value = function(**arguments)
        return ToolResult(call, await value if inspect.isawaitable(value) else value)
    except Exception as exc:  # noqa: BLE001 - whatever it raises, the model and the program hear of it
        words = f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
        return ToolResult(call, error=f"{call.name} failed: {words}", exception=exc)


async def run_rounds(
    chunks: AsyncGenerator[C],
    functions: Functions,
    go_on: Callable[[list[ToolResult]], AsyncGenerator[C]],
    most: int,
) -> AsyncGenerator[C | ToolResult]:
    """Yield an answer's chunks, run its calls, and so on with the answer to their results, which
    `go_on` begins; `most` times at the most."""
    for left in range(most, -1, -1):
        calls: tuple[ToolCall, ...] = ()
        async with aclosing(chunks):
            async for chunk in chunks:
                calls = chunk.tool_calls
                yield chunk
        if not calls or not left:
            return
        results = []
        for call in calls:
            results.append(await run_call(call, functions))
            yield results[-1]
        chunks = go_on(results)


def as_answers(results: Iterable[ToolResult], first: int) -> list[dict[str, Any]]:
    """The results as messages; the first call has that number."""
    return [
        {
            "role": "tool",
            "name": result.call.name,
            "tool_call_id": result.call.message(number)["id"],
            "content": result.text(),
        }
        for number, result in enumerate(results, first)
    ]
