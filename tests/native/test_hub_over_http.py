"""A private model of a hub that redirects to another origin, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from intab.engine.loading.loader import Loader
from intab.errors import DownloadError
from intab.native.folder import default_folder
from intab.native.runtime import NativeRuntime
from tests.support.fake_hub import COMMIT, TOKEN, FakeHub, serving_hub
from tests.support.graphs import Form, write_model


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    with serving_hub(write_model(tmp_path / "model", Form())) as running:
        yield running


def loader(hub: FakeHub) -> Loader:
    return Loader(NativeRuntime(), "models", hub.hub)


async def test_the_token_reaches_the_hub_and_not_where_it_redirects_to(hub: FakeHub) -> None:
    model = await loader(hub).load("org/name", token=TOKEN)
    assert model.name == "org/name"
    await model.close()
    assert set(hub.heard[hub.hub]) == {f"Bearer {TOKEN}"}
    assert hub.heard[hub.network] == [None]


async def test_the_token_is_in_no_file_and_no_name_of_the_store(hub: FakeHub) -> None:
    model = await loader(hub).load("org/name", token=TOKEN)
    await model.close()
    files = [path for path in default_folder().rglob("*") if path.is_file()]
    assert any(COMMIT.encode() in path.read_bytes() for path in files)
    assert not [p for p in files if TOKEN in str(p) or TOKEN.encode() in p.read_bytes()]


@pytest.mark.parametrize(
    ("token", "says"), [("", "private or gated"), ("hf_wrong", "refused the token")]
)
async def test_without_the_right_token(hub: FakeHub, token: str, says: str) -> None:
    with pytest.raises(DownloadError, match=says) as caught:
        await loader(hub).load("org/name", token=token)
    assert "hf_wrong" not in str(caught.value)
