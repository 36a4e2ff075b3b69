"""Small files of a server, whole, and whether a file is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intab.engine.io.protocols import B, Fetch, Reply, Services
from intab.engine.io.ranges import A_BYTE
from intab.engine.io.responses import REFUSALS, check_status, is_absent, limited
from intab.engine.io.retry import OnBytes, RetryPolicy, retry, watched
from intab.engine.io.untrusted import load_json
from intab.errors import ManifestError, ModelNotFoundError, TemporaryError


async def get_whole(
    services: Services[B],
    address: str,
    retry_policy: RetryPolicy | None = None,
    *,
    optional: bool = False,
) -> B | None:
    """The small file at `address`, None if there is none (said in more ways if `optional`)."""
    answer = await get_answer(services, address, retry_policy, optional=optional)
    return answer[0] if answer else None


async def get_answer(
    services: Services[B],
    address: str,
    retry_policy: RetryPolicy | None = None,
    *,
    optional: bool = False,
) -> tuple[B, Mapping[str, str]] | None:
    """The small file at `address` and its answer's headers, None if there is none."""
    retry_policy = retry_policy or services.retry_policy

    async def read(on_bytes: OnBytes) -> tuple[B, Mapping[str, str]] | None:
        reply = await services.fetch.request(address)
        try:
            lacking = optional and is_absent(reply, address)
            if lacking or not check_status(reply, address, services.clock):
                return None
            return await reply.body(limited(on_bytes, address)), reply.headers
        finally:
            await reply.close()

    return await retry(
        lambda: watched(read, address, retry_policy, services.clock), retry_policy, services.clock
    )


async def exists(services: Services[Any], address: str) -> bool:
    """Whether there is a file at that address; a server that refuses HEAD is asked for a byte, or
    for the whole if that fails, and hung up on."""

    async def ask(_: OnBytes) -> bool:
        for method, span in (("HEAD", ""), ("GET", A_BYTE)):
            reply = await get_head(services.fetch, address, span, method)
            await reply.close()
            if not is_absent(reply, address):
                return check_status(reply, address, services.clock, part=bool(span), asked=method)
            if reply.status not in REFUSALS:
                break
        return False

    return await retry(
        lambda: watched(ask, address, services.retry_policy, services.clock),
        services.retry_policy,
        services.clock,
    )


async def get_head(
    fetch: Fetch[B], address: str, span: str, method: str = "GET", token: str = ""
) -> Reply[B]:
    """An answer whose body is not needed as a whole: without a range if one with it fails, as in
    Chromium if a server compresses parts."""
    try:
        return await fetch.request(address, span, method, token)
    except TemporaryError:
        if not span:
            raise
        return await fetch.request(address, "", method, token)


async def get_json(
    services: Services[Any], address: str, retry_policy: RetryPolicy | None = None
) -> dict[str, Any] | None:
    """The JSON object at `address`, None if there is no file."""
    body = await get_whole(services, address, retry_policy)
    return None if body is None else parse_object(body.text(), address)


def parse_object(text: str, name: str) -> dict[str, Any]:
    """Parse one JSON object; ManifestError names the file that is not one."""
    try:
        value = load_json(text)
    except ValueError as exc:
        raise ManifestError(
            f"{name} is not valid JSON ({exc}): it may be damaged or a web page sent in its "
            "place; open the address to see, then load again."
        ) from exc
    if not isinstance(value, dict):
        raise ManifestError(f"{name} must hold a JSON object, not {type(value).__name__}.")
    return value


def not_found(address: str) -> ModelNotFoundError:
    """The error for a file that is not there."""
    return ModelNotFoundError(f"There is no file at {address}: check the model's name.")
