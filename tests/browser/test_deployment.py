"""The page behind a real nginx with deploy/nginx.conf."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.test_offline import STREAM
from tests.browser.visitor import Visitor, expect_kept
from tests.browser.watching import Watch
from tests.site.test_nginx import nginx_serving


def test_the_page_runs_isolated_and_is_kept(
    page: Page, watch: Watch, site: Path, tmp_path: Path
) -> None:
    with nginx_serving(site, tmp_path) as server:
        visitor = Visitor(page).open(f"{server.address}/")
        expect(visitor.device).to_contain_text("2 threads")
        assert len(visitor.run(STREAM).split()) > 10
        expect_kept(page)
        watch.assert_clean(server.address)
