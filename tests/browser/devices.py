"""Chromium's fake camera and microphone, and a page whose devices a test may watch and refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserType, Page

from tests.browser.conftest import serve_command
from tests.browser.visitor import Visitor, visits

FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
WATCH = """() => {
  const { mediaDevices } = navigator;
  const real = mediaDevices.getUserMedia.bind(mediaDevices);
  window.tracks = [];
  window.refusal = "";
  mediaDevices.getUserMedia = async (wanted) => {
    if (refusal) throw new DOMException("no", refusal);
    const stream = await real(wanted);
    tracks.push(...stream.getTracks());
    return stream;
  };
}"""
LIGHTS = "tracks.filter((track) => track.readyState === 'live').length"


def watched(
    browser_type: BrowserType, launch_args: dict[str, Any], folder: Path, *more: str
) -> Iterator[Visitor]:
    """A fixture's visitor of a site in that folder, with devices; `more` are Chromium's flags."""
    given = [*launch_args["args"], *FAKE, *more]
    browser = browser_type.launch(**{**launch_args, "args": given})
    with serve_command(folder) as address:
        for visitor in visits(browser, address):
            visitor.page.evaluate(WATCH)
            yield visitor
    browser.close()


def lights(visitor: Visitor) -> int:
    """How many devices are in use."""
    return int(visitor.page.evaluate(LIGHTS))


@contextmanager
def refused(page: Page, name: str) -> Iterator[None]:
    """The browser refuses every device by an error of that name."""
    page.evaluate("(name) => { window.refusal = name; }", name)
    try:
        yield
    finally:
        page.evaluate("() => { window.refusal = ''; }")


@contextmanager
def without(page: Page, name: str) -> Iterator[None]:
    """A browser that lacks a global; none where the name is empty. The next test has it again."""
    page.evaluate("(name) => { window.lacked = window[name]; delete window[name]; }", name)
    try:
        yield
    finally:
        page.evaluate("(name) => { if (name) window[name] = window.lacked; }", name)
