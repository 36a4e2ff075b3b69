"""Calls of tools that a reply asks for, and what came of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ToolCall:
    """A call that a model asks for; nothing was called.

    Attributes:
        name: of the function.
        arguments: by name, as JSON has them.
    """

    name: str
    arguments: Mapping[str, Any]

    def message(self, number: int) -> dict[str, Any]:
        """Make the call what chat templates take.

        Args:
            number: of the call in its conversation, from 0 on.

        Returns:
            A dict with the function's name and arguments and an id of nine characters, as
            Mistral's templates want it.
        """
        function = {"name": self.name, "arguments": dict(self.arguments)}
        return {"type": "function", "id": f"{number:09d}", "function": function}


@dataclass(frozen=True)
class ToolResult:
    """What came of a call.

    Attributes:
        call: what the model asked for.
        value: what the function returned; None if it was not called or failed.
        error: one sentence of what went wrong; None if nothing did.
        exception: what the function raised; None if it raised nothing.
    """

    call: ToolCall
    value: Any = None
    error: str | None = None
    exception: Exception | None = None

    def text(self) -> str:
        """Make the result what the model is answered.

        Returns:
            A text as it is, all else as JSON; "Error: ..." if the call went wrong.
        """
        if self.error is not None:
            return f"Error: {self.error}"
        if isinstance(self.value, str):
            return self.value
        return json.dumps(self.value, ensure_ascii=False, default=str)
