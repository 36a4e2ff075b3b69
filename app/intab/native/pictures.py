"""Pictures in CPython: files, bytes, arrays and addresses, by Pillow."""

from __future__ import annotations

import asyncio
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from intab.engine.io.protocols import Services
from intab.engine.io.small_files import get_whole
from intab.engine.media import pictures
from intab.errors import DeviceError, PromptError
from intab.native.extras import advice

if TYPE_CHECKING:
    from PIL.Image import Image

_MISSING = ImportError(name="pillow")  # which is imported as PIL
_KINDS = "a path, an address, bytes, a numpy array or a PIL.Image"


def check_pillow() -> None:
    """DeviceError says what to install where Pillow is missing."""
    try:
        import PIL.Image  # noqa: F401
    except ModuleNotFoundError as exc:
        raise DeviceError(advice("Reading pictures", "pictures", _MISSING)) from exc


async def read_picture(source: Any, services: Services[Any]) -> Image:
    """A picture of whatever a user has, upright; PromptError for what is none."""
    check_pillow()
    if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
        data = await _fetched(source, services)
        return await asyncio.to_thread(_of_file, data, source)
    return await asyncio.to_thread(_read, source)


async def _fetched(address: str, services: Services[Any]) -> bytes:
    body = await get_whole(services, address)
    if body is None:
        raise pictures.not_there(address)
    found: bytes = body.bytes()
    return found


def _read(source: Any) -> Image:
    if pictures.is_picture(source):
        return pictures.decoded(source)
    if isinstance(source, np.ndarray):
        return pictures.from_array(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return _of_file(bytes(source), "The picture")
    if isinstance(source, str) and source.startswith("data:"):
        return _of_file(pictures.from_data_address(source), "The picture")
    if isinstance(source, str | PathLike):
        path = Path(fspath(source)).expanduser()
        try:
            return _of_file(path.read_bytes(), str(path))
        except OSError as exc:
            raise PromptError(
                f"{path} cannot be read ({exc.strerror or exc}): check the path."
            ) from exc
    raise PromptError(f"A picture is {_KINDS}, not {type(source).__name__}.")


def _of_file(data: bytes, what: str) -> Image:
    return pictures.decoded(pictures.open_file(data, what), what)
