"""What a page's worker holds, to the byte: live JavaScript buffers and onnxruntime's memory.

`performance.measureUserAgentSpecificMemory` takes a minute here, since onnxruntime's threads never
answer it, and leaves WebAssembly out. So the worker is asked over the DevTools protocol, through
the page's session: Playwright has none for workers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SEE_MEMORIES = Path(__file__).with_name("see_memories.js").read_text("utf-8")


@dataclass(frozen=True)
class Held:
    """Bytes; a tensor on the CPU is a buffer, what onnxruntime computes in is wasm."""

    buffers: int
    wasm: int

    @property
    def total(self) -> int:
        return self.buffers + self.wasm


class WorkerMemory:
    """Looks into the page's only worker; shared memory counts once it was used after this."""

    def __init__(self, page: Page) -> None:
        self._cdp = page.context.new_cdp_session(page)
        self._targets: list[str] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._asked = 0
        self._cdp.on("Target.attachedToTarget", self._on_attached)
        self._cdp.on("Target.receivedMessageFromTarget", self._on_answer)
        options = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": False}
        self._cdp.send("Target.setAutoAttach", options)
        self._ask("Runtime.evaluate", expression=SEE_MEMORIES)

    def held(self) -> Held:
        """What is alive now, after a garbage collection."""
        self._ask("HeapProfiler.collectGarbage")
        buffers = self._ask("Runtime.getHeapUsage")["backingStorageSize"]
        wasm = self._ask("Runtime.evaluate", expression="sharedBytes()")["result"]["value"]
        return Held(int(buffers), wasm)

    def _on_attached(self, event: dict[str, Any]) -> None:
        if event["targetInfo"]["type"] == "worker":  # not the service worker
            self._targets.append(event["sessionId"])

    def _on_answer(self, event: dict[str, Any]) -> None:
        answer = json.loads(event["message"])
        self._answers[answer.get("id", 0)] = answer

    def _ask(self, method: str, **params: object) -> dict[str, Any]:
        self._asked += 1
        [target] = self._targets
        message = json.dumps({"id": self._asked, "method": method, "params": params})
        self._cdp.send("Target.sendMessageToTarget", {"sessionId": target, "message": message})
        while self._asked not in self._answers:  # it comes as an event, during any other call
            self._cdp.send("Runtime.evaluate", {"expression": "0"})
        result: dict[str, Any] = self._answers.pop(self._asked)["result"]
        return result
