"""The work of the page's storage panel: listing, checking, deleting, files.

Each answer is the list as it is afterwards, with one sentence on what was done or went wrong.
"""

from __future__ import annotations

from intab.engine.io.protocols import OnProgress, silent
from intab.engine.loading.loader import Loader
from intab.engine.storage.storage import Storage
from intab.engine.storage.stored import StoredModel
from intab.engine.worker.messages import Manage, Stored, StoredItem
from intab.errors import IntabError


class StoragePanel:
    """Manages stored models by the means of a loader."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._storage = Storage(lambda: loader.services, loader.locate)

    async def act(self, request: Manage, on_progress: OnProgress = silent) -> Stored:
        """Do the request, and tell what is stored then."""
        try:
            done = await self._do(request, on_progress)
        except IntabError as exc:
            return await self._tell(error=str(exc))
        return await self._tell(done)

    async def _do(self, request: Manage, on_progress: OnProgress) -> str:
        match request.action:
            case "verify":
                return await self._verify(request.model, on_progress)
            case "delete":
                return await self._delete(request.model or None)
            case "export":
                await self._storage.export(request.model, request.file, on_progress=on_progress)
                return "Exported."
            case "import":
                model = await self._storage.import_(request.file, on_progress=on_progress)
                return f"Imported {model.name}."
        return ""

    async def _verify(self, model: str, on_progress: OnProgress) -> str:
        damaged = (await self._storage.verify(model, on_progress=on_progress)).damaged
        if not damaged:
            return "Every byte is as it was stored."
        return f"Parts of {', '.join(damaged)} were damaged and are deleted: load the model again."

    async def _delete(self, model: str | None) -> str:
        models = [item for item in await self._list() if model in (None, item.address)]
        await self._storage.delete(model)
        deleted = f"Deleted: {', '.join(item.name for item in models)}."
        if any(item.loaded for item in models):
            return f"{deleted} A loaded model goes on working until the page is reloaded."
        return deleted

    async def _tell(self, done: str = "", error: str = "") -> Stored:
        try:
            models, room = await self._list(), await self._storage.room()
        except IntabError as exc:
            return Stored(error=error or str(exc))
        return Stored(models, room.used, room.quota, room.persisted, done, error)

    async def _list(self) -> tuple[StoredItem, ...]:
        return tuple(self._item(model) for model in await self._storage.list())

    def _item(self, model: StoredModel) -> StoredItem:
        return StoredItem(
            model.name,
            model.address,
            model.revision,
            model.bytes,
            model.complete,
            model.verified,
            model.last_used,
            self._loader.holds(model.address),
        )
