"""Models from elsewhere: a hub that sends its large files from another host, which the page's
policy names or does not, and a host that compresses what it sends.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from intab.engine.text.tokenizer import Tokenizer
from tests.browser.conftest import serve_command
from tests.browser.visitor import Visitor, visits
from tests.engine.conftest import byte_tokenizer_json
from tests.support.fake_hub import TOKEN, FakeHub, serving_hub
from tests.support.graphs import Form, reference, write_model
from tests.support.gzip_server import serving_gzip

# Browsers take each name below localhost for this machine.
HOSTS = ("hub.localhost", "us.cdn.localhost")
GRAPH, DATA = "onnx/model.onnx", "onnx/model.onnx_data"
SIZE = 9 * 1024 * 1024  # of the data: five parts of 2 MiB
IDS = reference(Tokenizer(byte_tokenizer_json()).encode("Hello"), 5)
WRITTEN = " ".join(map(str, IDS)) + "\n"
LOAD = """
import intab
try:
    model = await intab.load({spec!r}, **{options!r})
    answer = await model.generate("Hello", max_new_tokens=5, do_sample=False)
    print(*answer.ids)
    await model.close()
except intab.errors.LoadError as exc:
    print(type(exc).__name__, exc)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a large file: a few weights, and zeros that no weight is in."""
    folder = write_model(tmp_path_factory.mktemp("two") / "model", Form(), external_data=True)
    with (folder / DATA).open("r+b") as file:
        file.truncate(SIZE)
    return folder


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[FakeHub]:
    with serving_hub(folder, HOSTS) as hub:
        yield hub


@pytest.fixture
def hub(running: FakeHub) -> FakeHub:
    """The hub, which remembers nothing of what other tests asked."""
    running.asked.clear()
    running.heard.clear()
    return running


@pytest.fixture(scope="module")
def elsewhere(folder: Path) -> Iterator[str]:
    with serving_gzip(folder) as address:
        yield address


@pytest.fixture(scope="module")
def deaf(folder: Path) -> Iterator[str]:
    with serving_gzip(folder, deaf=True) as address:
        yield address


@pytest.fixture(scope="module")
def visitor(
    browser: Browser, site: Path, running: FakeHub, elsewhere: str, deaf: str
) -> Iterator[Visitor]:
    """In a page whose policy names all of them, where the hub redirects to by a wildcard."""
    named = (running.hub, running.network.replace("us.", "*."), elsewhere, deaf)
    connect = [word for origin in named for word in ("--connect", origin)]
    with serve_command(site, "--no-hub", *connect) as address:
        yield from visits(browser, address)


def load(visitor: Visitor, spec: str, **options: str) -> str:
    return visitor.run(LOAD.format(spec=spec, options=options))


def test_a_host_that_the_policy_does_not_name_is_an_error_at_once(
    browser: Browser, site: Path, hub: FakeHub
) -> None:
    with serve_command(site, "--no-hub", "--connect", hub.hub) as address:
        for visitor in visits(browser, address):
            said = load(visitor, "org/name", endpoint=hub.hub, token=TOKEN)
    assert said.startswith(f"PolicyError {hub.hub} redirects this page to another host, which the")
    assert "can add it: intab serve --connect ORIGIN" in said
    assert hub.question(GRAPH) in said  # where a terminal tells which host it is
    # Not again and again: once for the file, and once to see that it is a redirect which failed.
    assert hub.asked[hub.question(GRAPH)] == 2
    assert hub.asked[hub.question(DATA)] == 0
    assert hub.network not in hub.heard


def test_a_host_that_a_wildcard_names_is_asked_without_the_token(
    visitor: Visitor, hub: FakeHub
) -> None:
    said = load(visitor, "org/name", endpoint=hub.hub, token=TOKEN)
    assert said == WRITTEN
    assert set(hub.heard[hub.hub]) == {f"Bearer {TOKEN}"}
    assert set(hub.heard[hub.network]) == {None}
    assert [hub.asked[hub.question(name)] for name in (GRAPH, DATA)] == [1, 1]
    assert hub.asked[f"{hub.network}/{DATA}"] == 5


def test_what_comes_compressed_from_another_origin_is_whole(
    visitor: Visitor, elsewhere: str
) -> None:
    assert load(visitor, f"{elsewhere}/") == WRITTEN


def test_what_a_server_codes_whatever_it_is_asked_comes_in_one_piece(
    visitor: Visitor, deaf: str
) -> None:
    assert load(visitor, f"{deaf}/") == WRITTEN
