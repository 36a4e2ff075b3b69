"""What the tests of conversations have in common."""

from __future__ import annotations

from typing import Any

from intab.engine.model import Model
from tests.engine.support.networks import ToyNetwork, ToySession

NOT_LETTERS = tuple(range(94, 257))  # suppressed, so that what the toy says is whole characters


def say(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def owned(network: ToyNetwork) -> ToySession:
    """The chat's session."""
    return network.sessions[0]


async def anew(model: Model, messages: list[Any], **options: Any) -> str:
    """The answer without a chat."""
    return str(await model.generate(messages, **options))
