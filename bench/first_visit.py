"""What a first visit sends until the model is ready: `python -m bench.first_visit`.

After make site: bytes and requests, file by file, as `intab serve` sends them; no times. What
comes from the browser's own cache is no transfer.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Request, sync_playwright

from tests.browser.conftest import launch_args, serve_command

SITE = Path(__file__).resolve().parents[1] / "build" / "site"
READY = "[data-testid=status][data-state=ready]"
PATIENCE = 240_000  # ms


def visit(page: Page, address: str) -> dict[str, int]:
    """The bytes of each file that a first visit of the page fetches."""
    fetched: list[Request] = []
    page.on("requestfinished", lambda request: fetched.append(request))
    page.goto(address)
    page.wait_for_selector(READY, timeout=PATIENCE)
    return over_the_wire(fetched, address)


def over_the_wire(requests: list[Request], address: str) -> dict[str, int]:
    """The bytes of each file of the site, once."""
    found: dict[str, int] = {}
    for request in requests:
        if request.url.startswith(address):
            path = request.url.removeprefix(address).partition("?")[0]
            found[path] = max(found.get(path, 0), request.sizes()["responseBodySize"])
    return found


def main() -> None:
    with serve_command(SITE) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_args())
        found = visit(browser.new_page(), address)
        browser.close()
    for path, size in sorted(found.items(), key=lambda item: -item[1]):
        print(f"{size:>10,}  {path or 'index.html'}")
    print(f"{sum(found.values()):>10,}  bytes in {len(found)} requests")


if __name__ == "__main__":
    main()
