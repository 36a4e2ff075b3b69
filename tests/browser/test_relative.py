"""Addresses relative to a page that lies elsewhere than the package, in a real browser."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import serve_command
from tests.browser.copies import copy_site
from tests.browser.visitor import STARTED
from tests.support.graphs import Form, write_model

PAGE = """<!doctype html>
<title>A page of a blog</title>
<meta name="intab-store" content="opfs" />
<script type="module" src="../site/intab/without_eval.mjs"></script>
<p id="seen"></p>
<script type="py" worker config="../site/pyscript.toml">
  import js
  import intab
  from intab.browser.cache import BrowserStore

  seen = []
  for spec in ("./mine", "../mine", "/blog/mine", "default"):
      try:
          model = await intab.load(spec)
          seen.append(model.dtype)
          await model.close()
      except intab.errors.LoadError as exc:
          seen.append(str(exc))
  seen += [stored.name for stored in await intab.storage.list()]
  for kind in ("cache", "opfs"):
      seen.append(f"{kind} {len(await BrowserStore(kind).keys()) > 0}")
  await js.fetch(js.location.origin + "/seen?" + js.encodeURIComponent("|".join(seen)))
</script>
"""


@pytest.mark.parametrize("isolation", [[], ["--no-isolation"]], ids=["isolated", "not isolated"])
def test_what_is_relative_is_relative_to_the_page(
    site: Path, page: Page, tmp_path: Path, isolation: list[str]
) -> None:
    copy_site(site, tmp_path / "site")
    write_model(tmp_path / "blog/mine", Form())
    (tmp_path / "blog/post.html").write_text(PAGE)
    with (
        serve_command(tmp_path, *isolation) as address,
        page.expect_request(lambda request: "/seen?" in request.url, timeout=STARTED) as told,
    ):
        page.goto(f"{address}blog/post.html")
    mine, missing, again, default, *stored = unquote(urlsplit(told.value.url).query).split("|")
    assert (mine, again, default) == ("fp32", "fp32", "q8")
    assert f"no file at {address}mine/config.json" in missing
    assert stored == ["/blog/mine", "default", "cache False", "opfs True"]
