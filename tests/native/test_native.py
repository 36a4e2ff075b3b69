"""CPython's runtime over real onnxruntime: every form of graph, files and HTTP, what is broken."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import onnx
import pytest

import intab
from intab.engine.hub.locate import locate
from intab.engine.io.retry import RetryPolicy
from intab.engine.io.small_files import exists, get_whole
from intab.errors import DeviceError, DownloadError, ModelNotFoundError, UnsupportedModelError
from intab.native.runtime import NativeRuntime, models_folder
from tests.engine.support.session_contract import CONTRACT, Check
from tests.support.graphs import FORMS, Form, make_graph, reference, write_model

PROMPT = "Hello"


@pytest.mark.parametrize("name", FORMS)
async def test_every_form_of_graph_gives_the_same_ids(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    model = await intab.load(str(write_model(tmp_path / "m", form)))
    answer = await model.generate(PROMPT, max_new_tokens=12)
    prompt = model.tokenizer.encode(PROMPT)
    assert list(answer.ids) == reference(prompt, 12, form)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_every_form_of_graph_keeps_the_sessions_contract(
    name: str, check: Check, tmp_path: Path
) -> None:
    model = await intab.load(str(write_model(tmp_path / "m", FORMS[name])))
    network = model._decoder
    assert network is not None
    await check(network)


async def test_two_streams_interleave_without_mixing_their_caches(tmp_path: Path) -> None:
    model = await intab.load(str(write_model(tmp_path / "m", Form())))
    one, two = model.stream("Hello", max_new_tokens=6), model.stream("abc", max_new_tokens=6)
    ids: list[list[int]] = [[], []]
    for _ in range(6):
        for kept, stream in zip(ids, (one, two), strict=True):
            if chunk := await anext(stream, None):
                kept.extend(chunk.ids)
    assert ids == [reference(model.tokenizer.encode(text), 6) for text in ("Hello", "abc")]


async def test_external_data_is_found_beside_the_graph(tmp_path: Path) -> None:
    model = await intab.load(str(write_model(tmp_path / "m", Form(), external_data=True)))
    answer = await model.generate(PROMPT, max_new_tokens=3)
    assert list(answer.ids) == reference(model.tokenizer.encode(PROMPT), 3)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A web server over tmp_path; /broken is an internal error."""

    class Quiet(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/broken":
                self.send_error(500)
            else:
                super().do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("external_data", [False, True])
async def test_a_model_over_http(web: str, tmp_path: Path, external_data: bool) -> None:
    write_model(tmp_path / "m", Form(), external_data=external_data)
    model = await intab.load(f"{web}/m/")
    answer = await model.generate(PROMPT, max_new_tokens=3)
    assert list(answer.ids) == reference(model.tokenizer.encode(PROMPT), 3)


async def test_a_hub_id_over_a_base_address_of_one_s_own(web: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "org/name/resolve/v1", Form())
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    listing = [
        {"type": "file", "path": str(path.relative_to(folder)), "size": path.stat().st_size}
        for path in files
    ]
    tree = tmp_path / "api/models/org/name/tree"
    tree.mkdir(parents=True)
    (tree / "v1").write_text(json.dumps(listing))
    model = await intab.load("org/name@v1", endpoint=web)
    answer = await model.generate(PROMPT, max_new_tokens=3)
    assert list(answer.ids) == reference(model.tokenizer.encode(PROMPT), 3)


async def test_a_server_that_is_not_there() -> None:
    with pytest.raises(DownloadError, match="could not be fetched"):
        await intab.load("http://127.0.0.1:9/m/")


async def test_a_server_that_fails(web: str) -> None:
    services = NativeRuntime().services
    with pytest.raises(DownloadError, match="answered 500"):
        await get_whole(services, f"{web}/broken", RetryPolicy(attempts=1))


@pytest.mark.parametrize("size", [0, 100, 2000])
async def test_a_truncated_graph(tmp_path: Path, size: int) -> None:
    folder = write_model(tmp_path / "m", Form())
    path = folder / "onnx/model.onnx"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises((DeviceError, UnsupportedModelError), match="onnx"):
        await intab.load(str(folder))


async def test_a_graph_with_other_inputs(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", Form())
    graph = make_graph(Form())
    graph.graph.input.append(onnx.helper.make_tensor_value_info("pixels", 1, [1]))
    onnx.save(graph, folder / "onnx/model.onnx")
    with pytest.raises(UnsupportedModelError, match="asks for pixels"):
        await intab.load(str(folder))


async def test_a_model_that_is_not_there() -> None:
    with pytest.raises(ModelNotFoundError, match=r"models/nothing/config\.json"):
        await intab.load("nothing")


async def test_hashes_of_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    body = await get_whole(NativeRuntime().services, str(tmp_path / "a"))
    assert body is not None
    assert (await body.sha256()).startswith("ba7816bf")


def test_where_models_are_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Path(models_folder()).name == "models"
    assert Path(models_folder()).is_absolute()
    (tmp_path / "models/mine").mkdir(parents=True)
    (tmp_path / "models/mine/config.json").write_text("{}")
    assert models_folder() == "models"
    monkeypatch.setenv("INTAB_MODELS", "/elsewhere")
    assert models_folder() == "/elsewhere"
    assert locate("default", models_folder()).base == "/elsewhere/default/"


async def test_there_is_nothing_to_set_up() -> None:
    await intab.setup(base="https://example.org/intab/")
    await intab.setup()


def test_the_only_device_is_the_cpu() -> None:
    assert NativeRuntime().devices == ("cpu",)


async def test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(DownloadError, match="403"):
        await exists(NativeRuntime().services, "/srv/model/config.json")
