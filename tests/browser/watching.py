"""Remembers what a page must never do: errors, broken policy, requests to other origins.

Only looks; asserts nothing until asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

# Chromium is silent about a refused eval that the page catches; the event is not.
TELL_VIOLATIONS = Path(__file__).with_name("tell_violations.mjs")
# Addresses that never leave the browser.
LOCAL = frozenset({"about", "blob", "data"})


@dataclass
class Watch:
    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(path=TELL_VIOLATIONS)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.context.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _on_request(self, request: Request) -> None:
        self.requests.append(request.url)

    @property
    def violations(self) -> list[str]:
        return [error for error in self.errors if "Content Security Policy" in error]

    def foreign(self, address: str) -> list[str]:
        """Requests to any other origin than the page's."""
        home = urlsplit(address)[:2]
        return [
            url
            for url in self.requests
            if urlsplit(url)[:2] != home and urlsplit(url).scheme not in LOCAL
        ]

    def assert_clean(self, address: str) -> None:
        assert self.foreign(address) == []
        assert self.errors == []
