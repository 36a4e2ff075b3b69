"""Whatever a folder, a hub or an archive says is taken as it is meant, or is one of our errors."""

from __future__ import annotations

import io
import tarfile
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intab.engine.generation.generation_config import read_defaults
from intab.engine.hub.listing import read_manifest
from intab.engine.hub.locate import locate
from intab.engine.hub.manifest import Manifest, describe, parse_manifest
from intab.engine.io.ranges import Span, parse_content_range
from intab.engine.io.responses import check_part, check_status, declared_length, version_of
from intab.engine.io.retry import Clock, retry_after
from intab.engine.loading.loader import Loader
from intab.engine.loading.model_files import parse_config
from intab.engine.model import context_length
from intab.engine.runtime.cache_slots import head_dim, kv_heads
from intab.engine.storage.keys import ChunkKey, ModelKey, parse_chunk_key
from intab.engine.tasks.text_generation import check_architecture
from intab.errors import IntabError, ManifestError, UnsupportedModelError
from tests.conftest import run_to_end
from tests.engine.conftest import CONFIG, FakeRuntime, model_files
from tests.engine.storage.test_transfer import Place, closed
from tests.engine.support.fakes import FakeBody, FakeFetch, FakeReply, fake_means
from tests.engine.support.junk import ODD_TEXTS, TEXTS, as_json, damaged, tried

MANIFEST: dict[str, Any] = {
    "format": 1,
    "name": "tiny",
    "files": {
        "onnx/m.onnx": {"size": 9, "sha256": "ab", "chunk_size": 4, "chunks": ["a", "b", "c"]},
        "config.json": {"size": 3},
    },
    "dtypes": {"q8": ["onnx/m.onnx"]},
    "session_options": {"session.disable_quant_qdq": "1", "ep.x.y": "2"},
    "self_test": {"prompt_ids": [1, 2], "greedy_ids": {"q8": [3]}},
}
BIG = "9" * 400
DATES = ["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 99999 00:00:00 GMT", "Thu, 01 Jan 0000"]
HEADERS = ODD_TEXTS | st.sampled_from(
    [
        *(*DATES, "Thu, 01 Jan 1970 00:00:00 -0000", "Sat, 01 Jan 0001 00:00:00 +2359"),
        *(BIG, "-5", "5", f"bytes 0-{BIG}/{BIG}", f"bytes {BIG}-1/*", "bytes 5-1/3"),
        f"bytes 0-1/{10**14}",
    ]
)


def refusal(work: Callable[[], object], kind: type[IntabError] = ManifestError) -> str:
    """The text of one of our errors, "" where there was none; any other error is a fault."""
    try:
        work()
    except kind as exc:
        return str(exc)
    return ""


@tried(60)
@given(damaged(MANIFEST))
def test_any_intab_json(data: Any) -> None:
    refused = refusal(lambda: parse_manifest(data))
    assert refused.startswith("intab.json is not valid: ") or not refused
    assert len(refused) < 3000
    if refused:
        return
    manifest = parse_manifest(data)
    assert parse_manifest(describe(manifest)) == manifest
    for name, entry in manifest.files.items():
        key = ChunkKey(ModelKey("https://h/"), name, entry.sha256, "", 9, Span(0, 9), "ab")
        assert parse_chunk_key(str(key)) == key


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"session_options": {"__proto__.x": "1"}}, "no option of onnxruntime"),
        ({"session_options": {"a.constructor": "1"}}, "'a.constructor', which is no option"),
        ({"session_options": {"A b": "1"}}, "'A b', which is no option"),
        ({"session_options": {"a": "1", "a.b": "1"}}, "'a' cannot be both a value and a group"),
        ({"session_options": {"a": 1}}, "a must be a text, not 1"),
        ({"session_options": []}, "session_options must be an object"),
        ({"files": {"../x": {}}}, "'../x' is not the name of a file"),
        ({"files": {"x\ud800": {}}}, "is not the name of a file"),
        ({"files": {"x" * 256: {}}}, "is not the name of a file"),
        ({"files": {"x": 5}}, "x must be an object, not 5"),
        ({"files": {"x": {"size": -2}}}, "x: size and chunk_size must be whole numbers"),
        ({"files": {"x": {"size": True}}}, "x: size and chunk_size must be whole numbers"),
        ({"files": {"x": {"size": 2**41}}}, "x: size and chunk_size must be whole numbers"),
        ({"files": {"x": {"sha256": "no"}}}, "sha256 a text of hex digits"),
        ({"files": {"x": {"size": 9, "chunk_size": 0, "chunks": ["a"]}}}, "x: chunks must have"),
        ({"self_test": {"prompt_ids": [-1], "greedy_ids": [1]}}, "self_test must have lists"),
        ({"self_test": {"prompt_ids": [1], "greedy_ids": [2**31]}}, "self_test must have lists"),
        ({"self_test": {"prompt_ids": [1.0], "greedy_ids": [1]}}, "self_test must have lists"),
        ({"self_test": {"prompt_ids": [1] * 4097, "greedy_ids": [1]}}, "self_test must have lists"),
    ],
)
def test_a_wrong_value_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest({**MANIFEST, "dtypes": {}, **change})
    assert says in str(caught.value)


def test_the_size_of_chunks_without_hashes_is_ours_to_choose() -> None:
    files = {"x": {"size": 2**40, "chunk_size": 1}}
    entry = parse_manifest({"format": 1, "files": files, "dtypes": {}}).files["x"]
    assert entry.chunk == 2**23


def test_of_many_problems_the_first_are_told() -> None:
    with pytest.raises(ManifestError, match=r"'k7'; and more\.$"):
        parse_manifest({f"k{n}": 1 for n in range(10_000)})


@tried(60)
@given(damaged({**CONFIG, "num_attention_heads": 4, "text_config": {"hidden_size": 8}}))
@example({**CONFIG, "architectures": 5})
@example({**CONFIG, "num_attention_heads": 10**400})
@example({**CONFIG, "eos_token_id": "</s>"})
def test_any_config_json(data: Any) -> None:
    body = FakeBody(as_json(data))
    if refused := refusal(lambda: parse_config(body)):
        assert refused.startswith("config.json ")
        return
    config = parse_config(body)
    assert (context_length(config) or 1) > 0
    for work in (check_architecture, kv_heads, head_dim):
        refusal(lambda work=work: work(config), UnsupportedModelError)  # type: ignore[misc]


@tried(60)
@given(damaged({"do_sample": True, "temperature": 0.5, "top_k": 5, "stop_strings": ["a"]}))
@example({"temperature": 10**400})
def test_any_generation_config_json(data: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refused = refusal(lambda: read_defaults(data if isinstance(data, dict) else {}, 1))
    assert refused.startswith("generation_config.json is not valid: ") or not refused
    assert len(refused) < 1000


@tried(60)
@given(damaged([{"type": "file", "path": "a", "size": 9, "lfs": {"size": 7, "oid": "cd"}}]))
def test_any_listing(data: Any) -> None:
    location = locate("org/name", "models", "https://hub")
    address = "https://hub/api/models/org/name/tree/main?recursive=true"
    found: list[Manifest] = []

    async def read() -> None:
        services = fake_means(FakeFetch({address: as_json(data)}))
        found.append(await read_manifest(services, location))

    assert address in refusal(lambda: run_to_end(read())) or found
    for manifest in found:
        assert parse_manifest(describe(manifest)) == manifest


@tried(60)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(
    ["retry-after", "content-length", "content-range", "etag", "content-type"], HEADERS
)), st.sampled_from([200, 206, 416, 429, 503]))  # fmt: skip
@example({"retry-after": DATES[1]}, 503)
@example({"content-length": "9" * 5000}, 200)
def test_any_headers(headers: dict[str, str], status: int) -> None:
    head = FakeReply(status, headers)
    seconds = retry_after(headers.get("retry-after"), 0.0)
    assert seconds is None or 0 <= seconds < 1e12
    assert -1 <= declared_length(head) <= 2**40
    assert len(version_of(head)) <= 200
    found = parse_content_range(headers.get("content-range", ""))
    assert found is None or found.total is None or found.total <= 2**40
    for judge in (
        lambda: check_status(head, "https://h/x", Clock(), part=True),
        lambda: check_part(head, "https://h/x", Span(0, 2), 9),
    ):
        refused = refusal(judge, IntabError)
        assert "https://h/x" in refused or not refused


@tried(25)
@given(st.sampled_from([n.removeprefix("models/tiny/") for n in model_files()]), st.data())
def test_any_file_of_a_folder(name: str, data: st.DataObject) -> None:
    sound = model_files()[f"models/tiny/{name}"]
    assert isinstance(sound, bytes)
    cut = st.integers(0, len(sound)).map(lambda n: sound[:n])
    content = data.draw(cut | st.binary(max_size=20) | damaged(CONFIG).map(as_json))
    runtime = FakeRuntime({f"https://h/{k}": v for k, v in model_files(**{name: content}).items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loading = Loader(runtime, "https://h/models").load("tiny")
        refusal(lambda: run_to_end(loading), IntabError)


HUGE_PAX = {"comment": "x" * 2_000_000}


def archive(*members: tarfile.TarInfo, pax: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.TarFile(
        fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers=pax
    ) as target:
        for member in members:
            target.addfile(member, io.BytesIO(b"x" * member.size))
    return out.getvalue()


def named(name: str, size: int = 1, kind: bytes = tarfile.REGTYPE, **more: Any) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    for key, value in more.items():
        setattr(member, key, value)
    return member


CHAIN = archive(*(named("././@LongLink", 0, tarfile.GNUTYPE_LONGNAME) for _ in range(3000)))


@pytest.mark.parametrize(
    "data",
    [
        archive(named("m/intab.json"), pax=HUGE_PAX),
        archive(named("m/\udcff.json")),
        archive(named("m/" + "x" * 300)),
        archive(named("m/intab.json", 0, tarfile.SYMTYPE, linkname="/etc/passwd")),
        archive(named("m/intab.json", 0, tarfile.LNKTYPE, linkname="x")),
        archive(named("m/intab.json", pax_headers={"size": "9" * 5000})),
        archive(named("m/intab.json", pax_headers={"mtime": "1e999"})),
        archive(named("m/intab.json", pax_headers={"GNU.sparse.map": "a,b"})),
        CHAIN,
        closed({"m/intab.json": b"[" * 10**6}),
        closed({"m/intab.json": b"\xff\xfe"}),
        closed({"m/intab.json": as_json({**MANIFEST, "source": {"versions": 3}})}),
    ],
    ids=range(12),
)
async def test_an_archive_that_is_not_ours(data: bytes) -> None:
    place = Place()
    with pytest.raises(ManifestError):
        await place.storage.import_(place.give(data))
    assert not place.bodies


@tried(40)
@given(st.data())
def test_any_damage_to_an_archive(data: st.DataObject) -> None:
    sound, place = exported(), Place()
    at = data.draw(st.integers(0, 1100) | st.integers(0, len(sound) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=12) | TEXTS.map(as_json))
    source = place.give(sound[:at] + junk + sound[at + len(junk) :])
    if not refusal(lambda: run_to_end(place.storage.import_(source)), IntabError):
        run_to_end(place.storage.delete())
    assert not place.bodies


@cache
def exported() -> bytes:
    found: list[bytes] = []

    async def export() -> None:
        found.append(await Place().exported())

    run_to_end(export())
    return found[0]
