"""The worker's brain over fakes: requests in, events out."""

import asyncio
import json
from typing import Any

import pytest

from intab.engine.io.protocols import Notice
from intab.engine.loading.loader import Loader
from intab.engine.worker.messages import Output, Run, decode, encode
from intab.engine.worker.service import Service
from intab.engine.worker.storage_panel import StoragePanel
from intab.errors import ProgramError
from tests.engine.conftest import FakeRuntime, model_files


class Page:
    """The other end of the wire: sends requests, collects events, waits for one of a kind."""

    def __init__(self, **files: Any) -> None:
        self.events: list[dict[str, Any]] = []
        self.loader = Loader(FakeRuntime(model_files(**files), script=[1]), "models")
        self.service = Service(self.loader, lambda text: self.events.append(json.loads(text)))

    def send(self, kind: str, **fields: Any) -> None:
        self.service.handle(json.dumps({"kind": kind, **fields}))

    async def wait(self, kind: str) -> dict[str, Any]:
        while not (found := [e for e in self.events if e["kind"] == kind]):  # noqa: ASYNC110
            await asyncio.sleep(0)
        return found[-1]

    def output(self) -> str:
        return "".join(e["text"] for e in self.events if e["kind"] == "output")


async def test_a_program_runs_and_finishes() -> None:
    page = Page()
    page.send("run", run=1, source="print('hello')")
    assert await page.wait("finished") == {
        "kind": "finished",
        "run": 1,
        "outcome": "done",
        "error_type": "",
        "message": "",
        "traceback": "",
    }
    assert page.output() == "hello\n"


async def test_a_program_finds_the_model_that_was_chosen() -> None:
    page = Page()
    page.send("run", run=1, source="print(MODEL)")
    await page.wait("finished")
    page.events = [event for event in page.events if event["kind"] == "output"]
    page.send("run", run=2, source="print(MODEL)", model="org/name")
    await page.wait("finished")
    assert page.output() == "default\norg/name\n"


async def test_an_error_crosses_with_its_type() -> None:
    page = Page()
    page.send("run", run=1, source="1 / 0")
    finished = await page.wait("finished")
    assert (finished["outcome"], finished["error_type"]) == ("error", "ZeroDivisionError")
    assert "line 1" in finished["traceback"]


async def test_stop_ends_a_program_that_waits_and_the_next_one_runs() -> None:
    page = Page()
    page.send("run", run=1, source="import asyncio\nawait asyncio.Event().wait()")
    await asyncio.sleep(0)
    page.send("stop", run=1)
    assert (await page.wait("finished"))["outcome"] == "stopped"
    page.events.clear()
    page.send("run", run=2, source="print(2)")
    assert (await page.wait("finished"))["outcome"] == "done"


async def test_stop_right_after_run() -> None:
    """Before the program's task had its first turn."""
    page = Page()
    page.send("run", run=1, source="print(1)")
    page.send("stop", run=1)
    assert (await page.wait("finished"))["outcome"] == "stopped"
    assert page.output() == ""


async def test_an_interrupt_is_a_stop() -> None:
    page = Page()
    page.send("run", run=1, source="raise KeyboardInterrupt")
    assert (await page.wait("finished"))["outcome"] == "stopped"


async def test_a_late_stop_of_another_run_is_ignored() -> None:
    page = Page()
    page.send("stop", run=7)
    page.send("run", run=8, source="print(8)")
    page.send("stop", run=7)
    assert (await page.wait("finished"))["outcome"] == "done"


async def test_before_each_program_the_interpreter_is_mended() -> None:
    page = Page()
    mended: list[int] = []
    page.service = Service(page.loader, lambda text: None, lambda: mended.append(1))
    page.send("run", run=1, source="")
    while not mended:  # noqa: ASYNC110 - the service has no event to tell us
        await asyncio.sleep(0)
    assert mended == [1]


async def test_whatever_breaks_the_page_hears_of_the_end() -> None:
    page = Page()

    def fail() -> None:
        raise RuntimeError("broken")

    page.service = Service(page.loader, lambda text: page.events.append(json.loads(text)), fail)
    page.send("run", run=1, source="print(1)")
    finished = await page.wait("finished")
    assert (finished["outcome"], finished["message"]) == ("error", "broken")


async def test_one_program_at_a_time() -> None:
    page = Page()
    page.send("run", run=1, source="import asyncio\nawait asyncio.Event().wait()")
    page.send("run", run=2, source="print(2)")
    finished = await page.wait("finished")
    assert (finished["run"], finished["outcome"]) == (2, "error")
    assert "already running" in finished["message"]
    page.send("stop", run=1)


async def test_preload_reports_progress_and_the_model() -> None:
    page = Page()
    page.send("preload", model="tiny")
    assert await page.wait("preloaded") == {"kind": "preloaded", "error": ""}
    loaded = await page.wait("loaded")
    assert (loaded["name"], loaded["dtype"], loaded["device"]) == ("tiny", "q8", "fake")
    assert (await page.wait("loading"))["stage"] == "warm up"


async def test_a_preload_that_fails_says_why() -> None:
    page = Page(**{"config.json": None})
    page.send("preload", model="tiny")
    assert "There is no file at" in (await page.wait("preloaded"))["error"]


async def test_what_a_visitor_should_hear_of_is_told() -> None:
    page = Page()
    page.loader.listeners.on_notice(Notice("offline", "No network."))
    noticed = await page.wait("noticed")
    assert (noticed["topic"], noticed["text"]) == ("offline", "No network.")


async def test_how_far_an_action_of_the_panel_is_is_told() -> None:
    page, host = Page(), "https://host/models"
    files = {f"https://host/{name}": data for name, data in model_files().items()}
    loader = Loader(FakeRuntime(files), host)
    await loader.load("tiny")
    page.service = Service(loader, lambda text: page.events.append(json.loads(text)))
    page.send("manage", action="verify", model=f"{host}/tiny/")
    assert (await page.wait("stored"))["done"] == "Every byte is as it was stored."
    last = await page.wait("managing")
    assert last.keys() == {"kind", "stage", "loaded", "total", "rate", "seconds_left"}
    assert (last["stage"], last["loaded"]) == ("verify", last["total"])


async def test_a_typed_token_is_the_loader_s_and_in_no_text() -> None:
    page, typed = Page(), "hf_typed"
    page.send("token", token=typed)
    assert page.loader.token == typed
    assert typed not in repr(decode(json.dumps({"kind": "token", "token": typed})))


async def test_a_generation_is_measured() -> None:
    page = Page()
    model = await page.loader.load("tiny")
    await model.generate("x")
    assert (await page.wait("measured"))["new_tokens"] == 2


def test_messages_are_json_with_a_kind() -> None:
    assert json.loads(encode(Output(1, "é", "stdout"))) == {
        "kind": "output",
        "run": 1,
        "text": "é",
        "stream": "stdout",
    }
    assert decode('{"kind": "run", "run": 3, "source": "x"}') == Run(3, "x")


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"kind": "x"}', '{"kind": "run", "run": 1}', "not json"]
)
def test_what_is_no_request(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a request|Expecting"):
        decode(text)


async def test_the_panel_is_answered_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its buttons rest until then."""

    async def fail(*_: object) -> None:
        raise OSError("the file was moved")

    monkeypatch.setattr(StoragePanel, "act", fail)
    page = Page()
    page.send("manage", action="list")
    assert (await page.wait("stored"))["error"] == "OSError: the file was moved"


async def test_what_a_program_imports_is_provided_before_it_runs() -> None:
    page, asked = Page(), []

    async def provide(source: str) -> None:
        asked.append(source)
        if "gone" in source:
            raise ProgramError("gone could not be loaded")

    post = lambda text: page.events.append(json.loads(text))  # noqa: E731
    page.service = Service(page.loader, post, provide=provide)
    page.send("run", run=1, source="import gone")
    finished = await page.wait("finished")
    assert (finished["outcome"], finished["message"]) == ("error", "gone could not be loaded")
    page.events.clear()
    page.send("run", run=2, source="print('hello')")
    await page.wait("finished")
    assert page.output() == "hello\n"
    assert asked == ["import gone", "print('hello')"]
