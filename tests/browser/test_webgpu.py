"""WebGPU in software, so that its path can be tested on a machine without a GPU."""

from __future__ import annotations

from playwright.sync_api import Page


def test_the_option_gives_an_adapter(served: str, webgpu_page: Page) -> None:
    webgpu_page.goto(f"{served}intab/without_eval.mjs")
    assert webgpu_page.evaluate("async () => Boolean(await navigator.gpu.requestAdapter())")
