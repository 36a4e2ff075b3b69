"""A first visit: one bar for all of its bytes, which are those that the page says beforehand."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, Request, Route, expect

from bench.first_visit import over_the_wire
from tests.browser.visitor import STARTED, Visitor

# 2026-11-29: 19.4 MB in 42 requests (docs/speed.md).
MOST_BYTES = 20_000_000
MOST_REQUESTS = 44
GRAPH = "**/model_quantized.onnx"


def test_a_first_visit_is_what_the_page_says(page: Page, served: str) -> None:
    fetched: list[Request] = []
    held: list[Route] = []
    page.on("requestfinished", lambda request: fetched.append(request))
    page.route(GRAPH, lambda route: held.append(route))
    page.goto(served, wait_until="commit")
    transfer = page.get_by_test_id("transfer")
    expect(transfer).to_have_text(re.compile(r"^\s*First visit: \d+ MB, then \d+ MB more"))
    facts = json.loads(page.locator('meta[name="visit"]').get_attribute("content") or "")
    said = sum(facts["sizes"].values()) + facts["rest"]
    # Python is there, the model is not: the bar is the whole visit's.
    expect(transfer).to_contain_text(f" of {said / 1e6:.1f} MB", timeout=STARTED)
    for route in held:
        route.continue_()
    page.unroute(GRAPH)
    Visitor(page).expect_state("ready", timeout=STARTED)
    expect(transfer).to_be_empty()
    sizes = over_the_wire(fetched, served)
    assert len(sizes) <= MOST_REQUESTS, sorted(sizes)
    assert sum(sizes.values()) <= MOST_BYTES
    assert abs(sum(sizes.values()) - said) < 0.02 * said
    assert {path for path, size in sizes.items() if size > 100_000} == set(facts["sizes"])


# Of a worker that ends when its program has run, before it has heard of the page.
ENDING = "from js import close, setTimeout\nsetTimeout(close, 0)\n"


def test_a_worker_that_dies_before_it_says_that_it_lives(page: Page, served: str) -> None:
    again = page.get_by_test_id("start-again")
    page.clock.install()
    page.route("**/worker.py", lambda route: route.fulfill(body=ENDING), times=1)
    visitor = Visitor(page).open(served, "loading")
    expect(visitor.status).to_have_text("Loading the model", timeout=STARTED)
    expect(again).to_be_hidden()
    page.clock.fast_forward(60_000)
    expect(visitor.status).to_contain_text("has not been heard of")
    again.click()
    expect(visitor.status).to_be_focused()
    visitor.expect_state("ready", timeout=STARTED)
    expect(again).to_be_hidden()
