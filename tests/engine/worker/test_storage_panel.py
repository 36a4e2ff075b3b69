"""What the storage panel asks for, over fakes."""

from __future__ import annotations

from typing import Literal

from intab.engine.loading.loader import Loader
from intab.engine.worker.messages import Manage, Stored
from intab.engine.worker.storage_panel import StoragePanel
from tests.engine.conftest import FakeRuntime, model_files
from tests.engine.support.fakes import FakeBody

MODELS = "https://host/models"
TINY = f"{MODELS}/tiny/"


class Panel:
    """A page with one model loaded and stored."""

    def __init__(self) -> None:
        self.runtime = FakeRuntime({f"https://host/{k}": v for k, v in model_files().items()})
        self.loader = Loader(self.runtime, MODELS)
        self.manager = StoragePanel(self.loader)

    async def ask(self, action: Literal["list", "verify", "delete"], model: str = "") -> Stored:
        return await self.manager.act(Manage(action, model))


async def test_the_list_has_what_a_visitor_wants_to_know() -> None:
    panel = Panel()
    assert (await panel.ask("list")).models == ()
    model = await panel.loader.load("tiny")
    [item] = (await panel.ask("list")).models
    assert (item.name, item.address, item.complete, item.loaded) == ("tiny", TINY, True, True)
    assert item.bytes > 0
    assert item.last_used is not None
    await model.close()
    [item] = (await panel.ask("list")).models
    assert not item.loaded


async def test_verifying_says_what_was_found() -> None:
    panel = Panel()
    await panel.loader.load("tiny")
    assert (await panel.ask("verify", TINY)).done == "Every byte is as it was stored."
    for key, body in panel.runtime.store.bodies.items():
        if "onnx" in key:
            panel.runtime.store.bodies[key] = FakeBody(body.data[::-1])
    stored = await panel.ask("verify", TINY)
    assert "onnx/model_quantized.onnx were damaged and are deleted" in stored.done
    assert not stored.models[0].complete


async def test_deleting_a_loaded_model_says_that_it_goes_on() -> None:
    panel = Panel()
    model = await panel.loader.load("tiny")
    stored = await panel.ask("delete", TINY)
    assert stored.models == ()
    assert stored.done.startswith("Deleted: tiny. A loaded model goes on working")
    assert await model.generate("x") is not None
    await model.close()


async def test_deleting_all() -> None:
    panel = Panel()
    model = await panel.loader.load("tiny")
    await model.close()
    assert (await panel.ask("delete")).done == "Deleted: tiny."


async def test_what_goes_wrong_is_told_with_the_list() -> None:
    panel = Panel()
    await panel.loader.load("tiny")
    stored = await panel.ask("delete", "https://host/other/")
    assert "is stored; stored are: tiny" in stored.error
    assert [item.name for item in stored.models] == ["tiny"]


async def test_without_a_store_that_is_said() -> None:
    panel = Panel()
    panel.runtime.store.broken = True
    stored = await panel.ask("list")
    assert stored.models == ()
    assert stored.error == "there is no store here."
