"""A private model of a hub that redirects to another origin, in a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from tests.browser.conftest import serve_command
from tests.browser.visitor import Visitor
from tests.support.fake_hub import TOKEN, serving_hub
from tests.support.graphs import Form, write_model

PROGRAM = """
import intab
for token in ("", "hf_wrong", {token!r}):
    try:
        model = await intab.load("org/name", endpoint={hub!r}, token=token)
        print(len(str(await model.generate("Once", max_new_tokens=3))) > 0)
    except intab.errors.LoadError as exc:
        print(exc)
stored = await intab.storage.list()
print([model.complete for model in stored if model.name == "org/name"])
"""


def test_the_token_reaches_the_hub_and_not_where_it_redirects_to(
    site: Path, page: Page, tmp_path: Path
) -> None:
    write_model(tmp_path / "model", Form())
    with serving_hub(tmp_path / "model") as hub:
        allowed = [text for origin in (hub.hub, hub.network) for text in ("--connect", origin)]
        with serve_command(site, *allowed) as address:
            visitor = Visitor(page).open(address)
            program = PROGRAM.format(token=TOKEN, hub=hub.hub)
            without, wrong, works, stored = visitor.run(program).splitlines()
    assert "private or gated" in without
    assert "refused the token" in wrong
    assert "hf_" not in without + wrong
    assert (works, stored) == ("True", "[True]")
    assert set(hub.heard[hub.hub]) == {None, "Bearer hf_wrong", f"Bearer {TOKEN}"}
    assert set(hub.heard[hub.network]) == {None}
